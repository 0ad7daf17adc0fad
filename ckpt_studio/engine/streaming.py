"""Look at tensor data in slices on several threads, and hand over results while it runs."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, TypeVar

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.engine.lowering import FileKey
from ckpt_studio.engine.pool import Meter, Pool, thread_count
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.torch_start import TorchStart
from ckpt_studio.formats.files import Files

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker has at hand: the open files, a meter, and whether to stop."""

    sources: Sources
    meter: Meter
    stopping: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read and how: which files of which checkpoints, ``total`` bytes of them.

    ``progress``, ``cancel`` and results are served from the calling thread, about twenty times a
    second; ``threads`` 0 is one for each core.
    """

    checkpoints: Sequence[Checkpoint]
    used: Collection[FileKey]
    total: int
    phase: str
    threads: int = 0
    progress: ProgressCallback = ignore_progress
    cancel: CancelToken = field(default_factory=CancelToken)
    files: Files = field(default_factory=Files)


def stream(
    reading: Reading,
    items: Sequence[T],
    work: Callable[[Bench], Callable[[T], R | None]],
    found: Callable[[R], object],
) -> None:
    """Work off items on threads; ``work`` is called once in each and may use torch.

    What an item returns, unless it is None, goes to ``found`` in the calling thread.

    Raises:
        SourceChangedError: a file is not what it was when it was opened.
        FormatError: a file cannot be read.
        Cancelled: the token was raised.
    """
    results: deque[R] = deque()
    meter = Meter(reading.total, reading.phase)
    reading.cancel.raise_if_cancelled()
    sources = Sources(reading.checkpoints, sorted(set(reading.used)), reading.files, saving=False)
    torch = TorchStart()

    def worker() -> Callable[[T], None]:
        if not torch.ready(lambda: pool.stopping):
            return lambda _: None
        step = work(Bench(sources, meter, lambda: pool.stopping))

        def one(item: T) -> None:
            result = step(item)
            if result is not None:
                results.append(result)

        return one

    def tell(progress: Progress) -> None:
        while results:
            found(results.popleft())
        reading.progress(progress)

    pool: Pool[T] = Pool(worker)
    try:
        pool.run(items, thread_count(reading.threads), meter, tell, reading.cancel)
        sources.check()
    finally:
        sources.close()
        torch.finish()


class Gathering(Generic[K, R]):
    """Collects what the slices of each thing gave; the last slice gets all of it."""

    def __init__(self, slices: Mapping[K, int]) -> None:
        self._left = dict(slices)
        self._parts: dict[K, list[tuple[int, R]]] = {}
        self._lock = threading.Lock()

    def add(self, key: K, at: int, part: R) -> list[R] | None:
        """Add what a slice gave; the parts in their order when it was the last one."""
        with self._lock:
            self._parts.setdefault(key, []).append((at, part))
            self._left[key] -= 1
            if self._left[key]:
                return None
            return [part for _, part in sorted(self._parts.pop(key), key=itemgetter(0))]
