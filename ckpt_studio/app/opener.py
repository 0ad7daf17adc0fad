"""Opens files (headers only) on a thread of its own, in the order they were asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.verbs import Meant, Open
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.meaning import Meaning
from ckpt_studio.qt.job import Job


@dataclass(frozen=True, slots=True)
class Outcome:
    """The files that opened, and the errors of those that did not.

    ``several`` are folders with more than one model. ``completed`` are shards that were given and
    that stand for a set with more files.
    """

    opened: tuple[Opened, ...]
    failed: tuple[tuple[Path, CkptStudioError], ...]
    several: tuple[Meaning, ...] = ()
    completed: tuple[tuple[Path, Opened], ...] = ()


Then = Callable[[Outcome], object]
TakeFiles = Callable[[tuple[Path, ...]], object]


class Opener(QObject):
    """Runs one batch of files after the other; each says what to do with the outcome."""

    crashed = Signal(Exception)
    busy_changed = Signal(bool)

    def __init__(self, open_file: Open, meant: Meant, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open, self._meant = open_file, meant
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
        job = Job(lambda _, cancel: _open_all(self._open, self._meant, paths, cancel), parent=self)
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


def _open_all(
    open_file: Open, meant: Meant, paths: tuple[Path, ...], cancel: CancelToken
) -> Outcome:
    given: dict[Path, list[Path]] = {}
    several: list[Meaning] = []
    for path in paths:
        meaning = meant(path, cancel)
        if meaning.models:
            several.append(meaning)
        else:
            given.setdefault(meaning.path, []).append(path)
    opened, failed, completed = [], [], []
    for path, names in given.items():
        try:
            model = open_file(path)
        except CkptStudioError as error:
            failed.append((path, error))
            continue
        opened.append(model)
        shard = names[0].is_file() and names[0].suffix != ".json"
        if shard and len(names) < len(model.checkpoint.files):
            completed.append((names[0], model))
    return Outcome(tuple(opened), tuple(failed), tuple(several), tuple(completed))
