"""A comparison as text for spreadsheets."""

import csv
import io
import math
from collections.abc import Iterable

from ckpt_studio.core.comparison.comparing import ComparedTensor, Comparison, Side
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.table_export import guarded

COLUMNS = (
    *("part", "block", "name", "state", "name_a", "name_b", "dtype_a", "dtype_b"),
    *("shape_a", "shape_b", "identical", "same", "relative_l2", "cosine", "max_abs"),
    *("invalid_a", "invalid_b"),
)


def comparison_csv(comparison: Comparison, differences: Iterable[TensorDifference] = ()) -> str:
    """Return one line for each tensor of either file; numbers where values were compared."""
    found = {(one.tensor.part, one.tensor.name): one for one in differences}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in comparison.tensors:
        head = (row.part, row.block, row.name, str(row.state))
        numbers = _numbers(found.get((row.part, row.name)))
        writer.writerow([*guarded((*head, *_sides(row))), *numbers])
    return text.getvalue()


def _sides(row: ComparedTensor) -> tuple[str, ...]:
    pairs = zip(_side(row.a), _side(row.b), strict=True)
    return tuple(cell for pair in pairs for cell in pair)


def _side(side: Side | None) -> tuple[str, str, str]:
    if side is None:
        return "", "", ""
    return " + ".join(side.names), side.dtype.label, "x".join(map(str, side.shape))


def _numbers(one: TensorDifference | None) -> tuple[str, ...]:
    if one is None:
        return ("",) * 7
    flags = tuple("yes" if flag else "no" for flag in (one.identical, one.same))
    gap = one.difference
    if gap is None:
        return (*flags, *("",) * 5)
    numbers = (_number(value) for value in (gap.relative, gap.cosine, gap.largest))
    return (*flags, *numbers, str(gap.invalid_a), str(gap.invalid_b))


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.9g}"
