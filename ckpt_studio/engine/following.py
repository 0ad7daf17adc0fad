"""Read a file from its beginning while several threads still fill it, to hash it."""

import hashlib
import heapq
import threading
from collections.abc import Iterator

from typing_extensions import override

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
    """Reads a growing file in a thread of its own; what it does with it is up to ``follow``.

    It reads what was just written, so that copies by the kernel stay copies by the kernel.
    """

    def __init__(self, files: Files, file: int, mark: Watermark, label: str) -> None:
        self.label = label
        self._files = files
        self._file = file
        self._mark = mark
        self._problem: OSError | None = None
        self._thread = threading.Thread(target=self._run, name=label)
        self.at = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, if it has begun."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def finish(self) -> None:
        """Wait for the end and raise what went wrong.

        Raises:
            OSError: the file could not be read, or not be written.
        """
        self.join()
        if self._problem:
            raise self._problem

    def follow(self) -> None:
        """Do the work, in the thread."""
        raise NotImplementedError

    def parts(self, start: int, stop: int) -> Iterator[memoryview]:
        """Yield the bytes of a range as they are complete; ends early when nobody waits.

        A part is only valid until the next one.
        """
        buffer = memoryview(bytearray(min(_STEP, max(1, stop - start))))
        self.at = start
        while self.at < stop:
            reached = min(self._mark.beyond(self.at), stop)
            if reached <= self.at:
                return
            part = buffer[: min(len(buffer), reached - self.at)]
            count = self._files.read_into(self._file, part, self.at)
            if not count:
                raise OSError(5, "the file just written is too short")
            yield part[:count]
            self.at += count

    def _run(self) -> None:
        try:
            self.follow()
        except OSError as problem:
            self._problem = problem


class Comparer(Follower):
    """Compares a range with another file that holds the same bytes ``shift`` bytes further on.

    That is several times as fast as taking the hash of both.
    """

    def __init__(
        self, files: Files, file: int, mark: Watermark, span: range, other: tuple[int, int]
    ) -> None:
        super().__init__(files, file, mark, "Comparing")
        self._span, (self._other, self._shift) = span, other
        self.same = True

    @override
    def follow(self) -> None:
        buffer = memoryview(bytearray(_STEP))
        for part in self.parts(self._span.start, self._span.stop):
            done = 0
            while done < len(part):
                view = buffer[: len(part) - done]
                count = self._files.read_into(self._other, view, self.at + done + self._shift)
                there = bytes(part[done : done + count])  # memoryviews are compared item by item
                if not count or there != bytes(view[:count]):
                    self.same = False
                    return
                done += count


class Hasher(Follower):
    """Takes the SHA-256 of ``start`` to ``stop``."""

    def __init__(self, files: Files, file: int, mark: Watermark, start: int, stop: int) -> None:
        super().__init__(files, file, mark, "SHA-256")
        self._range = (start, stop)
        self._hash = hashlib.sha256()

    @override
    def follow(self) -> None:
        for part in self.parts(*self._range):
            self._hash.update(part)

    def hexdigest(self) -> str:
        """Return the hash.

        Raises:
            OSError: the file could not be read.
        """
        self.finish()
        return self._hash.hexdigest()
