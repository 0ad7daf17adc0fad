"""Put segments together in memory: transposed matrices, small constants, parts before a cast."""

from collections.abc import Callable
from dataclasses import dataclass

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.lowering import (
    Converted,
    Literal,
    Matrix,
    Mixed,
    Segment,
    Span,
    Window,
    size_of,
)
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.transposing import transposed

Convert = Callable[[memoryview, memoryview, DType, DType], None]
"""Converts the raw values of the first view into the second."""

Mix = Callable[[Mixed, memoryview], None]
"""Computes fp32 values into a view."""


def _no_mix(segment: Mixed, into: memoryview) -> None:
    raise PlanError(f"{len(into)} bytes of {segment.expr} are computed only while saving")


def materialise(
    segments: tuple[Segment, ...],
    into: memoryview,
    sources: Sources,
    convert: Convert,
    mix: Mix = _no_mix,
) -> None:
    """Fill a view with the bytes of the segments, one after another."""
    work = _Work(sources, convert, mix)
    at = 0
    for segment in segments:
        work.fill(segment, into[at : at + segment.nbytes])
        at += segment.nbytes


@dataclass(frozen=True, slots=True)
class _Work:
    """What it takes to make the bytes of a segment."""

    sources: Sources
    convert: Convert
    mix: Mix

    def fill(self, segment: Segment, into: memoryview) -> None:
        match segment:
            case Span(file, offset):
                self.sources.read(file, into, offset)
            case Literal(data):
                into[:] = data
            case Matrix():
                into[:] = self._matrix(segment)
            case Window(of, start, nbytes):
                into[:] = memoryview(self._matrix(of))[start : start + nbytes]
            case Converted(of, before, after):
                self.convert(memoryview(self._raw(of)), into, before, after)
            case Mixed():
                self.mix(segment, into)

    def _matrix(self, matrix: Matrix) -> bytes:
        return transposed(self._raw(matrix.of), matrix.height, matrix.width, matrix.item)

    def _raw(self, segments: tuple[Segment, ...]) -> bytearray:
        raw = bytearray(size_of(segments))
        materialise(segments, memoryview(raw), self.sources, self.convert, self.mix)
        return raw
