"""Sums over whole tensors, in fp64 and in small blocks, so that threads never change them."""

from collections.abc import Sequence

import torch

_STEP = 1 << 14  # fewer values than torch gives to several threads


def products(tensors: Sequence[torch.Tensor], origin: torch.Tensor | None) -> list[list[float]]:
    """Return ⟨xᵢ, xⱼ⟩ of flat tensors, each less ``origin`` when that is given."""
    count = len(tensors)
    found = [[0.0] * count for _ in range(count)]
    flat = [tensor.reshape(-1) for tensor in tensors]
    base = None if origin is None else origin.reshape(-1)
    for first in range(0, flat[0].numel(), _STEP):
        part = slice(first, first + _STEP)
        wide = [tensor[part].double() for tensor in flat]
        if base is not None:
            wide = [tensor.sub_(base[part]) for tensor in wide]
        for i in range(count):
            for j in range(i + 1):
                found[i][j] += (wide[i] * wide[j]).sum().item()
    for i in range(count):
        for j in range(i):
            found[j][i] = found[i][j]
    return found


def column_products(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return Σ a·b, Σ a² and Σ b² of each column of two matrices, in fp64."""
    dot, squares_a, squares_b = (torch.zeros(a.shape[1], dtype=torch.float64) for _ in range(3))
    step = max(1, _STEP // max(1, a.shape[1]))
    for first in range(0, a.shape[0], step):
        wide_a, wide_b = a[first : first + step].double(), b[first : first + step].double()
        dot += (wide_a * wide_b).sum(0)
        squares_a += wide_a.square_().sum(0)
        squares_b += wide_b.square_().sum(0)
    return dot, squares_a, squares_b


def quotient(above: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """Return ``above / below``, and 0 where ``below`` is 0."""
    return torch.where(below == 0, 0.0, above / below)
