"""Leave tensors whose values do not fit in the precision they had."""

from collections.abc import Collection
from dataclasses import replace

from ckpt_studio.core.assembly.sharding import sharded, whole
from ckpt_studio.core.expr import (
    AddAdapter,
    Blend,
    Cast,
    Concat,
    Constant,
    Expr,
    Factor,
    Read,
    Reshape,
    Rows,
    Transpose,
    Zeros,
    cast,
    concat,
    reshape,
    rows,
    transpose,
)
from ckpt_studio.core.plan import OnOverflow, Plan, PlannedTensor, file_order
from ckpt_studio.core.tensors import DType

_FLOATS = (DType.F8_E5M2, DType.F8_E4M3, DType.F16, DType.BF16, DType.F32, DType.F64)
_EIGHT_BITS = 8


def keep_old_precision(plan: Plan, names: Collection[str]) -> Plan:
    """Return the plan with those tensors as they are in their sources.

    Rows that were in the order of the format are sorted again, since the type decides the order,
    and shards are filled again, since it decides the size.
    """
    once = whole(plan)
    files = list(dict.fromkeys(row.file for row in once.tensors))

    def order(row: PlannedTensor) -> tuple[int, int, bytes]:
        return files.index(row.file), *file_order(row)

    tensors = tuple(
        replace(row, expr=uncast(row.expr)) if row.name in names else row for row in once.tensors
    )
    if once.tensors == tuple(sorted(once.tensors, key=order)):
        tensors = tuple(sorted(tensors, key=order))
    kept = replace(once, tensors=tensors, on_overflow=OnOverflow.ERROR)
    return sharded(kept, plan.shard_bytes) if plan.shard_bytes else kept


def uncast(expr: Expr) -> Expr:
    """Return an expression without its casts; parts of different types meet in the widest.

    What is computed is left in fp32, in which it was computed.
    """
    match expr:
        case Read() | Constant() | Zeros() | Blend() | AddAdapter() | Factor():
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
