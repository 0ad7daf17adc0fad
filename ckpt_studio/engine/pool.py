"""Several threads work off one list while the caller reports progress and may stop them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from os import cpu_count
from typing import Generic, TypeVar

from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback

_TICK_S = 0.05
T = TypeVar("T")


def thread_count(wanted: int) -> int:
    """Return how many threads to use; 0 means one for each core."""
    return wanted if wanted > 0 else min(32, cpu_count() or 1)


class Meter:
    """Bytes done so far, and what is being worked on."""

    def __init__(self, total: int, phase: str) -> None:
        self._total = total
        self._phase = phase
        self._done = 0
        self._label = ""
        self._lock = threading.Lock()

    def add(self, count: int, label: str) -> None:
        """Count finished bytes of something."""
        with self._lock:
            self._done += count
            self._label = label

    def snapshot(self) -> Progress:
        """Return the state as it is shown."""
        with self._lock:
            return Progress(self._done, self._total, self._label, self._phase)


class Pool(Generic[T]):
    """Runs work items on threads; the first failure stops all of them.

    ``worker`` is called once in each thread and returns the function for one item. The calling
    thread waits, reports progress about twenty times a second and watches the cancel token.
    """

    def __init__(
        self, worker: Callable[[], Callable[[T], None]], *, stop: Callable[[], None] = lambda: None
    ) -> None:
        self._worker = worker
        self._stop = stop
        self._stopping = threading.Event()
        self._problem: BaseException | None = None
        self._lock = threading.Lock()

    @property
    def stopping(self) -> bool:
        """Whether items in work should be given up."""
        return self._stopping.is_set()

    def run(
        self,
        items: Sequence[T],
        threads: int,
        meter: Meter,
        progress: ProgressCallback,
        cancel: CancelToken,
    ) -> None:
        """Work off all items.

        Raises:
            Cancelled: the token was raised; all threads have ended.
            Exception: whatever the first failing item raised.
        """
        queue = iter(items)
        workers = [
            threading.Thread(target=self._work, args=(queue,), name=f"worker-{number}")
            for number in range(max(1, min(threads, len(items))))
        ]
        try:
            for thread in workers:
                thread.start()
            self._watch(workers, meter, progress, cancel)
        except BaseException:
            self._give_up()
            raise
        finally:
            for thread in workers:
                if thread.ident is not None:
                    thread.join()
        if self._problem:
            raise self._problem
        progress(meter.snapshot())

    def _watch(
        self,
        workers: list[threading.Thread],
        meter: Meter,
        progress: ProgressCallback,
        cancel: CancelToken,
    ) -> None:
        for thread in workers:
            while thread.is_alive():
                thread.join(_TICK_S)
                cancel.raise_if_cancelled()
                if thread.is_alive():
                    progress(meter.snapshot())

    def _work(self, queue: Iterator[T]) -> None:
        try:
            work = self._worker()
            while not self.stopping:
                with self._lock:
                    item = next(queue, None)
                if item is None:
                    return
                work(item)
        except BaseException as problem:  # noqa: BLE001 - raised again in the calling thread
            with self._lock:
                self._problem = self._problem or problem
            self._give_up()

    def _give_up(self) -> None:
        self._stopping.set()
        self._stop()
