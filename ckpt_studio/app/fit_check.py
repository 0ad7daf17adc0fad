"""Looks into the files that a slot is offered, in the background, and says which do not fit."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.verbs import Open
from ckpt_studio.core import slots
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.core.recipe import Assemble
from ckpt_studio.core.slots import Files, Refused
from ckpt_studio.qt.job import Job

_MOST = 400


class FitCheck(QObject):
    """Remembers for each file and slot why it does not fit; headers are read, nothing is kept."""

    found = Signal()  # more is known; at most 20 times a second

    def __init__(self, open_file: Open, parent: QObject) -> None:
        super().__init__(parent)
        self._open = open_file
        self._reasons: dict[tuple[str, str, Path], str] = {}
        self._slot = ("", "")
        self._job: Job | None = None
        self._next: Job | None = None

    def reason(self, path: Path) -> str:
        """Return why a file does not fit the slot asked about, "" where it does or is not known."""
        return self._reasons.get((*self._slot, path), "")

    def ask(self, part: str, recipe: Assemble, files: Files) -> None:
        """Say which slot, and what else is chosen, the questions are about from now on."""
        family = slots.family_of(recipe, files) if part != "unet" else None
        self._slot = (part, family.id if family else "")
        self._about = recipe, dict(files)

    def look_at(self, paths: Iterable[Path]) -> None:
        """Look into files in this order; what was asked before is dropped."""
        slot, (recipe, files) = self._slot, self._about
        unknown = [path for path in paths if (*slot, path) not in self._reasons][:_MOST]

        def work(progress: ProgressCallback, cancel: CancelToken) -> None:
            for number, path in enumerate(unknown, 1):
                cancel.raise_if_cancelled()
                self._reasons[*slot, path] = self._judge(slot[0], path, recipe, files)
                progress(Progress(number, len(unknown)))

        self.drop()
        if unknown:
            self._next = Job(work, parent=self)
            if self._job is None:
                self._start()

    @Slot()
    def drop(self) -> None:
        """Stop looking."""
        self._next = None
        if self._job is not None:
            self._job.cancel()

    def stop(self) -> None:
        """Stop looking and wait for the file that is being read."""
        self.drop()
        if self._job is not None:
            self._job.wait()

    def _judge(self, part: str, path: Path, recipe: Assemble, files: Files) -> str:
        try:
            placed = slots.place_in(recipe, part, self._open(path), files)
        except CkptStudioError as error:
            return error.message
        return placed.reason if isinstance(placed, Refused) else ""

    def _start(self) -> None:
        job, self._job, self._next = self._next, self._next, None
        if job is not None:
            job.progressed.connect(self.found)
            job.failed.connect(self._crash)
            job.finished.connect(self._finish)
            job.start()

    def _crash(self, error: Exception) -> None:
        raise error

    @Slot()
    def _finish(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._start()
