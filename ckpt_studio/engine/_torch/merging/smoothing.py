"""Smooth add: what was learned, without peaks and blurred, is added (``merging.md`` 2.3).

The filters are those of scipy.ndimage in its default mode: beyond an end a tensor goes on mirrored,
the last value twice.
"""

import itertools
import math

import torch

from ckpt_studio.engine._torch.merging.linear import Tensors, Values

_SIGMA, _REACH = 1.0, 4
_AT_ONCE = 1 << 18  # values of which all neighbours are looked at together: 85 MB for a convolution


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
        stop = min(first + step, rows)
        block = given[_mirrored(torch.arange(first - 1, stop + 1), rows)]
        for dim in range(1, given.dim()):
            places = torch.arange(-1, given.shape[dim] + 1)
            block = block.index_select(dim, _mirrored(places, given.shape[dim]))
        shape = (stop - first, *given.shape[1:])
        neighbours = torch.stack(
            [
                block[tuple(slice(at, at + size) for at, size in zip(corner, shape, strict=True))]
                for corner in itertools.product(range(3), repeat=given.dim())
            ],
            dim=-1,
        )
        result[first:stop] = neighbours.median(dim=-1).values
    return result


def _gaussian(given: torch.Tensor) -> torch.Tensor:
    """Return the values blurred along one dimension after the other, cut off at 4 σ."""
    weights = [math.exp(-0.5 * (at / _SIGMA) ** 2) for at in range(-_REACH, _REACH + 1)]
    total = math.fsum(weights)
    for dim in range(given.dim()):
        places = torch.arange(given.shape[dim])
        result = torch.zeros_like(given)
        for at, weight in zip(range(-_REACH, _REACH + 1), weights, strict=True):
            shifted = given.index_select(dim, _mirrored(places + at, given.shape[dim]))
            result.add_(shifted, alpha=weight / total)
        given = result
    return given
