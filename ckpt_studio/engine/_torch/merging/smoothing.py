"""Smooth add: what was learned, without peaks and blurred, is added (``merging.md`` 2.3).

The filters are those of scipy.ndimage in its default mode: beyond an end a tensor goes on mirrored,
the last value twice.
"""

import itertools
import math

import torch

from ckpt_studio.engine._torch.merging.linear import Tensors, Values
from ckpt_studio.engine._torch.stopping import raise_if_stopped

_SIGMA, _REACH = 1.0, 4
_AT_ONCE = 1 << 15  # values of which all neighbours are looked at together: 6 MB for a convolution


def smooth_add(inputs: Tensors, values: Values) -> torch.Tensor:
    """A + α·gaussian(median(B − C)): median of 3 and σ = 1 along every dimension."""
    a, b, c = inputs
    shape = tuple(size for size in a.shape if size != 1)
    change = (b - c).reshape(
        shape
    )  # one value is its own neighbour: such dimensions change nothing
    if change.dim() and change.numel():
        change = _gaussian(_median(change))
    return a.add_(change.reshape(a.shape), alpha=values["alpha"])


def _mirrored(positions: torch.Tensor, size: int) -> torch.Tensor:
    """Return the places in 0 to ``size`` that stand for positions beyond the ends."""
    inside = positions.remainder(2 * size)
    return torch.minimum(inside, 2 * size - 1 - inside)


def _median(given: torch.Tensor) -> torch.Tensor:
    """Return the median of the 3ⁿ neighbours of each value, in blocks of rows."""
    rows, width = given.shape[0], math.prod(given.shape[1:])
    step = max(1, _AT_ONCE // width)
    result = torch.empty_like(given)
    for first in range(0, rows, step):
        raise_if_stopped()
        stop = min(first + step, rows)
        block = given[_mirrored(torch.arange(first - 1, stop + 1), rows)]
        for dim in range(1, given.dim()):
            places = torch.arange(-1, given.shape[dim] + 1)
            block = block.index_select(dim, _mirrored(places, given.shape[dim]))
        shape = (stop - first, *given.shape[1:])
        neighbours = [
            block[tuple(slice(at, at + size) for at, size in zip(corner, shape, strict=True))]
            for corner in itertools.product(range(3), repeat=given.dim())
        ]
        result[first:stop] = _middle(neighbours)
    return result


def _middle(tensors: list[torch.Tensor]) -> torch.Tensor:
    """Return the median of an odd number of tensors at each place.

    Of a little more than half of them the smallest and the largest cannot be the median of all:
    they make room for the next one, until three are left. Whole tensors are compared at a time:
    twice (convolutions) to ten times (matrices) as fast as sorting the neighbours of each value.
    """
    waiting = list(tensors)
    held = [waiting.pop().contiguous().clone() for _ in range(len(tensors) // 2 + 2)]
    while True:
        _ends_outside(held)
        if len(held) == 3:  # noqa: PLR2004 - smallest, median, largest
            return held[1]
        held.pop()
        held[0].copy_(waiting.pop())


def _ends_outside(held: list[torch.Tensor]) -> None:
    """Exchange values so that the first tensor has the smallest and the last the largest."""
    last = len(held) - 1
    half = len(held) // 2
    for at in range(half):
        _order(held, at, last - at)
    for at in range(1, last - half + 1):
        _order(held, 0, at)
    for at in range(half, last):
        _order(held, at, last)


def _order(held: list[torch.Tensor], low: int, high: int) -> None:
    smaller = torch.minimum(held[low], held[high])
    torch.maximum(held[low], held[high], out=held[high])
    held[low] = smaller


def _gaussian(given: torch.Tensor) -> torch.Tensor:
    """Return the values blurred along one dimension after the other, cut off at 4 σ."""
    weights = [math.exp(-0.5 * (at / _SIGMA) ** 2) for at in range(-_REACH, _REACH + 1)]
    total = math.fsum(weights)
    for dim in range(given.dim()):
        places = torch.arange(given.shape[dim])
        result = torch.zeros_like(given)
        for at, weight in zip(range(-_REACH, _REACH + 1), weights, strict=True):
            raise_if_stopped()
            shifted = given.index_select(dim, _mirrored(places + at, given.shape[dim]))
            result.add_(shifted, alpha=weight / total)
        given = result
    return given
