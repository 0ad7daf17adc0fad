"""Temporary files that a killed save left behind: offered for removal, never removed unasked."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from ckpt_studio.core import text
from ckpt_studio.qt.banner import Banner, Message, Remedy
from ckpt_studio.qt.job import Job

Find = Callable[[Path], tuple[Path, ...]]


class LeftoverFiles(QObject):
    """Looks in a folder once, on a thread of its own, and shows a banner when there are any."""

    def __init__(self, banner: Banner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._banner = banner
        self._job: Job | None = None

    def look(self, folder: Path, find: Find) -> None:
        """Look for leftovers in a folder."""
        job = Job(lambda _progress, _cancel: find(folder), parent=self)
        job.succeeded.connect(self._offer)
        job.finished.connect(job.deleteLater)
        job.finished.connect(self._forget_job)
        self._job = job
        job.start()

    def stop(self) -> None:
        """Wait for the search."""
        if self._job is not None:
            self._job.wait()

    @Slot(object)
    def _offer(self, found: tuple[Path, ...]) -> None:
        if not found:
            return
        size = text.binary_size(sum(path.stat().st_size for path in found if path.exists()))
        self._banner.show_message(
            Message(
                self.tr("A save that was interrupted left {size} behind.").format(size=size),
                self.tr("It is not a finished checkpoint and can be removed."),
                "\n".join(map(str, found)),
                kind="note",
                remedies=(Remedy(self.tr("Remove"), lambda: _remove(found)),),
            )
        )

    @Slot()
    def _forget_job(self) -> None:
        self._job = None


def _remove(found: tuple[Path, ...]) -> None:
    for path in found:
        path.unlink(missing_ok=True)
