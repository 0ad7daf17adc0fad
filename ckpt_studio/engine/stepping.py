"""How many values of a computed tensor are worked out at a time."""

from math import prod

from ckpt_studio.core.expr import AddAdapter, Blend, Computed, Expr, Factor
from ckpt_studio.core.lora.factoring import DIFFERENCE
from ckpt_studio.core.lora.kinds import by_rows
from ckpt_studio.core.merging.methods import METHODS, Reach

SLICE_VALUES = 1 << 19
"""Values that are converted at once: 2 MiB of fp32 stay in the cache of a core.

Slices of computed values begin at multiples of this many, on which random numbers may depend.
"""

_ELEMENTWISE = {DIFFERENCE, *(spec.id for spec in METHODS if spec.reach is Reach.ELEMENT)}


def elementwise(expr: Blend) -> bool:
    """Whether a value needs only the same element of every input."""
    return expr.method in _ELEMENTWISE


def slices_anywhere(expr: Blend) -> bool:
    """Whether a slice may begin at any element: random numbers depend on where it does."""
    return elementwise(expr) and expr.method not in _RANDOM


def step_of(expr: Computed) -> int:
    """Return how many values are computed at a time; all of them where the method needs that.

    Steps depend on the expression alone, so that the number of threads never changes a byte.
    """
    match expr:
        case Factor():
            return _whole(expr)
        case Blend(_, inputs):
            plain = not any(isinstance(part, Computed) for part in inputs)
            return SLICE_VALUES if plain and elementwise(expr) else _whole(expr)
        case AddAdapter(of, adapter):
            if not by_rows(adapter.kind, dict(adapter.tensors)) or not _can_step(of):
                return _whole(expr)
            row = prod(expr.shape[1:]) or 1
            return max(1, SLICE_VALUES // row) * row


def _can_step(of: Expr) -> bool:
    """Whether some rows of what an adapter is added to can be computed apart.

    Random numbers of methods depend on where a slice begins, which rows do not respect.
    """
    match of:
        case AddAdapter():
            return step_of(of) < _whole(of)
        case Blend():
            return slices_anywhere(of) and step_of(of) == SLICE_VALUES
        case _:
            return True


_RANDOM = frozenset(spec.id for spec in METHODS if spec.random)


def _whole(expr: Expr) -> int:
    return max(1, prod(expr.shape))
