"""Opens files (headers only) on a thread of its own, in the order they were asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.verbs import Open
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.recognition import Opened
from ckpt_studio.qt.job import Job


@dataclass(frozen=True, slots=True)
class Outcome:
    """The files that opened, and the errors of those that did not."""

    opened: tuple[Opened, ...]
    failed: tuple[tuple[Path, CkptStudioError], ...]


Then = Callable[[Outcome], object]


class Opener(QObject):
    """Runs one batch of files after the other; each says what to do with the outcome."""

    crashed = Signal(Exception)
    busy_changed = Signal(bool)

    def __init__(self, open_file: Open, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open = open_file
        self._waiting: list[tuple[tuple[Path, ...], Then]] = []
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether files are being opened."""
        return self._job is not None

    def request(self, paths: tuple[Path, ...], then: Then) -> None:
        """Open files and hand the outcome on, on the GUI thread."""
        self._waiting.append((paths, then))
        if self._job is None:
            self._start()

    def stop(self) -> None:
        """Forget what waits and wait for the batch that runs."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _start(self) -> None:
        paths, then = self._waiting.pop(0)
        job = Job(lambda _progress, _cancel: _open_all(self._open, paths), parent=self)
        job.succeeded.connect(then)
        job.failed.connect(self.crashed)
        job.finished.connect(self._finish)
        self._job = job
        self.busy_changed.emit(True)
        job.start()

    @Slot()
    def _finish(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        if self._waiting:
            self._start()
        else:
            self.busy_changed.emit(False)


def _open_all(open_file: Open, paths: tuple[Path, ...]) -> Outcome:
    opened, failed = [], []
    for path in paths:
        try:
            opened.append(open_file(path))
        except CkptStudioError as error:
            failed.append((path, error))
    return Outcome(tuple(opened), tuple(failed))
