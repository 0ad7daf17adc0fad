"""Rotations of rows, as OFT and BOFT learn them (``merging.md`` 4.2)."""

import torch

_TINY = 1e-8


def rotation(blocks: torch.Tensor, limit: float) -> torch.Tensor:
    """Return R = (I + Q)(I − Q)⁻¹ of blocks [count, size, size], with Q = B − Bᵀ.

    A ``limit`` above 0 is the largest norm that all Q together may have.
    """
    skew = blocks - blocks.transpose(1, 2)
    if limit > 0:
        norm = torch.linalg.vector_norm(skew)
        skew = skew * ((norm.clamp(max=limit) + _TINY) / (norm + _TINY))
    identity = torch.eye(blocks.shape[-1], dtype=blocks.dtype).expand_as(blocks)
    # R (I − Q) = I + Q
    turned: torch.Tensor = torch.linalg.solve(identity - skew, identity + skew, left=False)
    return turned


def butterflies(turns: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return a weight whose rows went through stages of rotations [stages, count, size, size].

    Stage i rotates rows that lie 2ⁱ·size/2 apart.
    """
    size = turns.shape[-1]
    result = weight
    for stage, turn in enumerate(turns):
        apart = 2**stage * (size // 2)
        rest = result.shape[1:]
        paired = result.reshape(-1, 2, apart, *rest).transpose(1, 2).reshape(-1, size, *rest)
        paired = torch.einsum("bij,bj...->bi...", turn, paired)
        result = paired.reshape(-1, apart, 2, *rest).transpose(1, 2).reshape(weight.shape)
    return result
