"""Put segments together in memory: transposed matrices, small constants, parts before a cast."""

from collections.abc import Callable

from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.lowering import Converted, Literal, Matrix, Segment, Span, Window, size_of
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.transposing import transposed

Convert = Callable[[memoryview, memoryview, DType, DType], None]
"""Converts the raw values of the first view into the second."""


def materialise(
    segments: tuple[Segment, ...], into: memoryview, sources: Sources, convert: Convert
) -> None:
    """Fill a view with the bytes of the segments, one after another."""
    at = 0
    for segment in segments:
        _fill(segment, into[at : at + segment.nbytes], sources, convert)
        at += segment.nbytes


def _fill(segment: Segment, into: memoryview, sources: Sources, convert: Convert) -> None:
    match segment:
        case Span(file, offset):
            sources.read(file, into, offset)
        case Literal(data):
            into[:] = data
        case Matrix():
            into[:] = _matrix(segment, sources, convert)
        case Window(of, start, nbytes):
            into[:] = memoryview(_matrix(of, sources, convert))[start : start + nbytes]
        case Converted(of, before, after):
            raw = bytearray(size_of(of))
            materialise(of, memoryview(raw), sources, convert)
            convert(memoryview(raw), into, before, after)


def _matrix(matrix: Matrix, sources: Sources, convert: Convert) -> bytes:
    raw = bytearray(size_of(matrix.of))
    materialise(matrix.of, memoryview(raw), sources, convert)
    return transposed(raw, matrix.height, matrix.width, matrix.item)
