"""Methods that choose among what models learned since the last input, their common ancestor.

``merging.md`` 2.5. Trimming counts exactly: of equal sizes the first ones are kept.
"""

import math
from collections.abc import Sequence

import torch

from ckpt_studio.engine._torch.merging.linear import Tensors, Values, weights_of
from ckpt_studio.engine._torch.merging.place import Place, blocks, uniform
from ckpt_studio.engine._torch.merging.sums import products
from ckpt_studio.engine._torch.stopping import raise_if_stopped

_HALF = 1 << 16
_ROUNDING = 1e-9  # 0.29·100 is a little less than 29
_RANKED = 1 << 20


def dare(inputs: Tensors, values: Values, place: Place) -> torch.Tensor:
    """Base + λ·Σ wᵢ·δᵢ·mᵢ / density.

    Divided by the density as in the paper, not scaled to the old L1 norm as mergekit does.
    """
    base = inputs[-1]
    change = torch.zeros_like(base)
    for part in _dropped(inputs, values, place):
        change.add_(part)
    return torch.add(base, change, alpha=values["strength"])


def dare_ties(inputs: Tensors, values: Values, place: Place) -> torch.Tensor:
    """TIES of what DARE left: the mean of the changes that are left and agree in sign."""
    weights = weights_of(values, len(inputs) - 1)
    change = _agreed(_dropped(inputs, values, place), weights)
    return torch.add(inputs[-1], change, alpha=values["strength"])


def _dropped(inputs: Tensors, values: Values, place: Place) -> list[torch.Tensor]:
    """Return wᵢ·δᵢ·mᵢ / density of one block for each model, with masks of their own."""
    *models, base = inputs
    density = values["density"]
    found = []
    for index, weight in enumerate(weights_of(values, len(models))):
        change = (models[index] - base).mul_(weight / density)
        found.append(change.masked_fill_(uniform(place, index, base.numel()) >= density, 0.0))
    return found


def _agreed(changes: Sequence[torch.Tensor], weights: Sequence[float]) -> torch.Tensor:
    """Return Σ wᵢ·δᵢ / Σ |wᵢ| of the weighted changes that have the sign of their sum.

    A sum of 0 counts as positive, as in mergekit; its divisor Σ wᵢ fails with negative weights.
    """
    up = torch.stack(tuple(changes)).sum(0) >= 0
    total, divisor = torch.zeros_like(changes[0]), torch.zeros_like(changes[0])
    for change, weight in zip(changes, weights, strict=True):
        agrees = torch.where(up, change > 0, change < 0)
        total.add_(change * agrees)
        divisor.add_(agrees, alpha=abs(weight))
    return total.div_(divisor.masked_fill_(divisor == 0, 1.0))


def largest(size: torch.Tensor, count: int) -> torch.Tensor:
    """Return a mask of the ``count`` largest of flat fp32 values that are not negative.

    Two counts of bit patterns, upper half then lower half, which have the order of the values: no
    sorting and no copies. Zeros may be left out when they would have to be chosen among.
    """
    if count >= size.numel():
        return torch.ones_like(size, dtype=torch.bool)
    if count <= 0:
        return torch.zeros_like(size, dtype=torch.bool)
    bits = size.view(torch.int32)
    upper, above = _bucket(bits >> 16, count)
    inside = bits[(bits >> 16) == upper] & (_HALF - 1)
    lower, above_inside = _bucket(inside, count - above)
    limit = upper * _HALF + lower
    mask = bits > limit
    if limit:
        mask[(bits == limit).nonzero()[: count - above - above_inside, 0]] = True
    return mask


def _bucket(numbers: torch.Tensor, count: int) -> tuple[int, int]:
    """Return the ``count``-th largest of numbers below 2¹⁶, and how many are larger."""
    counts = torch.bincount(numbers, minlength=_HALF)
    at_least = counts.flip(0).cumsum(0)
    place = int(torch.searchsorted(at_least, count))
    found = _HALF - 1 - place
    return found, int(at_least[place]) - int(counts[found])


def _share(share: float, count: int) -> int:
    return math.floor(share * count + _ROUNDING)


def ties(inputs: Tensors, values: Values) -> torch.Tensor:
    """Trim to the largest changes, elect the sign by mass, average those that agree; times λ.

    Without rescaling, with mergekit's weights. At least one change is kept, where mergekit fails.
    """
    kept = max(1, _share(values["density"], inputs[0].numel()))
    masks = [largest(size, kept) for size in _sizes(inputs)]
    return _combined(inputs, values, masks, agreed=True)


def breadcrumbs(inputs: Tensors, values: Values) -> torch.Tensor:
    """Task arithmetic of the changes without the largest γ and the smallest 1 − density − γ.

    Where γ is less than one value nothing is dropped at the top (mergekit then drops everything).
    """
    count = inputs[0].numel()
    top = _share(values["gamma"], count)
    kept = max(1, _share(values["density"], count))
    masks = [largest(size, top + kept) & ~largest(size, top) for size in _sizes(inputs)]
    return _combined(inputs, values, masks, agreed=False)


def _sizes(inputs: Tensors) -> list[torch.Tensor]:
    return [(model - inputs[-1]).abs_().reshape(-1) for model in inputs[:-1]]


def _combined(
    inputs: Tensors, values: Values, masks: Sequence[torch.Tensor], *, agreed: bool
) -> torch.Tensor:
    *models, base = (tensor.reshape(-1) for tensor in inputs)
    weights = weights_of(values, len(models))
    result = torch.empty_like(base)
    for part in blocks(base.numel()):
        changes = [
            (model[part] - base[part]).mul_(weight).masked_fill_(~mask[part], 0.0)
            for model, weight, mask in zip(models, weights, masks, strict=True)
        ]
        change = _agreed(changes, weights) if agreed else torch.stack(changes).sum(0)
        torch.add(base[part], change, alpha=values["strength"], out=result[part])
    return result.reshape(inputs[0].shape)


def della(inputs: Tensors, values: Values, place: Place) -> torch.Tensor:
    """TIES of δᵢ·mᵢ / pᵢ, with pᵢ from density − ε to density + ε by rank of |δᵢ| in its row.

    A row holds all weights of one output (dimension 0); a vector is one row. A row of one value is
    kept with the density, where mergekit divides 0 by 0. Each change is divided by its own
    probability, as in the paper.
    """
    base = inputs[-1]
    flat = base.reshape(-1)
    weights = weights_of(values, len(inputs) - 1)
    changes = []
    for index, weight in enumerate(weights):
        change = (inputs[index] - base).reshape(-1)
        chance = _chances(change, base.shape, values["density"], values["epsilon"])
        for part in blocks(flat.numel()):
            where = Place(place.key, place.seed, part.start)
            dropped = uniform(where, index, part.stop - part.start) >= chance[part]
            change[part].div_(chance[part]).mul_(weight).masked_fill_(dropped, 0.0)
        changes.append(change)
    result = torch.empty_like(flat)
    for part in blocks(flat.numel()):
        agreed = _agreed([change[part] for change in changes], weights)
        torch.add(flat[part], agreed, alpha=values["strength"], out=result[part])
    return result.reshape(base.shape)


def _chances(
    change: torch.Tensor, shape: torch.Size, density: float, epsilon: float
) -> torch.Tensor:
    width = math.prod(shape[1:]) if len(shape) > 1 else change.numel()
    if width <= 1:
        return torch.full_like(change, density)
    chances = torch.empty_like(change)
    ladder = torch.linspace(density - epsilon, density + epsilon, width)
    table, given = chances.view(-1, width), change.view(-1, width)
    step = max(1, _RANKED // width)
    for first in range(0, table.shape[0], step):
        raise_if_stopped()
        order = given[first : first + step].abs().argsort(dim=1, stable=True)
        table[first : first + step].scatter_(1, order, ladder.expand_as(order))
    return chances


def model_stock(inputs: Tensors, values: Values) -> torch.Tensor:  # noqa: ARG001 - all take both
    """t·mean + (1 − t)·base, t = N·cos θ / (1 + (N − 1)·cos θ).

    cos θ is the mean over all pairs of the flat changes (mergekit), 0 for a pair with an unchanged
    tensor. Below 0 it counts as 0: the formula would lead away from the models.
    """
    *models, base = inputs
    count = len(models)
    table = products(models, base)
    pairs = [
        _cosine(table[i][j], table[i][i] * table[j][j]) for i in range(count) for j in range(i)
    ]
    cosine = min(1.0, max(0.0, math.fsum(pairs) / len(pairs)))
    share = cosine / (1 + (count - 1) * cosine)
    result = base.clone().reshape(-1)
    for part in blocks(result.numel()):
        origin = base.reshape(-1)[part]
        for model in models:
            result[part].add_(model.reshape(-1)[part] - origin, alpha=share)
    return result.reshape(base.shape)


def _cosine(dot: float, squares: float) -> float:
    return dot / math.sqrt(squares) if squares > 0 else 0.0
