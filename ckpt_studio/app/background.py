"""Work away from the window of which only the newest counts."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.core.progress import CancelToken
from ckpt_studio.qt.job import Job

T = TypeVar("T")


class Background(QObject):
    """Runs one piece of work at a time; what was asked for last is all that is handed on."""

    failed = Signal(Exception)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._next: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self._job is not None

    def request(self, work: Callable[[CancelToken], T], then: Callable[[T], object]) -> None:
        """Do some work and hand its result on, on the GUI thread, unless more is asked for."""
        job = Job(lambda _, cancel: work(cancel), parent=self)
        job.succeeded.connect(lambda result: self._hand_on(job, then, result))
        job.failed.connect(lambda error: self._hand_on(job, self.failed.emit, error))
        self.drop()
        self._next = job
        if self._job is None:
            self._start()

    def drop(self) -> None:
        """Forget what was asked for."""
        if self._next is not None:
            self._next.deleteLater()
        self._next = None
        if self._job is not None:
            self._job.cancel()

    def stop(self) -> None:
        """Forget what was asked for and wait for what runs."""
        self.drop()
        if self._job is not None:
            self._job.wait()

    def _hand_on(self, job: Job, then: Callable[..., object], result: object) -> None:
        if not job.cancel_asked:
            then(result)

    def _start(self) -> None:
        job, self._job, self._next = self._next, self._next, None
        if job is not None:
            job.finished.connect(self._finish)
            job.start()

    @Slot()
    def _finish(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._start()
