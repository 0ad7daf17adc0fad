"""Methods that look at the same element of each model (``merging.md`` 2.2, 2.3).

Each function takes flat fp32 tensors of one block and may write into the first.
"""

from collections.abc import Mapping, Sequence

import torch

Tensors = Sequence[torch.Tensor]
Values = Mapping[str, float]

_SMALLEST = torch.finfo(torch.float32).tiny


def weights_of(values: Values, count: int) -> list[float]:
    """Return the weights of so many models."""
    return [values[f"weight_{number}"] for number in range(1, count + 1)]


def copy(inputs: Tensors, values: Values) -> torch.Tensor:  # noqa: ARG001 - all take both
    """A."""
    return inputs[0]


def weighted_sum(inputs: Tensors, values: Values) -> torch.Tensor:
    """(1 − α)·A + α·B."""
    a, b = inputs
    return a.lerp_(b, values["alpha"])


def average(inputs: Tensors, values: Values) -> torch.Tensor:
    """Σ wᵢ·Mᵢ / Σ wᵢ (mergekit's normalised linear), as M₁ + Σ wᵢ·(Mᵢ − M₁) / Σ wᵢ.

    In that form equal models give themselves.
    """
    weights = weights_of(values, len(inputs))
    total = sum(weights)
    first = inputs[0].clone()
    for model, weight in zip(inputs[1:], weights[1:], strict=True):
        inputs[0].add_(model - first, alpha=weight / total)
    return inputs[0]


def add_difference(inputs: Tensors, values: Values) -> torch.Tensor:
    """A + α·(B − C)."""
    a, b, c = inputs
    return a.add_(b - c, alpha=values["alpha"])


def sum_twice(inputs: Tensors, values: Values) -> torch.Tensor:
    """(1 − β)·((1 − α)·A + α·B) + β·C."""
    a, b, c = inputs
    return a.lerp_(b, values["alpha"]).lerp_(c, values["beta"])


def triple_sum(inputs: Tensors, values: Values) -> torch.Tensor:
    """(1 − α − β)·A + α·B + β·C, as A + α·(B − A) + β·(C − A): no quotient that can be 0/0."""
    a, b, c = inputs
    to_b, to_c = b - a, c - a
    return a.add_(to_b, alpha=values["alpha"]).add_(to_c, alpha=values["beta"])


def similarity(inputs: Tensors, values: Values) -> torch.Tensor:
    """(1 − s)·(A + α·(B − C)) + s·((1 − α/2)·A + α/2·B), s = β·(A·B / max(|A|, |B|)² + 1) / 2.

    s is β where A and B are 0. Equal to A + α·((1 − s)·(B − C) + s·(B − A)/2).
    """
    a, b, c = inputs
    size = torch.maximum(a.abs(), b.abs())
    alike = (a / size).mul_(b / size)  # the squares could be too small for fp32
    alike.masked_fill_(size == 0, 1.0)
    share = alike.add_(1).mul_(values["beta"] / 2)
    change = (b - c).lerp_((b - a).mul_(0.5), share)
    return a.add_(change, alpha=values["alpha"])


def train_difference(inputs: Tensors, values: Values) -> torch.Tensor:
    """A + 1.8·α·(B − C)·|B − A| / (|B − A| + |B − C|); A where both differences are 0."""
    a, b, c = inputs
    change = b - c
    scale = (b - a).abs_()
    below = change.abs().add_(scale).clamp_min_(_SMALLEST)
    return a.add_(change.mul_(scale.div_(below)), alpha=1.8 * values["alpha"])


def task_arithmetic(inputs: Tensors, values: Values) -> torch.Tensor:
    """Base + λ·Σ wᵢ·δᵢ."""
    *models, base = inputs
    change = torch.zeros_like(base)
    for model, weight in zip(models, weights_of(values, len(models)), strict=True):
        change.add_(model - base, alpha=weight)
    return torch.add(base, change, alpha=values["strength"])


def scale(inputs: Tensors, values: Values) -> torch.Tensor:
    """A times ``factor``."""
    return inputs[0].mul_(values["factor"])


def offset(inputs: Tensors, values: Values) -> torch.Tensor:  # noqa: ARG001 - all take both
    """A + B."""
    return inputs[0].add_(inputs[1])
