"""Statistics as words and tables: what a person reads, copies and opens in a spreadsheet."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ckpt_studio.core.statistics import SMALL_TYPES, Misfit, Moments, TensorStatistics, Values
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


def _of_values(number: Callable[[Values], Cell]) -> Callable[[TensorStatistics], Cell]:
    return lambda one: None if one.values is None else number(one.values)


def _of_finite(number: Callable[[Moments], float]) -> Callable[[TensorStatistics], Cell]:
    def known(values: Values) -> Cell:
        return number(values.moments) if values.moments.finite else None

    return _of_values(known)


def _of_misfits(dtype: DType, number: Callable[[Misfit], int]) -> Callable[[Values], Cell]:
    def known(values: Values) -> Cell:
        misfit = values.misfits.get(dtype)
        return None if misfit is None else number(misfit)

    return known


COLUMNS: Mapping[str, Callable[[TensorStatistics], Cell]] = {
    "Key": lambda one: one.name,
    "Type": lambda one: one.dtype.label,
    "Values": _of_values(lambda values: values.count),
    "Min": _of_finite(lambda moments: moments.low),
    "Max": _of_finite(lambda moments: moments.high),
    "Mean": _of_finite(lambda moments: moments.mean),
    "Std": _of_finite(lambda moments: moments.std),
    "Zeros": _of_values(lambda values: values.zeros),
    "NaN": _of_values(lambda values: values.nans),
    "Infinite": _of_values(lambda values: values.infinities),
    **{
        f"> {dtype.label.removeprefix('F8_')}": _of_values(
            _of_misfits(dtype, lambda misfit: misfit.too_large)
        )
        for dtype in SMALL_TYPES
    },
    **{
        f"→ 0 {dtype.label.removeprefix('F8_')}": _of_values(
            _of_misfits(dtype, lambda misfit: misfit.too_small)
        )
        for dtype in SMALL_TYPES
    },
}
"""The table of statistics: its columns, and what stands in them; None where nothing is known."""


def csv_table(statistics: Iterable[TensorStatistics]) -> str:
    """Return the table with numbers in full, a line for each tensor."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in statistics:
        key, *others = (value(one) for value in COLUMNS.values())
        writer.writerow([*guarded([str(key)]), *("" if it is None else it for it in others)])
    return text.getvalue()
