"""What two checkpoints have in common, from their headers: tensors part by part, and metadata.

Tensors of a part are matched by ComfyUI's own names, so that a diffusers UNet compares with one
inside a whole checkpoint; tensors of no part by the names they have in the file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ckpt_studio.core.blocks import block_of
from ckpt_studio.core.codes import coded
from ckpt_studio.core.expr import Expr, read, reads
from ckpt_studio.core.plan import source_names
from ckpt_studio.core.recognition import FoundPart, Opened
from ckpt_studio.core.rewriting import with_source
from ckpt_studio.core.tensors import DType


class State(StrEnum):
    """How a tensor, or a key of the metadata, stands in A beside B."""

    SAME = "same"  # the same shape and type; the values may differ
    DTYPE = "dtype"  # the same shape in another type
    SHAPE = "shape"
    ONLY_A = "only-a"
    ONLY_B = "only-b"
    CHANGED = "changed"  # of metadata: another value


@dataclass(frozen=True, slots=True)
class Side:
    """A tensor in one of the files; ``expr`` says how to get it, from source 0 (A) or 1 (B).

    ``codes`` are quantised weights: only their bytes can be compared.
    """

    expr: Expr
    codes: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tensors in the file that it is made of."""
        return source_names(self.expr)

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.expr.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape under its own name."""
        return self.expr.shape

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.dtype.nbytes(self.shape)


@dataclass(frozen=True, slots=True)
class ComparedTensor:
    """One tensor beside its counterpart; ``part`` and ``block`` are "" outside of any."""

    name: str
    part: str
    block: str
    a: Side | None
    b: Side | None

    @property
    def state(self) -> State:
        """What their headers say."""
        if self.a is None:
            return State.ONLY_B
        if self.b is None:
            return State.ONLY_A
        if self.a.shape != self.b.shape:
            return State.SHAPE
        return State.SAME if self.a.dtype is self.b.dtype else State.DTYPE

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return sum(side.nbytes for side in (self.a, self.b) if side is not None)

    @property
    def comparable(self) -> bool:
        """Whether there are two tensors of one shape."""
        return self.state in {State.SAME, State.DTYPE}


@dataclass(frozen=True, slots=True)
class ComparedKey:
    """One key of the metadata; None where a file does not have it."""

    key: str
    a: str | None
    b: str | None

    @property
    def state(self) -> State:
        """How the values stand to each other."""
        if self.a is None:
            return State.ONLY_B
        if self.b is None:
            return State.ONLY_A
        return State.SAME if self.a == self.b else State.CHANGED


@dataclass(frozen=True)
class Comparison:
    """Two files beside each other: every tensor of either, and every key of their metadata."""

    a: Opened
    b: Opened
    tensors: tuple[ComparedTensor, ...]
    metadata: tuple[ComparedKey, ...]

    @cached_property
    def counts(self) -> Mapping[State, int]:
        """Number of tensors in each state."""
        return Counter(row.state for row in self.tensors)

    @cached_property
    def parts(self) -> Mapping[str, tuple[ComparedTensor, ...]]:
        """The tensors of each part of either file, "" for those of none, in the order of A."""
        groups: dict[str, list[ComparedTensor]] = {}
        for row in self.tensors:
            groups.setdefault(row.part, []).append(row)
        return {part: tuple(rows) for part, rows in groups.items()}

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """The parts that both files have; "" where tensors of no part are in both."""
        return tuple(
            part for part, rows in self.parts.items() if any(row.a and row.b for row in rows)
        )


def compare(a: Opened, b: Opened) -> Comparison:
    """Compare two files by their headers; no value is read."""
    return Comparison(a, b, tuple(_tensors(a, b)), tuple(_metadata(a, b)))


def _tensors(a: Opened, b: Opened) -> Iterator[ComparedTensor]:
    left, right = _sides(a, 0), _sides(b, 1)
    for part in dict.fromkeys((*left, *right)):
        ours, theirs = left.get(part, {}), right.get(part, {})
        for name in dict.fromkeys((*ours, *theirs)):
            block = block_of(name) or ""
            yield ComparedTensor(name, part, block, ours.get(name), theirs.get(name))


def _sides(opened: Opened, source: int) -> dict[str, dict[str, Side]]:
    """Return the tensors of a file by part and name; those of no part last, under ""."""
    tensors = opened.checkpoint.tensors
    codes = coded(tensors.values())
    found = opened.recognition
    sides: dict[str, dict[str, Side]] = {}
    for part in found.parts:
        exprs = {**part.tensors, **_beside(part, opened)}
        sides[part.part] = {name: _side(expr, source, codes) for name, expr in exprs.items()}
    used = {name for part in found.parts for name in part.names}
    others = {
        name: _side(read(0, tensor), source, codes)
        for name, tensor in tensors.items()
        if name not in used
    }
    return {**sides, "": others} if others else sides


def _beside(part: FoundPart, opened: Opened) -> dict[str, Expr]:
    """Return the tensors of a part that its model has no place for, such as ``position_ids``."""
    used = {leaf.tensor.name for expr in part.tensors.values() for leaf in reads(expr)}
    return {
        name.removeprefix(part.prefix): read(0, opened.checkpoint.tensors[name])
        for name in part.names
        if name not in used
    }


def _side(expr: Expr, source: int, codes: frozenset[str]) -> Side:
    return Side(with_source(expr, source), any(leaf.tensor.name in codes for leaf in reads(expr)))


def _metadata(a: Opened, b: Opened) -> Iterator[ComparedKey]:
    ours, theirs = a.checkpoint.metadata, b.checkpoint.metadata
    for key in dict.fromkeys((*ours, *theirs)):
        yield ComparedKey(key, ours.get(key), theirs.get(key))


def largest_blocks_first(rows: Iterable[ComparedTensor]) -> list[ComparedTensor]:
    """Return rows with those of the largest block first, else in their order."""
    rows = list(rows)
    sizes: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sizes[row.part, row.block] += row.nbytes
    return sorted(rows, key=lambda row: (-sizes[row.part, row.block], row.part, row.block))
