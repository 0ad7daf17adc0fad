"""The jobs of this window: waiting, running and done, with what they were and how they went."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic

from PySide6.QtCore import QObject, Signal

from ckpt_studio.core.lora.recipes import AnyRecipe
from ckpt_studio.core.plan import Report
from ckpt_studio.core.progress import Progress
from ckpt_studio.core.rate import Rate
from ckpt_studio.qt.job import Job, Work
from ckpt_studio.qt.job_queue import JobQueue


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(eq=False, slots=True)
class Record:
    """One job as it is shown; it outlives the thread that did the work."""

    title: str
    work: Work | None = None  # None for a job of an earlier start
    recipe: AnyRecipe | None = None
    again: Work | None = None  # what "Try again" does, where that differs from the first time
    state: State = State.WAITING
    progress: Progress = field(default_factory=lambda: Progress(0, 0))
    rate: Rate = field(default_factory=Rate)
    result: object = None
    error: Exception | None = None
    job: Job | None = None
    then: Callable[[object], object] | None = None
    command: str = ""  # the command line of a job of an earlier start
    complete: Sequence[Report] = ()  # files that are written already, although the job is not done

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {State.DONE, State.FAILED, State.CANCELLED}


class JobLog(QObject):
    """Starts jobs on the queue and keeps a record of each; newest last."""

    added = Signal(Record)
    brought_back = Signal(Record)
    ended = Signal(Record)
    changed = Signal(Record)
    cleared = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.queue = JobQueue(self)
        self._records: list[Record] = []
        self.queue.started.connect(self._note_start)
        self.queue.removed.connect(self._note_removal)

    @property
    def records(self) -> tuple[Record, ...]:
        """All jobs in the order they were asked for."""
        return tuple(self._records)

    @property
    def running(self) -> Record | None:
        """The job that runs now."""
        return next((each for each in self._records if each.state is State.RUNNING), None)

    def start(
        self,
        title: str,
        work: Work,
        recipe: AnyRecipe | None = None,
        then: Callable[[object], object] | None = None,
        again: Work | None = None,
        *,
        complete: Sequence[Report] = (),
    ) -> Record:
        """Queue work; ``then`` gets its result on the GUI thread.

        ``complete`` is filled by work that writes several files, with those that are complete.
        """
        record = Record(title, work, recipe, again, then=then, complete=complete)
        job = Job(work, title)
        record.job = job
        job.progressed.connect(lambda progress: self._note_progress(record, progress))
        job.succeeded.connect(lambda result: self._note_end(record, State.DONE, result=result))
        job.failed.connect(lambda error: self._note_end(record, State.FAILED, error=error))
        job.cancelled.connect(lambda: self._note_end(record, State.CANCELLED))
        if then is not None:
            job.succeeded.connect(then)
        self._records.append(record)
        self.added.emit(record)
        self.queue.submit(job)
        return record

    def start_again(self, record: Record) -> Record:
        """Do a job once more, with the same ending."""
        work = record.again or record.work
        if work is None:
            return record
        return self.start(
            record.title,
            work,
            record.recipe,
            record.then,
            record.again,
            complete=record.complete,
        )

    def bring_back(self, records: Iterable[Record]) -> None:
        """Show jobs of an earlier start; they come before those of this one."""
        before = tuple(records)
        self._records[:0] = before
        for record in reversed(before):
            self.brought_back.emit(record)

    def cancel(self, record: Record) -> None:
        """Ask a job to stop, or take it out of the queue."""
        if record.job is not None and not record.ended:
            self.queue.remove(record.job)
            self.changed.emit(record)

    def clear_ended(self) -> None:
        """Forget the jobs that ended."""
        self._records = [each for each in self._records if not each.ended]
        self.cleared.emit()

    def _of(self, job: Job) -> Record | None:
        return next((each for each in self._records if each.job is job), None)

    def _note_start(self, job: Job) -> None:
        record = self._of(job)
        if record is not None:
            record.state = State.RUNNING
            self.changed.emit(record)

    def _note_removal(self, job: Job) -> None:
        record = self._of(job)
        if record is not None:
            self._note_end(record, State.CANCELLED)

    def _note_progress(self, record: Record, progress: Progress) -> None:
        if progress.phase != record.progress.phase:
            record.rate = Rate()
        record.progress = progress
        record.rate.add(progress.done, monotonic())
        self.changed.emit(record)

    def _note_end(
        self, record: Record, state: State, *, result: object = None, error: Exception | None = None
    ) -> None:
        record.state, record.result, record.error, record.job = state, result, error, None
        self.changed.emit(record)
        self.ended.emit(record)
