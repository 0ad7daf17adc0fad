"""Looks into the files that a slot is offered, in the background, and says which do not fit."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.verbs import Open
from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.slots import Files, Refused
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.model_folders import Model
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.core.recipe import Assemble
from ckpt_studio.qt.job import Job

_MOST = 400
_PERIOD_S = 0.4
_Slot = tuple[str, str]


class FitCheck(QObject):
    """Remembers for each file and slot why it does not fit; headers are read, nothing is kept."""

    found = Signal()  # more misfits are known; not more often than the eye needs

    def __init__(self, open_file: Open, parent: QObject) -> None:
        super().__init__(parent)
        self._open = open_file
        self._seen: dict[_Slot, dict[Path, int]] = {}
        self._misfits: dict[_Slot, dict[Path, str]] = {}
        self._slot: _Slot = ("", "")
        self._job: Job | None = None
        self._next: Job | None = None

    @property
    def misfits(self) -> Mapping[Path, str]:
        """Why files do not fit the slot asked about; those that fit or are not known are absent."""
        return self._misfits.get(self._slot, {}).copy()  # the job goes on adding to its own

    def ask(self, part: str, recipe: Assemble, files: Files) -> None:
        """Say which slot, and what else is chosen, the questions are about from now on."""
        family = slots.family_of(recipe, files) if part != "unet" else None
        self._slot = (part, family.id if family else "")
        self._about = recipe, dict(files)

    def look_at(self, models: Iterable[Model]) -> None:
        """Look into files in this order; what was asked before is dropped.

        A file is looked into again when its size has changed.
        """
        slot, (recipe, files) = self._slot, self._about
        seen, misfits = self._seen.setdefault(slot, {}), self._misfits.setdefault(slot, {})
        unknown = [each for each in models if seen.get(each.path) != each.bytes][:_MOST]

        def work(progress: ProgressCallback, cancel: CancelToken) -> None:
            news, due = False, monotonic() + _PERIOD_S
            for number, model in enumerate(unknown, 1):
                cancel.raise_if_cancelled()
                before = misfits.pop(model.path, "")
                reason = self._judge(slot[0], model.path, recipe, files)
                if reason:
                    misfits[model.path] = reason
                seen[model.path] = model.bytes
                news = news or reason != before
                if news and (number == len(unknown) or monotonic() >= due):
                    news, due = False, monotonic() + _PERIOD_S
                    progress(Progress(1, 1))

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
