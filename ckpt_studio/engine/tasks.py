"""A plan as a list of pieces of work that fill disjoint ranges of the output."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ckpt_studio.core.expr import Factor
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.engine.lowering import (
    Converted,
    Literal,
    Mixed,
    Segment,
    Span,
    cut,
    lower,
)
from ckpt_studio.engine.stepping import SLICE_VALUES, step_of

_APART = 32
"""Tasks between both sides of a product; so many results at most wait in memory."""

COPY_BYTES = 64 << 20
"""Largest range one worker copies before it takes the next."""


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
    """At most one slice of values in another type; its parts are spans, literals or computed."""

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
    return copies, _sides_apart(others)


def _sides_apart(tasks: list[Task]) -> list[Task]:
    """Return the tasks with the second side of each product some places later.

    Both are worked out for the first: a worker that came to the second right then would wait.
    """
    result: list[Task] = []
    later: deque[tuple[int, Task]] = deque()
    last: Factor | None = None
    for place, task in enumerate(tasks):
        factor = _factor(task)
        if factor is not None and last is not None and replace(factor, side=last.side) == last:
            later.append((place + _APART, task))
        else:
            result.append(task)
        last = factor or last
        while later and later[0][0] <= place:
            result.append(later.popleft()[1])
    return result + [task for _, task in later]


def _factor(task: Task) -> Factor | None:
    match task:
        case Convert(_, Converted((Mixed(Factor() as expr),))):
            return expr
        case Compute(_, Converted((Mixed(Factor() as expr),)) | Mixed(Factor() as expr)):
            return expr
        case _:
            return None


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
    step, size = _step(segment), _value_size(segment)
    if not step:
        yield Compute(row, segment, to)
        return
    for done in range(0, segment.nbytes // size, step):
        stop = min(done + step, segment.nbytes // size)
        (part,) = cut((segment,), done * size, stop * size)
        if isinstance(part, Converted) and stop - done <= SLICE_VALUES:
            yield Convert(row, part, to + done * size)
        else:
            yield Compute(row, part, to + done * size)


def _step(segment: Segment) -> int:
    """Return how many values of a segment are worked out at a time, 0 for all of it."""
    match segment:
        case Mixed(expr):
            return step_of(expr)
        case Converted((Mixed(expr),)):
            return step_of(expr)
        case Converted(of) if all(isinstance(part, Span | Literal) for part in of):
            return SLICE_VALUES
        case _:
            return 0


def _value_size(segment: Segment) -> int:
    """Return the bytes of one value of what can be cut between values."""
    return segment.after.bits // 8 if isinstance(segment, Converted) else _FP32_BYTES


_FP32_BYTES = 4
