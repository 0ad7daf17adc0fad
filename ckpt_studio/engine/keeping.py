"""Leave tensors whose values do not fit in the precision they had."""

from collections.abc import Collection
from dataclasses import replace

from ckpt_studio.core.expr import (
    Cast,
    Concat,
    Constant,
    Expr,
    Read,
    Reshape,
    Rows,
    Transpose,
    cast,
    concat,
    reshape,
    rows,
    transpose,
)
from ckpt_studio.core.plan import OnOverflow, Plan, file_order
from ckpt_studio.core.tensors import DType

_FLOATS = (DType.F8_E5M2, DType.F8_E4M3, DType.F16, DType.BF16, DType.F32, DType.F64)
_EIGHT_BITS = 8


def keep_old_precision(plan: Plan, names: Collection[str]) -> Plan:
    """Return the plan with those tensors as they are in their sources.

    Rows that were in the order of the format are sorted again, since the type decides the order.
    """
    tensors = tuple(
        replace(row, expr=uncast(row.expr)) if row.name in names else row for row in plan.tensors
    )
    if plan.tensors == tuple(sorted(plan.tensors, key=file_order)):
        tensors = tuple(sorted(tensors, key=file_order))
    return replace(plan, tensors=tensors, on_overflow=OnOverflow.ERROR)


def uncast(expr: Expr) -> Expr:
    """Return an expression without its casts; parts of different types meet in the widest."""
    match expr:
        case Read() | Constant():
            return expr
        case Cast(of):
            return uncast(of)
        case Rows(of, start, stop):
            return rows(uncast(of), start, stop)
        case Reshape(of, shape):
            return reshape(uncast(of), shape)
        case Transpose(of):
            return transpose(uncast(of))
        case Concat(parts):
            plain = [uncast(part) for part in parts]
            common = _common({part.dtype for part in plain})
            return concat(tuple(cast(part, common) if common else part for part in plain))


def _common(types: set[DType]) -> DType | None:
    """Return the smallest type that holds all values of several; None when there is one type."""
    if len(types) == 1:
        return None
    widest = max(types, key=_FLOATS.index)
    other = types - {widest}
    if widest is DType.BF16 and any(item.bits > _EIGHT_BITS for item in other):
        return DType.F32
    if widest is DType.F8_E4M3:
        return DType.F16
    return widest
