"""Puts written data on the disk while the rest is being written.

The final ``fsync`` has little left to do then, and the data that is only in memory never grows
beyond what the disk takes in about half a second: a cancel does not wait for the disk.
"""

import threading
from time import monotonic

from ckpt_studio.formats.files import Files

_START = 128 << 20
_LEAST = 64 << 20
_STEP = 16 << 20
_SECONDS = 0.5


class Flusher:
    """Flushes a file from a thread of its own; a context manager around the writing."""

    def __init__(self, files: Files, file: int, total: int) -> None:
        self._files = files
        self._file = file
        self._written = 0
        self._flushed = 0
        self._limit = 2 * _START
        self._problem: OSError | None = None
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="flush")
        self._needed = total > _START

    def __enter__(self) -> "Flusher":
        """Start, unless there is too little to write."""
        if self._needed:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; what is written is left to ``fsync``."""
        self.stop()
        if self._needed:
            self._thread.join()

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wrote(self, count: int) -> None:
        """Say that bytes were written; waits while too much is not on the disk yet.

        Raises:
            OSError: the disk refused data written before (it says so only once).
        """
        with self._changed:
            self._written += count
            self._changed.notify_all()
            while self._needed and not self._stopped and self._waiting > self._limit:
                self._changed.wait()
        self.raise_problem()

    def raise_problem(self) -> None:
        """Raise what the disk reported."""
        if self._problem:
            raise self._problem

    @property
    def _waiting(self) -> int:
        return self._written - self._flushed

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting < _STEP and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                written = self._written
            started = monotonic()
            try:
                self._files.flush_data(self._file)
            except OSError as problem:
                self._problem = problem
                self.stop()
                return
            self._note(written, monotonic() - started)

    def _note(self, written: int, seconds: float) -> None:
        with self._changed:
            speed = (written - self._flushed) / max(seconds, 1e-3)
            self._limit = max(_LEAST, int(speed * _SECONDS))
            self._flushed = written
            self._changed.notify_all()
