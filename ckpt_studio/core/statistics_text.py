"""Statistics as words and tables: what a person reads, copies and opens in a spreadsheet."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ckpt_studio.core.statistics import SMALL_TYPES, Misfit, TensorStatistics, Values
from ckpt_studio.core.table_export import guarded
from ckpt_studio.core.tensors import DType
from ckpt_studio.core.text import count

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about some values; ``tip`` says it in full."""

    title: str
    text: str
    tip: str = ""


def real(value: float) -> str:
    """Return a number with six digits, a dash for NaN: there were no values."""
    return "–" if math.isnan(value) else f"{value:.6g}"


def facts(values: Values) -> tuple[Fact, ...]:
    """Return what is known of some values, with the types that cannot hold all of them last."""
    moments = values.moments
    known = moments.finite > 0
    return (
        Fact("Values", count(values.count)),
        Fact("Min", real(moments.low if known else math.nan)),
        Fact("Max", real(moments.high if known else math.nan)),
        Fact("Mean", real(moments.mean if known else math.nan)),
        Fact("Std", real(moments.std), "Standard deviation"),
        Fact("Largest", real(moments.largest), "Largest magnitude"),
        Fact("Zeros", _share(values.zeros, values.count)),
        Fact("NaN", count(values.nans), "Values that are no number"),
        Fact("Infinite", count(values.infinities)),
        *(_fits(dtype, values) for dtype in SMALL_TYPES),
    )


def _share(number: int, of: int) -> str:
    if not number or not of:
        return count(number)
    return f"{count(number)} ({100 * number / of:.3g} %)"


def _fits(dtype: DType, values: Values) -> Fact:
    name = dtype.label.removeprefix("F8_")
    if not values.misfits:
        return Fact(name, "–", f"Whole numbers are not stored as {dtype.label}")
    misfit = values.misfits.get(dtype, Misfit())  # what is of the type itself fits
    if not (misfit.too_large or misfit.too_small):
        return Fact(name, "all fit", f"{dtype.label} can hold all values")
    large, small = count(misfit.too_large), count(misfit.too_small)
    parts = [f"{large} too large"] if misfit.too_large else []
    parts += [f"{small} → 0"] if misfit.too_small else []
    tip = f"As {dtype.label}, {large} values would be too large and {small} would become 0"
    return Fact(name, " · ".join(parts), tip)


def facts_text(title: str, values: Values, codes: bool = False) -> str:
    """Return the facts as lines with tabs, under a title."""
    lines = [title, *(f"{fact.title}\t{fact.text}" for fact in facts(values))]
    return "\n".join([*lines, CODES] if codes else lines) + "\n"


CODES = "These are codes of quantised weights: they mean something only with their scales."

_NUMBERS: Mapping[str, Callable[[Values], Cell]] = {
    "Values": lambda values: values.count,
    "Min": lambda values: values.moments.low if values.moments.finite else None,
    "Max": lambda values: values.moments.high if values.moments.finite else None,
    "Mean": lambda values: values.moments.mean if values.moments.finite else None,
    "Std": lambda values: values.moments.std if values.moments.finite else None,
    "Zeros": lambda values: values.zeros,
    "NaN": lambda values: values.nans,
    "Infinite": lambda values: values.infinities,
}
_LARGE, _SMALL = ("> F16", "> E4M3", "> E5M2"), ("→ 0 F16", "→ 0 E4M3", "→ 0 E5M2")

COLUMNS: Sequence[str] = ("Key", "Type", *_NUMBERS, *_LARGE, *_SMALL)
"""The titles of the table of statistics: a row for each tensor."""


def cell(one: TensorStatistics, column: str) -> Cell:
    """Return what stands in a column of the table, None where nothing is known."""
    if column == "Key":
        return one.name
    if column == "Type":
        return one.dtype.label
    if one.values is None:
        return None
    if column in _NUMBERS:
        return _NUMBERS[column](one.values)
    large = column in _LARGE
    place = (_LARGE if large else _SMALL).index(column)
    misfit = one.values.misfits.get(SMALL_TYPES[place])
    if misfit is None:
        return None
    return misfit.too_large if large else misfit.too_small


def csv_table(statistics: Iterable[TensorStatistics]) -> str:
    """Return the table with numbers in full, a line for each tensor."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in statistics:
        key, *others = (cell(one, column) for column in COLUMNS)
        writer.writerow([*guarded([str(key)]), *("" if it is None else it for it in others)])
    return text.getvalue()
