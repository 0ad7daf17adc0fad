"""Run one callable on a QThread and report on the GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal
from typing_extensions import override

from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, throttled

Work = Callable[[ProgressCallback, CancelToken], object]


_LEFT: set[QThread] = set()


def leave(job: "Job") -> None:
    """Let a job end by itself whose result nobody wants any more; the program ends after it."""
    job.cancel()
    if not job.isRunning():
        return
    job.setParent(None)
    _LEFT.add(job)
    job.finished.connect(lambda: _LEFT.discard(job))
    application = QCoreApplication.instance()
    if application is not None:
        application.aboutToQuit.connect(job.wait)


class Job(QThread):
    """A unit of background work: succeeded, failed or cancelled, then finished.

    The Job object itself lives on the GUI thread, so every receiver of its signals runs there,
    lambdas included. Only ``run`` executes on the worker thread. ``failed`` carries the exception
    with its traceback. Whoever starts a job keeps it until ``finished``; JobQueue does that.
    """

    progressed = Signal(Progress)
    succeeded = Signal(object)
    failed = Signal(Exception)
    cancelled = Signal()

    def __init__(self, work: Work, title: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._token = CancelToken()
        self.title = title

    def cancel(self) -> None:
        """Ask the work to stop at its next checkpoint."""
        self._token.cancel()

    @property
    def cancel_asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._token.cancelled

    @override
    def run(self) -> None:
        try:
            self._token.raise_if_cancelled()
            result = self._work(throttled(self.progressed.emit), self._token)
        except Cancelled:
            self.cancelled.emit()
        except Exception as error:  # noqa: BLE001 - the boundary: everything is reported
            self.failed.emit(error)
        else:
            self.succeeded.emit(result)
