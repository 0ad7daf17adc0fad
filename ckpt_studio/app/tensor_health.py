"""From a document to what may be wrong with it, and from ticked fixes to a copy or the recipe."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Slot

from ckpt_studio.app.background import Background
from ckpt_studio.app.converting import Converting
from ckpt_studio.app.document import Document
from ckpt_studio.app.health_reading import HealthReading, Patient
from ckpt_studio.app.job_log import JobLog, Record
from ckpt_studio.app.job_text import error_sentences
from ckpt_studio.app.known_values import KnownValues
from ckpt_studio.app.panels.health_pane import Examined, HealthPane
from ckpt_studio.app.repair_dialog import RepairDialog, repaired_file
from ckpt_studio.app.session import Session
from ckpt_studio.core.checkpoint import SourceFile
from ckpt_studio.core.fixes import Fix
from ckpt_studio.core.health import Finding
from ckpt_studio.core.recipe import Convert, MetadataChoice, Output


class TensorHealth(QObject):
    """Fills a pane: with what the header tells at once, with everything as a job."""

    def __init__(
        self,
        session: Session,
        log: JobLog,
        known: KnownValues,
        converting: Converting,
        pane: HealthPane,
    ) -> None:
        super().__init__(pane)
        self._session, self._log, self._known = session, log, known
        self._converting, self._pane = converting, pane
        self._document: Document | None = None
        self._patient: Patient | None = None
        self._complete: dict[tuple[SourceFile, ...], Examined] = {}
        self._records: dict[Record, Patient] = {}
        self._background = Background(self)
        self._background.failed.connect(self._show_failure)
        pane.check_requested.connect(self._check)
        pane.progress.cancel_requested.connect(self._cancel)
        pane.fixes_requested.connect(self._fix)
        log.changed.connect(self._note)

    def stop(self) -> None:
        """Wait for what runs; it is asked to stop."""
        self._background.stop()

    def show(self, document: Document) -> None:
        """Look over a document, unless all of its values have been read already."""
        self._document = document
        self._patient = patient = self._patient_of(document)
        self._pane.set_in_recipe(document.assembled)
        self._background.drop()
        running = patient is not None and self._record_of(patient) is not None
        self._pane.show_running(running)
        if patient is None:
            self._pane.show_sentence(self.tr("There is nothing to check yet."))
            return
        complete = self._complete.get(_files_of(patient))
        if complete is not None and patient.plan is None:
            self._pane.show_examined(complete)
            return
        reading = HealthReading(self._session.verbs, self._known, patient)
        self._background.request(reading.quick, self._pane.show_examined)

    def _patient_of(self, document: Document) -> Patient | None:
        if not document.assembled:
            return None if document.opened is None else Patient((document.opened,))
        plan, files = self._session.plan, self._session.files
        if plan is None:
            return None
        return Patient(tuple(files[one.path] for one in plan.sources if one.path in files), plan)

    @Slot()
    def _check(self) -> None:
        patient = self._patient
        if patient is not None:
            names = ", ".join(opened.checkpoint.path.name for opened in patient.files)
            reading = HealthReading(self._session.verbs, self._known, patient)
            record = self._log.start(
                self.tr("Checking {name}").format(name=names), reading.thorough
            )
            self._records[record] = patient
            self._pane.show_running(True)

    @Slot()
    def _cancel(self) -> None:
        record = self._record_of(self._patient)
        if record is not None:
            self._log.cancel(record)

    def _record_of(self, patient: Patient | None) -> Record | None:
        return next((each for each, one in self._records.items() if one == patient), None)

    @Slot(Record)
    def _note(self, record: Record) -> None:
        patient = self._records.get(record)
        if patient is None:
            return
        shown = patient == self._patient
        if not record.ended:
            if shown and record.progress.total:
                self._pane.progress.show_progress(record.progress)
            return
        del self._records[record]
        if isinstance(record.result, Examined) and patient.plan is None:
            self._complete[_files_of(patient)] = record.result
        if shown:
            self._show_end(record)

    def _show_end(self, record: Record) -> None:
        self._pane.show_running(False)
        if isinstance(record.result, Examined):
            self._pane.show_examined(record.result)
        elif record.error is not None:
            self._show_failure(record.error)

    @Slot(Exception)
    def _show_failure(self, error: Exception) -> None:
        self._pane.show_sentence(error_sentences(error))

    @Slot(object)
    def _fix(self, findings: tuple[Finding, ...]) -> None:
        document = self._document
        fixes = tuple(finding.fix for finding in findings if finding.fix is not None)
        if document is None or document.opened is None or not fixes:
            return
        if document.assembled:
            self._fix_recipe(fixes)
            return
        checkpoint = document.opened.checkpoint
        recipe = Convert(
            checkpoint.path,
            metadata=MetadataChoice(edits=document.edits_since_original()),
            output=Output(path=repaired_file(checkpoint.files[0].path)),
        )
        edited = bool(recipe.metadata.edits)
        for fix in fixes:
            recipe = fix.applied(recipe)
        self._converting.start(recipe, partial(RepairDialog, findings=findings, edited=edited))

    def _fix_recipe(self, fixes: tuple[Fix, ...]) -> None:
        """Change the precision of parts in the new checkpoint, as one step that can be undone."""
        recipe = self._session.recipe
        precision = dict(recipe.precision)
        for fix in fixes:
            precision.update(fix.precision)
        title = fixes[0].label
        self._session.change(replace(recipe, precision=precision), title)


def _files_of(patient: Patient) -> tuple[SourceFile, ...]:
    return tuple(file for opened in patient.files for file in opened.checkpoint.files)
