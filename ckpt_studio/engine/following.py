"""Hash a file from its beginning while several threads still fill it."""

import hashlib
import heapq
import threading

from ckpt_studio.formats.files import Files

_STEP = 1 << 20


class Watermark:
    """How far a file is complete from its beginning, when ranges complete in any order."""

    def __init__(self, start: int) -> None:
        self._reached = start
        self._ahead: list[tuple[int, int]] = []
        self._stopped = False
        self._changed = threading.Condition()

    def complete(self, start: int, stop: int) -> None:
        """Say that a range is written."""
        with self._changed:
            heapq.heappush(self._ahead, (start, stop))
            while self._ahead and self._ahead[0][0] <= self._reached:
                self._reached = max(self._reached, heapq.heappop(self._ahead)[1])
            self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def beyond(self, position: int) -> int:
        """Wait until bytes after a position are complete; returns how far, or the position."""
        with self._changed:
            while self._reached <= position and not self._stopped:
                self._changed.wait()
            return position if self._stopped else self._reached


class Follower:
    """Takes the SHA-256 of ``start`` to ``stop`` of a file as it grows, in a thread of its own.

    It reads what was just written, so that copies by the kernel stay copies by the kernel.
    """

    def __init__(self, files: Files, file: int, mark: Watermark, start: int, stop: int) -> None:
        self._files = files
        self._file = file
        self._mark = mark
        self._at = start
        self._stop = stop
        self._hash = hashlib.sha256()
        self._problem: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="hash")
        self._thread.start()

    @property
    def at(self) -> int:
        """The position reached."""
        return self._at

    @property
    def running(self) -> bool:
        """Whether it still hashes."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    def hexdigest(self) -> str:
        """Return the hash.

        Raises:
            OSError: the file could not be read.
        """
        self.join()
        if self._problem:
            raise self._problem
        return self._hash.hexdigest()

    def _run(self) -> None:
        buffer = memoryview(bytearray(_STEP))
        try:
            while self._at < self._stop:
                reached = min(self._mark.beyond(self._at), self._stop)
                if reached <= self._at:
                    return
                self._take(buffer, reached)
        except OSError as problem:
            self._problem = problem

    def _take(self, buffer: memoryview, reached: int) -> None:
        part = buffer[: min(len(buffer), reached - self._at)]
        count = self._files.read_into(self._file, part, self._at)
        if not count:
            raise OSError(5, "the file just written is too short")
        self._hash.update(part[:count])
        self._at += count
