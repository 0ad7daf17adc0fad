"""Compare the values of two checkpoints, streamed: memory does not grow with the files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

from ckpt_studio.core.comparison.comparing import ComparedTensor, Comparison, largest_blocks_first
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.compared_slices import (
    STEP_VALUES,
    Pair,
    PairSlice,
    files_of,
    pair_of,
    slice_count,
    slices,
)
from ckpt_studio.engine.evaluate import materialise
from ckpt_studio.engine.lowering import Segment, cut
from ckpt_studio.engine.streaming import Bench, Gathering, Reading, stream


def compare_values(
    comparison: Comparison,
    tensors: Iterable[ComparedTensor] | None = None,
    *,
    found: Callable[[TensorDifference], object] = lambda _: None,
    threads: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[TensorDifference, ...]:
    """Compare the values of some tensors, by default of all that have the same shape in both.

    The blocks with the most bytes come first. ``found`` is told of each tensor as soon as it is
    done, from the calling thread. The answer has the order of ``comparison.tensors``.

    Raises:
        SourceChangedError: a file is not what it was when it was opened.
        FormatError: a file cannot be read.
        Cancelled: the token was raised; what was ``found`` until then holds.
    """
    asked = comparison.tensors if tensors is None else tuple(tensors)
    rows = [row for row in asked if row.comparable]
    done: dict[int, TensorDifference] = {}
    place = {(row.part, row.name): index for index, row in enumerate(rows)}

    def keep(result: TensorDifference) -> None:
        done[place[result.tensor.part, result.tensor.name]] = result
        found(result)

    pairs = [
        pair_of(index, row, row.a, row.b)
        for index, row in enumerate(largest_blocks_first(rows))
        if row.a is not None and row.b is not None
    ]
    for pair in pairs:
        if not pair.count:
            keep(_finished(pair, _nothing(pair)))
    pairs = [pair for pair in pairs if pair.count]
    if pairs:
        reading = Reading(
            (comparison.a.checkpoint, comparison.b.checkpoint),
            {key for pair in pairs for key in files_of(pair.tensor)},
            sum(pair.tensor.nbytes for pair in pairs),
            *("Comparing", threads, progress, cancel or CancelToken()),
        )
        _stream(reading, pairs, keep)
    return tuple(done[index] for index in range(len(rows)))


@dataclass(frozen=True, slots=True)
class _Found:
    """What comparing a slice gave; ``rounds`` are the directions in which rounding gives equality.

    False is A to B, True is B to A. ``one_origin``: both may be the same values, rounded.
    """

    identical: bool
    rounds: frozenset[bool]
    one_origin: bool
    difference: Difference

    def __add__(self, other: "_Found") -> "_Found":
        return _Found(
            self.identical and other.identical,
            self.rounds & other.rounds,
            self.one_origin and other.one_origin,
            self.difference + other.difference,
        )


def _nothing(pair: Pair) -> _Found:
    """Return what a pair without values gives, or one of codes of different sizes."""
    empty = not pair.tensor.nbytes
    one, other = pair.types
    rounds = _directions(pair.types) if empty else frozenset()
    return _Found(empty and one is other, rounds, bool(rounds), Difference())


def _directions(types: tuple[DType, DType]) -> frozenset[bool]:
    """Return the ways in which one tensor may be the other one rounded."""
    one, other = types
    if one is other or not (one.convertible and other.convertible):
        return frozenset()
    if one.bits == other.bits:
        return frozenset({False, True})
    return frozenset({one.bits < other.bits})


def _finished(pair: Pair, total: _Found) -> TensorDifference:
    gap = total.difference
    equal = pair.measured and not (gap.largest or gap.invalid)
    return TensorDifference(
        tensor=pair.tensor,
        identical=total.identical,
        same=total.identical or total.one_origin or equal,
        difference=gap if pair.measured else None,
    )


def _stream(reading: Reading, pairs: list[Pair], keep: Callable[[TensorDifference], None]) -> None:
    parts: Gathering[int, _Found] = Gathering({pair.index: slice_count(pair) for pair in pairs})

    def work(bench: Bench) -> Callable[[PairSlice], TensorDifference | None]:
        reader = _Reader(bench)

        def one(part: PairSlice) -> TensorDifference | None:
            result = reader.look(part)
            if result is None:
                return None
            every = parts.add(part.pair.index, part.start, result)
            if every is None:
                return None
            return _finished(part.pair, reduce(lambda one, other: one + other, every))

        return one

    stream(reading, list(slices(pairs)), work, keep)


class _Reader:
    """Reads slices of both sides in one thread and compares them."""

    def __init__(self, bench: Bench) -> None:
        from ckpt_studio.engine._torch.differences import Comparer  # noqa: PLC0415 - loads torch

        self._bench = bench
        self._comparer: Comparer = Comparer()

    def look(self, part: PairSlice) -> _Found | None:
        """Compare a slice; None when the work is given up."""
        pair = part.pair
        rounds = _directions(pair.types)
        total = _Found(True, rounds, bool(rounds), Difference())
        for start in range(part.start, part.stop, STEP_VALUES):
            if self._bench.stopping():
                return None
            stop = min(start + STEP_VALUES, part.stop)
            self._read(pair.a, self._comparer.a, start * pair.sizes[0], stop * pair.sizes[0])
            self._read(pair.b, self._comparer.b, start * pair.sizes[1], stop * pair.sizes[1])
            total += self._compared(pair, stop - start, total)
            self._bench.meter.add((stop - start) * sum(pair.sizes), pair.tensor.name)
        return total

    def _read(self, of: tuple[Segment, ...], into: bytearray, start: int, stop: int) -> None:
        view = memoryview(into)[: stop - start]
        materialise(cut(of, start, stop), view, self._bench.sources, self._comparer.convert)

    def _compared(self, pair: Pair, count: int, before: _Found) -> _Found:
        comparer, (one, other) = self._comparer, pair.types
        identical = one is other and comparer.identical(count * pair.sizes[0])
        if not pair.measured:
            return _Found(identical, frozenset(), False, Difference())
        left = {
            swapped
            for swapped in before.rounds
            if comparer.rounds_to(
                count, other if swapped else one, one if swapped else other, swapped=swapped
            )
        }
        near = bool(left) or (before.one_origin and comparer.one_origin(count, one, other))
        return _Found(identical, frozenset(left), near, comparer.difference(count, one, other))
