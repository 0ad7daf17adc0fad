"""Tensors as products of two matrices of some rank, as LoRAs hold them (``merging.md`` 2.5, 4.3).

Factors are U·√S and √S·Vᵀ of the singular value decomposition; nothing is clamped. Large matrices
are decomposed in a random subspace with power iterations (Halko, Martinsson and Tropp, 2011),
which is as good for the leading values and takes seconds instead of minutes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import torch

from ckpt_studio.core.errors import FormatError
from ckpt_studio.engine._torch.stopping import raise_if_stopped

_OVERSAMPLING = 16
_ITERATIONS = 2
_PIECE = 1 << 20
_ROUNDING = 1e-9
"""What single precision may lack of the whole energy."""

_WHOLE_SHARE = 3
"""Where the subspace would have more than a third of all dimensions, the matrix is taken whole."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Both sides, [rows, rank] and [rank, columns], and the sums of squares of product and whole.

    ``kept`` is of the product, ``total`` of what it stands for.
    """

    up: torch.Tensor
    down: torch.Tensor
    kept: float
    total: float

    @property
    def sides(self) -> Mapping[str, torch.Tensor]:
        """Both by their names."""
        return {"up": self.up, "down": self.down}

    def rank_for(self, share: float) -> int:
        """Return how many singular values hold a share of the sum of squares; all, if they do not.

        Only of factors that are the nearest product, not of ``whole`` ones. Nothing needs none.
        """
        if not self.total:
            return 0
        held = self.up.double().square().sum(0).square().cumsum(0)
        short = held < share * self.total * (1 - _ROUNDING)
        return min(int(short.sum()) + 1, len(held))

    @classmethod
    def whole(cls, up: torch.Tensor, down: torch.Tensor) -> "Factors":
        """Return factors that are their product and no approximation."""
        energy = ((up.T @ up) * (down @ down.T)).sum(dtype=torch.float64).item()
        return cls(up, down, energy, energy)


def factors_of(matrix: torch.Tensor, rank: int, key: str) -> Factors:
    """Return the nearest product of that rank to a matrix [rows, columns] in fp32.

    The same matrix, rank and key give the same bytes.

    Raises:
        FormatError: the matrix has values that are no numbers.
    """
    total = _energy(matrix)
    if not math.isfinite(total):
        raise FormatError(
            f"{key} has values that are no numbers, or are infinite.",
            "Look for the damaged tensor with a health check of both models.",
        )
    if in_subspace(rank, *matrix.shape):
        u, s, v = _in_subspace(matrix, rank + _OVERSAMPLING, key)
    else:
        u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    return _balanced(u, s, v, rank, total)


def in_subspace(rank: int, rows: int, columns: int) -> bool:
    """Whether a matrix is decomposed in a subspace for this rank, which finds a little less."""
    return (rank + _OVERSAMPLING) * _WHOLE_SHARE <= min(rows, columns)


def nearest_of_product(up: torch.Tensor, down: torch.Tensor, rank: int) -> Factors:
    """Return the nearest product of that rank to another one, which is never multiplied out."""
    left, tall = torch.linalg.qr(up)
    right, wide = torch.linalg.qr(down.T)
    u, s, v = torch.linalg.svd(tall @ wide.T, full_matrices=False)
    return _balanced(left @ u, s, v @ right.T, rank, _energy(s))


def joined(loras: Sequence[tuple[float, Mapping[str, torch.Tensor]]]) -> tuple[torch.Tensor, ...]:
    """Return up and down of the exact sum of LoRAs, each with its strength (``merging.md`` 2.5).

    The rank is the sum of theirs. Strength and α/r are divided among both sides.
    """
    ups: list[torch.Tensor] = []
    downs: list[torch.Tensor] = []
    for strength, tensors in loras:
        up, down = tensors["up"].flatten(1), tensors["down"].flatten(1)
        alpha = tensors.get("alpha")
        scale = strength if alpha is None else strength * alpha.item() / down.shape[0]
        root = abs(scale) ** 0.5
        ups.append(up * root)
        downs.append(down * (root if scale >= 0 else -root))
    return torch.cat(ups, dim=1), torch.cat(downs)


def _in_subspace(matrix: torch.Tensor, size: int, key: str) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator()
    generator.manual_seed(int.from_bytes(blake2b(key.encode(), digest_size=7).digest(), "big"))
    basis, _ = torch.linalg.qr(matrix @ torch.randn(matrix.shape[1], size, generator=generator))
    for _ in range(_ITERATIONS):
        raise_if_stopped()
        across, _ = torch.linalg.qr(matrix.T @ basis)
        basis, _ = torch.linalg.qr(matrix @ across)
    # A QR decomposition of the long side leaves a small square for the singular values.
    across, square = torch.linalg.qr(matrix.T @ basis)
    u, s, v = torch.linalg.svd(square.T, full_matrices=False)
    return basis @ u, s, v @ across.T


def _balanced(
    u: torch.Tensor, s: torch.Tensor, v: torch.Tensor, rank: int, total: float
) -> Factors:
    """Return both sides with the root of the singular values, filled with zeros up to the rank."""
    root = s[:rank].sqrt()
    up = torch.zeros(u.shape[0], rank)
    down = torch.zeros(rank, v.shape[1])
    up[:, : len(root)] = u[:, :rank] * root
    down[: len(root)] = root[:, None] * v[:rank]
    return Factors(up, down, min(_energy(s[:rank]), total), total)


def _energy(values: torch.Tensor) -> float:
    """Return the sum of squares, added in fp64 piece by piece: a wide copy would take much room."""
    pieces = torch.split(values.reshape(-1), _PIECE)
    norms = [float(torch.linalg.vector_norm(each, dtype=torch.float64)) for each in pieces]
    return math.fsum(norm * norm for norm in norms)
