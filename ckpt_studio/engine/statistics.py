"""Statistics of the values of tensors, streamed: memory does not grow with the file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.codes import coded
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.core.small_floats import table_of
from ckpt_studio.core.statistics import TensorStatistics, Values
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.engine.streaming import Bench, Gathering, Reading, stream

if TYPE_CHECKING:
    from ckpt_studio.engine._torch.counting import Counter

_SLICE_BYTES = 32 << 20
_STEP = 1 << 20
_WIDE = frozenset({DType.F64, DType.F32, DType.I64, DType.I32, DType.U64, DType.U32})


def take_statistics(
    checkpoint: Checkpoint,
    names: Iterable[str] | None = None,
    *,
    found: Callable[[TensorStatistics], object] = lambda _: None,
    biggest_first: bool = False,
    threads: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[TensorStatistics, ...]:
    """Return the statistics of some tensors, of all by default, in the order of the file.

    ``found`` is told of each tensor as soon as it is done, from the calling thread; they are read
    in the order of the file, or the biggest first.

    Raises:
        KeyError: there is no tensor of a name.
        SourceChangedError: the file is not what it was when it was opened.
        FormatError: it cannot be read.
        Cancelled: the token was raised; what was ``found`` until then holds.
    """
    asked = dict.fromkeys(checkpoint.tensors if names is None else names)
    wanted = [checkpoint.tensors[name] for name in asked]
    wanted.sort(key=lambda tensor: (tensor.shard, tensor.offset))
    codes = coded(checkpoint.tensors.values())
    done: dict[str, TensorStatistics] = {}

    def keep(result: TensorStatistics) -> None:
        done[result.name] = result
        found(result)

    streamed: list[TensorInfo] = []
    for tensor in wanted:
        if tensor.nbytes and has_values(tensor.dtype):
            streamed.append(tensor)
        else:
            values = Values() if has_values(tensor.dtype) else None
            keep(TensorStatistics(tensor.name, tensor.dtype, values, tensor.name in codes))
    if streamed:
        if biggest_first:
            streamed.sort(key=lambda tensor: -tensor.nbytes)
        used = {(0, tensor.shard) for tensor in streamed}
        total = sum(tensor.nbytes for tensor in streamed)
        cancel = cancel or CancelToken()
        reading = Reading((checkpoint,), used, total, "Statistics", threads, progress, cancel)
        _stream(reading, streamed, codes, keep)
    return tuple(done[tensor.name] for tensor in wanted)


def stream_statistics(
    checkpoint: Checkpoint,
    names: Iterable[str],
    *,
    found: Callable[[TensorStatistics], object],
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Do what ``take_statistics`` does for those who keep what is ``found``: nothing comes twice.

    Raises:
        KeyError, SourceChangedError, FormatError, Cancelled: as there.
    """
    take_statistics(checkpoint, names, found=found, progress=progress, cancel=cancel)


def has_values(dtype: DType) -> bool:
    """Whether values of a type have statistics: not those that are packed, and no complex ones."""
    return dtype in _WIDE or table_of(dtype) is not None


@dataclass(frozen=True, slots=True)
class _Slice:
    tensor: TensorInfo
    start: int
    stop: int


def _stream(
    reading: Reading,
    tensors: list[TensorInfo],
    codes: frozenset[str],
    keep: Callable[[TensorStatistics], None],
) -> None:
    slices = [
        _Slice(tensor, start, min(start + _SLICE_BYTES, tensor.nbytes))
        for tensor in tensors
        for start in range(0, tensor.nbytes, _SLICE_BYTES)
    ]
    parts: Gathering[str, Values] = Gathering(
        {tensor.name: -(-tensor.nbytes // _SLICE_BYTES) for tensor in tensors}
    )

    def work(bench: Bench) -> Callable[[_Slice], TensorStatistics | None]:
        step = _Step(bench)

        def one(part: _Slice) -> TensorStatistics | None:
            values = step.values(part)
            if values is None:
                return None
            name, dtype = part.tensor.name, part.tensor.dtype
            every = parts.add(name, part.start, values)
            if every is None:
                return None
            total = every[0]
            for more in every[1:]:
                total += more
            return TensorStatistics(name, dtype, total, name in codes)

        return one

    stream(reading, slices, work, keep)


class _Step:
    """Reads slices in one thread, with a buffer that is used again."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._buffer = memoryview(bytearray(_STEP))

    def values(self, part: _Slice) -> Values | None:
        """Return the statistics of a slice, None when the work is given up."""
        counter = self._counter(part.tensor.dtype)
        for start in range(part.start, part.stop, _STEP):
            if self._bench.stopping():
                return None
            data = self._buffer[: min(_STEP, part.stop - start)]
            key = (0, part.tensor.shard)
            self._bench.sources.read(key, data, part.tensor.offset + start)
            counter.add(data)
            self._bench.meter.add(len(data), part.tensor.name)
        return counter.result()

    @staticmethod
    def _counter(dtype: DType) -> "Counter":
        from ckpt_studio.engine._torch.counting import counter_for  # noqa: PLC0415 - loads torch

        return counter_for(dtype)
