"""Pairs of tensors cut into slices of which the bytes can be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from ckpt_studio.core.comparison.comparing import ComparedTensor, Side
from ckpt_studio.core.expr import reads
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.lowering import FileKey, Segment, lower

STEP_VALUES = 1 << 18
"""Values of each side that are compared at once."""

_SLICE_VALUES = 1 << 23
_NUMBERS = frozenset(
    {DType.F64, DType.F32, DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2}
    | {DType.I64, DType.I32, DType.I16, DType.I8, DType.U8, DType.BOOL}
)
"""Types whose values can be subtracted from one another."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tensors of one shape; ``measured`` where their values can be subtracted.

    Others are compared as bytes, of which they have ``count`` if they have the same number.
    """

    index: int
    tensor: ComparedTensor
    a: tuple[Segment, ...]
    b: tuple[Segment, ...]
    types: tuple[DType, DType]
    measured: bool
    count: int

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes of one item on each side."""
        return (self.types[0].bits // 8, self.types[1].bits // 8) if self.measured else (1, 1)


@dataclass(frozen=True, slots=True)
class PairSlice:
    """Items ``start`` to ``stop`` of a pair."""

    pair: Pair
    start: int
    stop: int


def pair_of(index: int, tensor: ComparedTensor, a: Side, b: Side) -> Pair:
    """Return a pair ready to be cut; what cannot be measured is compared as bytes."""
    types = (a.dtype, b.dtype)
    measured = not (a.codes or b.codes) and _NUMBERS.issuperset(types)
    count = prod(a.shape) if measured else a.nbytes if a.nbytes == b.nbytes else 0
    return Pair(index, tensor, lower(a.expr), lower(b.expr), types, measured, count)


def slices(pairs: Sequence[Pair]) -> Iterator[PairSlice]:
    """Return every pair in slices."""
    for pair in pairs:
        for start in range(0, pair.count, _SLICE_VALUES):
            yield PairSlice(pair, start, min(start + _SLICE_VALUES, pair.count))


def slice_count(pair: Pair) -> int:
    """Return how many slices a pair has."""
    return -(-pair.count // _SLICE_VALUES)


def files_of(tensor: ComparedTensor) -> set[FileKey]:
    """Return the files that hold the tensors of a pair."""
    sides = (side for side in (tensor.a, tensor.b) if side)
    return {(leaf.source, leaf.tensor.shard) for side in sides for leaf in reads(side.expr)}
