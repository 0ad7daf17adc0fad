"""Expressions to segments: which bytes of which files make a row, and what has to be computed."""

from dataclasses import dataclass, replace
from math import prod

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import (
    AddAdapter,
    Blend,
    Cast,
    Computed,
    Concat,
    Constant,
    Expr,
    Factor,
    Read,
    Reshape,
    Rows,
    Transpose,
    Zeros,
)
from ckpt_studio.core.tensors import DType

FileKey = tuple[int, int]
"""Index of a source in the plan, and of one of its files."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a source file, unchanged."""

    file: FileKey
    offset: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that come from no file."""

    data: bytes

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A ``height`` by ``width`` matrix to be transposed; items of ``item`` bytes."""

    of: "tuple[Segment, ...]"
    height: int
    width: int
    item: int

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.height * self.width * self.item


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes ``start`` to ``start + nbytes`` of something that is computed as a whole."""

    of: Matrix
    start: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Converted:
    """The values of the parts in another element type."""

    of: "tuple[Segment, ...]"
    before: DType
    after: DType

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return size_of(self.of) * self.after.bits // self.before.bits


@dataclass(frozen=True, slots=True)
class Mixed:
    """Values ``start`` to ``stop`` of something that is computed, in fp32."""

    expr: Computed
    start: int
    stop: int

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return (self.stop - self.start) * _FP32_BYTES


Segment = Span | Literal | Matrix | Window | Converted | Mixed
_FP32_BYTES = 4


def size_of(segments: tuple[Segment, ...]) -> int:
    """Size of some segments in bytes."""
    return sum(segment.nbytes for segment in segments)


def lower(expr: Expr) -> tuple[Segment, ...]:
    """Return the segments whose bytes, one after another, are the tensor.

    Raises:
        PlanError: a cast of a type that has no plain values, or a cut through a byte.
    """
    match expr:
        case Read(source, tensor):
            return (Span((source, tensor.shard), tensor.offset, tensor.nbytes),)
        case Constant(_, _, data):
            return (Literal(data),)
        case Zeros():
            return (Literal(bytes(expr.dtype.nbytes(expr.shape))),)
        case Reshape(of):
            return lower(of)
        case Concat(parts):
            return tuple(segment for part in parts for segment in lower(part))
        case _:
            return _lower_change(expr)


def _lower_change(expr: Rows | Transpose | Cast | Computed) -> tuple[Segment, ...]:
    match expr:
        case Rows(of, start, stop):
            row = of.dtype.bits * prod(of.shape[1:])
            return cut(lower(of), _whole_bytes(start * row), _whole_bytes(stop * row))
        case Transpose(of):
            item = _whole_bytes(of.dtype.bits)
            return (Matrix(lower(of), of.shape[0], of.shape[1], item),)
        case Cast(of, dtype):
            if not (of.dtype.convertible and dtype.convertible):
                raise PlanError(f"{of.dtype.label} cannot be converted to {dtype.label}")
            return (Converted(lower(of), of.dtype, dtype),)
        case Blend() | AddAdapter() | Factor():
            return (Mixed(expr, 0, prod(expr.shape)),)


def cut(segments: tuple[Segment, ...], start: int, stop: int) -> tuple[Segment, ...]:
    """Return the bytes ``start`` to ``stop`` of some segments."""
    found: list[Segment] = []
    at = 0
    for segment in segments:
        first, last = max(start - at, 0), min(stop - at, segment.nbytes)
        if first < last:
            found.append(_part(segment, first, last))
        at += segment.nbytes
    return tuple(found)


def _part(segment: Segment, start: int, stop: int) -> Segment:
    if (start, stop) == (0, segment.nbytes):
        return segment
    match segment:
        case Span(_, offset):
            return replace(segment, offset=offset + start, nbytes=stop - start)
        case Matrix():
            return Window(segment, start, stop - start)
        case Window(of, first):
            return Window(of, first + start, stop - start)
        case Literal(data):
            return Literal(data[start:stop])
        case Converted() | Mixed():
            return _part_of_values(segment, start, stop)


def _part_of_values(segment: Converted | Mixed, start: int, stop: int) -> Segment:
    match segment:
        case Converted(of, before, after):
            inner = cut(of, start * before.bits // after.bits, stop * before.bits // after.bits)
            return replace(segment, of=inner)
        case Mixed(_, first):
            bounds = (_whole_values(start), _whole_values(stop))
            return replace(segment, start=first + bounds[0], stop=first + bounds[1])


def _whole_values(nbytes: int) -> int:
    if nbytes % _FP32_BYTES:
        raise PlanError("A computed tensor cannot be cut inside a value")
    return nbytes // _FP32_BYTES


def _whole_bytes(bits: int) -> int:
    if bits % 8:
        raise PlanError("A tensor of packed values cannot be cut inside a byte")
    return bits // 8
