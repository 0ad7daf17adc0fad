"""One heavy job at a time; the queue owns jobs until their thread has ended."""

from collections import deque

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.qt.job import Job


class JobQueue(QObject):
    """Runs jobs in order and keeps each one alive until it is finished."""

    queued = Signal(Job)
    started = Signal(Job)
    removed = Signal(Job)
    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self._running is not None

    @property
    def running(self) -> Job | None:
        """The job that runs now."""
        return self._running

    @property
    def waiting(self) -> tuple[Job, ...]:
        """The jobs whose turn comes later, in order."""
        return tuple(self._waiting)

    def submit(self, job: Job) -> None:
        """Run the job when its turn comes."""
        job.setParent(self)
        job.finished.connect(self._next)
        self._waiting.append(job)
        self.queued.emit(job)
        if not self.busy:
            self._next()

    def remove(self, job: Job) -> None:
        """Take out a job that still waits; one that runs is asked to stop."""
        if job is self._running:
            job.cancel()
        elif job in self._waiting:
            self._waiting.remove(job)
            self.removed.emit(job)
            job.deleteLater()

    def cancel_all(self) -> None:
        """Drop what waits and ask what runs to stop."""
        for job in self.waiting:
            self.remove(job)
        if self._running is not None:
            self._running.cancel()

    @Slot()
    def _next(self) -> None:
        if self._running is not None:
            self._running.wait()
            self._running.deleteLater()
        self._running = self._waiting.popleft() if self._waiting else None
        if self._running is None:
            self.idle.emit()
        else:
            self.started.emit(self._running)
            self._running.start()
