"""About how long writing a plan takes, from its sizes and what has to be computed."""

from math import prod
from os import cpu_count

from ckpt_studio.core.expr import AddAdapter, Blend, Cast, Expr, Factor
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.rewriting import parts_of

_READ_BYTES_S, _WRITE_BYTES_S = 2.5e9, 1.2e9
_START_S = 1.0
_CAST_NS, _ADAPTER_NS, _BLEND_NS = 1.0, 3.0, 2.0
_FACTOR_NS = 0.5  # for each value and rank
_SLOW_NS = {
    "train_difference": 3,
    "slerp": 5,
    "similarity": 6,
    "perpendicular": 6,
    "cosine_a": 15,
    "cosine_b": 15,
    "dare": 20,
    "extract": 27,
    "ties": 40,
    "dare_ties": 60,
    "breadcrumbs": 60,
    "model_stock": 10,
    "geometric_median": 100,
    "della": 240,
    "smooth_add": 400,
}
"""Nanoseconds for each value on one core of a usual computer, measured; others take two."""


def seconds(plan: Plan) -> float:
    """Return about how many seconds it takes on this computer with nothing else to do."""
    computed = sum(_nanoseconds(row.expr) for row in plan.tensors) / 1e9 / (cpu_count() or 1)
    read = sum({source.path: source.size for source in plan.sources}.values())
    moved = read / _READ_BYTES_S + plan.bytes / _WRITE_BYTES_S
    return max(moved, computed) + (_START_S if plan.computes else 0.0)


def _nanoseconds(expr: Expr) -> float:
    values = prod(expr.shape)
    match expr:
        case Blend(method):
            own = _SLOW_NS.get(method, _BLEND_NS)
        case AddAdapter():
            own = _ADAPTER_NS
        case Factor(of, rank, side, _, False):
            # Both sides are worked out at once.
            return prod(of.shape) * rank * _FACTOR_NS + _nanoseconds(of) if side == "up" else 0.0
        case Cast():
            own = _CAST_NS
        case _:
            own = 0.0
    return values * own + sum(map(_nanoseconds, parts_of(expr)))
