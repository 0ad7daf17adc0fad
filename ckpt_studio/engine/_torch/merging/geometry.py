"""Methods that see tensors as points and directions (``merging.md`` 2.3 to 2.5)."""

import math
from collections.abc import Sequence

import torch

from ckpt_studio.engine._torch.merging.linear import Tensors, Values
from ckpt_studio.engine._torch.merging.place import blocks
from ckpt_studio.engine._torch.merging.sums import products

_SMALLEST_SINE = 1e-6
_ROUNDS, _NEAREST, _ENOUGH = 100, 1e-6, 1e-20


def slerp(inputs: Tensors, values: Values) -> torch.Tensor:
    """Interpolate the directions along the circle and the norms linearly, as sd-mecha does.

    mergekit's slerp does not keep the norm. Where a norm is 0, or the directions are the same or
    opposite, so that there is no one circle, the result is the weighted sum.
    """
    a, b = inputs
    share = values["alpha"]
    table = products((a, b), None)
    norm_a, norm_b = math.sqrt(table[0][0]), math.sqrt(table[1][1])
    if not norm_a or not norm_b:
        return a.lerp_(b, share)
    angle = math.acos(max(-1.0, min(1.0, table[0][1] / (norm_a * norm_b))))
    sine = math.sin(angle)
    if sine < _SMALLEST_SINE:
        return a.lerp_(b, share)
    norm = norm_a + share * (norm_b - norm_a)
    factor_a = math.sin((1 - share) * angle) / sine * norm / norm_a
    factor_b = math.sin(share * angle) / sine * norm / norm_b
    return a.mul_(factor_a).add_(b, alpha=factor_b)


def perpendicular(inputs: Tensors, values: Values) -> torch.Tensor:
    """A + α·(b − a·⟨a, b⟩ / ‖a‖²), a = A − C, b = B − C.

    Where a is 0 everything of b is perpendicular to it and is added; sd-mecha adds nothing there.
    """
    a, b, c = inputs
    table = products((a, b), c)
    along = table[0][1] / table[0][0] if table[0][0] else 0.0
    flat_a, flat_b, flat_c = a.reshape(-1), b.reshape(-1), c.reshape(-1)
    for part in blocks(flat_a.numel()):
        change = flat_b[part] - flat_c[part]
        change.sub_(flat_a[part] - flat_c[part], alpha=along)
        flat_a[part].add_(change, alpha=values["alpha"])
    return flat_a.reshape(a.shape)


def geometric_median(inputs: Tensors, values: Values) -> torch.Tensor:  # noqa: ARG001 - all take both
    """Find the point with the smallest sum of distances, by Weiszfeld's iteration from the mean.

    At most 100 rounds; distances count as at least 1e-6. All points on the way are Σ sᵢ·Mᵢ with
    Σ sᵢ = 1, so that it needs no more than the products of the models, once.
    """
    shares = _median_shares(products(inputs, inputs[0]))
    first = inputs[0].reshape(-1)
    result = first.clone()
    for part in blocks(first.numel()):
        for model, share in zip(inputs[1:], shares[1:], strict=True):
            result[part].add_(model.reshape(-1)[part] - first[part], alpha=share)
    return result.reshape(inputs[0].shape)


def _median_shares(table: Sequence[Sequence[float]]) -> list[float]:
    count = len(table)
    shares = [1 / count] * count
    before = math.inf
    for _ in range(_ROUNDS):
        distances = _distances(table, shares)
        total = math.fsum(distances)
        if abs(before - total) <= _ENOUGH * total:
            break
        before = total
        weights = [1 / max(_NEAREST, distance) for distance in distances]
        whole = math.fsum(weights)
        shares = [weight / whole for weight in weights]
    return shares


def _distances(table: Sequence[Sequence[float]], shares: Sequence[float]) -> list[float]:
    to_point = [math.fsum(s * v for s, v in zip(shares, row, strict=True)) for row in table]
    square = math.fsum(s * v for s, v in zip(shares, to_point, strict=True))
    return [math.sqrt(max(0.0, square - 2 * to_point[i] + table[i][i])) for i in range(len(shares))]
