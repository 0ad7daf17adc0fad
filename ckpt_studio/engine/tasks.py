"""A plan as a list of pieces of work that fill disjoint ranges of the output."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.engine.lowering import (
    Converted,
    Literal,
    Segment,
    Span,
    cut,
    lower,
)

COPY_BYTES = 64 << 20
"""Largest range one worker copies before it takes the next."""

SLICE_VALUES = 1 << 19
"""Values that are converted at once: 2 MiB of fp32 stay in the cache of a core."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Bytes of a source file that go to ``to`` as they are."""

    row: int
    span: Span
    to: int

    @property
    def nbytes(self) -> int:
        """Bytes of output."""
        return self.span.nbytes


@dataclass(frozen=True, slots=True)
class Convert:
    """At most one slice of values in another type; its parts are spans and literals."""

    row: int
    segment: Converted
    to: int

    @property
    def nbytes(self) -> int:
        """Bytes of output."""
        return self.segment.nbytes


@dataclass(frozen=True, slots=True)
class Compute:
    """Bytes that have to be put together in memory first."""

    row: int
    segment: Segment
    to: int

    @property
    def nbytes(self) -> int:
        """Bytes of output."""
        return self.segment.nbytes


Task = Copy | Convert | Compute


def tasks_of(rows: Sequence[PlannedTensor], starts: Sequence[int]) -> tuple[list[Copy], list[Task]]:
    """Return the work for all rows: what is copied, in ranges of any size, and the rest.

    ``starts`` are the positions of the rows in the output.
    """
    copies: list[Copy] = []
    others: list[Task] = []
    for index, (row, start) in enumerate(zip(rows, starts, strict=True)):
        at = start
        for segment in lower(row.expr):
            if isinstance(segment, Span):
                _add(copies, Copy(index, segment, at))
            else:
                others.extend(_pieces(index, segment, at))
            at += segment.nbytes
    return copies, others


def limited(copies: Iterable[Copy]) -> list[Task]:
    """Return copies in pieces that several workers can share."""
    return [piece for copy in copies for piece in _limited(copy)]


def _add(copies: list[Copy], new: Copy) -> None:
    """Join a range with the one before it when both follow one another in both files."""
    last = copies[-1] if copies else None
    if (
        last
        and last.span.file == new.span.file
        and last.span.offset + last.nbytes == new.span.offset
        and last.to + last.nbytes == new.to
    ):
        copies[-1] = replace(last, span=replace(last.span, nbytes=last.nbytes + new.nbytes))
    elif new.nbytes:
        copies.append(new)


def _limited(copy: Copy) -> Iterator[Copy]:
    span = copy.span
    for done in range(0, span.nbytes, COPY_BYTES):
        nbytes = min(COPY_BYTES, span.nbytes - done)
        yield Copy(copy.row, Span(span.file, span.offset + done, nbytes), copy.to + done)


def _pieces(row: int, segment: Segment, to: int) -> Iterator[Task]:
    plain = isinstance(segment, Converted) and all(
        isinstance(part, Span | Literal) for part in segment.of
    )
    if not isinstance(segment, Converted) or not plain:
        yield Compute(row, segment, to)
        return
    before, after = segment.before.bits // 8, segment.after.bits // 8
    values = segment.nbytes // after
    for done in range(0, values, SLICE_VALUES):
        stop = min(done + SLICE_VALUES, values)
        part = replace(segment, of=cut(segment.of, done * before, stop * before))
        yield Convert(row, part, to + done * after)
