"""Which values of which tensor are computed, and the random numbers that belong to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import torch

from ckpt_studio.engine._torch.stopping import raise_if_stopped

BLOCK = 1 << 16
"""Values of one block: fits the cache, and has a random generator of its own."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slice stands: the name of its tensor, the seed, and its first element."""

    key: str
    seed: int = 0
    start: int = 0


def blocks(count: int) -> Iterator[slice]:
    """Yield the slices of so many values, one for each block, until the job is given up."""
    for first in range(0, count, BLOCK):
        raise_if_stopped()
        yield slice(first, min(first + BLOCK, count))


def uniform(place: Place, model: int, count: int) -> torch.Tensor:
    """Return random fp32 numbers in [0, 1) for the values of one block that begins at the place.

    They depend on seed, key, model and block alone, so that neither threads, slices nor order
    matter; no other tool does that (``merging.md`` 2.5).
    """
    text = f"{place.seed} {model} {place.start // BLOCK} {place.key}"
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "little", signed=True))
    return torch.rand(count, generator=generator)
