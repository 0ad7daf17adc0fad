"""Edits of metadata into their files: the plan, the question, the job, and what came of it."""

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.edit_elsewhere import EditElsewhere
from ckpt_studio.app.edit_plan import EditAnswer, EditPlanDialog
from ckpt_studio.app.edit_plan_text import saved_line
from ckpt_studio.app.edited import (
    Edited,
    Outcome,
    edited_now,
    outcome_of,
    same_header,
    work_of,
)
from ckpt_studio.app.job_log import JobLog, Record, State
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.errors import CkptStudioError, SourceChangedError, WriteError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.banner import Message
from ckpt_studio.qt.job import Job


class EditSaving(QObject):
    """Saves one document or several at once; what is asked for in one go is one question."""

    message = Signal(Message)
    copied = Signal(object)  # Path
    changed_on_disk = Signal(object)  # Document: its file is not the one that was opened
    settled = Signal()  # there is no question left to ask

    def __init__(self, session: Session, log: JobLog, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._log, self._settings = session, log, settings
        self._window = window
        self._wanted: list[Document] = []
        self._again: set[Document] = set()
        self._records: dict[Record, Edited] = {}
        self._job: Job | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._plan)
        self._elsewhere = EditElsewhere(settings, window)
        self._elsewhere.message.connect(self.message)
        self._elsewhere.copy_chosen.connect(self._start_copy)
        log.ended.connect(self._note_end)

    @property
    def busy(self) -> bool:
        """Whether a question is about to be asked."""
        return self._soon.isActive() or self._job is not None

    def saving(self, document: Document) -> bool:
        """Whether a job for the file of a document runs or waits."""
        return any(edited.document is document for edited in self._records.values())

    def stop(self) -> None:
        """Forget what was asked for and wait for what runs."""
        self._soon.stop()
        self._wanted.clear()
        if self._job is not None:
            self._job.wait()

    def save(self, document: Document) -> None:
        """Save the edits of a document; while they are being saved, once more afterwards."""
        if self.saving(document):
            self._again.add(document)
        elif document not in self._wanted:
            self._wanted.append(document)
            if self._job is None:
                self._soon.start()

    @Slot()
    def _plan(self) -> None:
        edits = [edited for each in self._wanted if (edited := edited_now(each))]
        self._wanted.clear()
        plan = self._session.verbs.plan

        def plans(_: ProgressCallback, __: CancelToken) -> list[Outcome]:
            return [outcome_of(plan, edited.recipe) for edited in edits]

        found: list[Outcome] = []
        job = self._job = Job(plans, parent=self)
        job.succeeded.connect(found.extend)
        job.failed.connect(_crashed)
        job.finished.connect(lambda: self._finish(job, edits, found))
        job.start()

    def _finish(self, job: Job, edits: list[Edited], outcomes: list[Outcome]) -> None:
        """Ask what is to be asked; the object stays busy until that is answered."""
        try:
            self._take(edits[: len(outcomes)], outcomes)
        finally:
            job.deleteLater()
            self._job = None
        if self._wanted:
            self._soon.start()
        else:
            self.settled.emit()

    def _take(self, edits: list[Edited], outcomes: list[Outcome]) -> None:
        ready: list[tuple[Edited, Plan]] = []
        for edited, outcome in zip(edits, outcomes, strict=True):
            if isinstance(outcome, CkptStudioError):
                self._elsewhere.offer(edited, outcome)
            elif not same_header(edited.opened.checkpoint, outcome.sources[0]):
                self.changed_on_disk.emit(edited.document)
            elif outcome.errors:
                todo = self.tr("Save a copy, or the metadata alone as JSON.")
                self._elsewhere.offer(edited, WriteError(outcome.errors[0].message, todo))
            else:
                ready.append((edited, outcome))
        answer = self._ask([plan for _, plan in ready]) if ready else None
        if answer is not None and answer.copy:
            self._elsewhere.copy(ready[0][0], answer.options)
        elif answer is not None:
            for edited, _ in ready:
                self._start(edited, answer.options)

    def _ask(self, plans: list[Plan]) -> EditAnswer | None:
        settings = self._settings
        usual = not any(p.severity is not Severity.NOTE for plan in plans for p in plan.problems)
        if usual and settings.skip_usual_edit:
            return EditAnswer(WriteOptions(hashes=settings.edit_hashes), skip_next_time=True)
        dialog = EditPlanDialog(plans, hashes=settings.edit_hashes, parent=self._window)
        dialog.set_skip(skip=settings.skip_usual_edit)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        answer = dialog.answer
        dialog.deleteLater()
        if not accepted:
            return None
        settings.edit_hashes = answer.options.hashes
        settings.skip_usual_edit = answer.skip_next_time
        return answer

    def _start(self, edited: Edited, options: WriteOptions) -> None:
        document, session = edited.document, self._session
        written: list[Opened] = []

        def done(report: object) -> None:
            document.mark_saved(edited.metadata, *written)
            for opened in written:
                session.add_file(opened)
            session.replan()
            self._tell(report)
            if document in self._again:
                self._again.discard(document)
                self.save(document)

        title = self.tr("Saving metadata of {name}").format(name=edited.recipe.source.name)
        work = work_of(edited, session.verbs, options, written)
        self._records[self._log.start(title, work, edited.recipe, done)] = edited

    def _start_copy(self, edited: Edited, options: WriteOptions) -> None:
        if edited.recipe.output.path == edited.recipe.source:
            self._start(edited, options)
            return

        def done(report: object) -> None:
            edited.document.drop_edits()  # they are in the copy now, as after any "Save as"
            self._tell(report)
            if isinstance(report, Report):
                self.copied.emit(report.path)

        title = self.tr("Saving a copy of {name}").format(name=edited.recipe.source.name)
        work = work_of(edited, self._session.verbs, options)
        self._records[self._log.start(title, work, edited.recipe, done)] = edited

    def _tell(self, report: object) -> None:
        if isinstance(report, Report):
            problems = [problem.message for problem in report.problems]
            told = self.tr("Saved {name}").format(name=report.path.name)
            line = "\n".join((saved_line(report), *problems))
            self.message.emit(Message(told, line, kind="warning" if problems else "good"))

    def _note_end(self, record: Record) -> None:
        edited = self._records.pop(record, None)
        if edited is None:
            return
        document = edited.document
        if isinstance(record.error, SourceChangedError):
            self.changed_on_disk.emit(document)
        elif isinstance(record.error, CkptStudioError):
            self._elsewhere.offer(edited, record.error)
        if record.state is not State.DONE:
            self._again.discard(document)


def _crashed(error: Exception) -> None:
    raise error
