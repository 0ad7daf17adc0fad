"""From the plan on screen to a job in the queue: the last look, then the work, then the result."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.job_log import JobLog
from ckpt_studio.app.output_name import proposed_path
from ckpt_studio.app.save_plan import Answer, SavePlanDialog, unusual
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import EditMetadata, Output, Recipe
from ckpt_studio.engine.writing import WriteOptions
from ckpt_studio.qt.job import Work


class Saving(QObject):
    """Asks where and whether, and hands the work to the job log."""

    saved = Signal(Report)
    metadata_saved = Signal(object, object)  # Document, the metadata that its file has now

    def __init__(self, session: Session, log: JobLog, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._log, self._settings = session, log, settings
        self._window = window
        self._wanted = False  # Save was asked for while the plan was on its way
        self._proposed: Path | None = None
        session.plan_changed.connect(self._plan_arrived)
        session.recipe_changed.connect(self._propose)

    def set_path(self, path: Path | None) -> None:
        """Take the path that the user typed or chose."""
        overwrite = path is not None and path.is_file()
        output = replace(self._session.recipe.output, path=path, overwrite=overwrite)
        self._session.set_output(output)

    def browse(self) -> None:
        """Ask for the path by dialog; Replace is asked by the save plan, once."""
        current = self._session.recipe.output.path
        name, _ = QFileDialog.getSaveFileName(
            self._window,
            self.tr("Save checkpoint to"),
            str(current or self._settings.output_folder),
            self.tr("Models (*.safetensors *.sft)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if name:
            path = Path(name)
            self.set_path(path if path.suffix else path.with_suffix(".safetensors"))

    def save(self) -> None:
        """Save the recipe being built, after a look at its plan."""
        session = self._session
        if session.planning:
            self._wanted = True
            return
        plan = session.plan
        if plan is None or plan.errors or plan.output is None:
            return
        options = WriteOptions(verify=self._settings.verify, hashes=self._settings.hashes)
        if unusual(plan) or not self._settings.skip_usual_plan:
            answer = self._ask(plan, options)
            if answer is None:
                return
            options, plan = answer.options, replace(plan, on_overflow=answer.on_overflow)
        self._start(plan, options)

    def save_document(self, document: Document) -> None:
        """Write the edited metadata of an open file into it; or save the new checkpoint."""
        path = document.path
        if path is None or document is self._session.new_checkpoint:
            self.save()
            return
        recipe = EditMetadata(
            path, document.edits_since_original(), Output(path=path, overwrite=True)
        )
        written = dict(document.metadata)

        title = self.tr("Saving metadata of {name}").format(name=path.name)
        options = WriteOptions(verify=False, hashes=False)
        self._log.start(
            title,
            planned_anew(self._session.verbs, recipe, options),
            recipe,
            lambda _: self.metadata_saved.emit(document, written),
        )

    def _ask(self, plan: Plan, options: WriteOptions) -> Answer | None:
        dialog = SavePlanDialog(plan, options, self._window)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        answer = dialog.answer
        dialog.deleteLater()
        if not accepted:
            return None
        settings = self._settings
        settings.verify, settings.hashes = answer.options.verify, answer.options.hashes
        settings.skip_usual_plan = answer.skip_next_time
        return answer

    def _start(self, plan: Plan, options: WriteOptions) -> None:
        session = self._session
        wanted, verbs = session.recipe, session.verbs
        recipe = replace(wanted, on_overflow=plan.on_overflow)
        output = plan.output or Path()
        self._settings.output_folder = str(output.parent)
        title = self.tr("Saving {name}").format(name=output.name)

        def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
            return verbs.write(plan, options, progress, cancel)

        def done(report: object) -> None:
            if replace(session.recipe, output=wanted.output) == wanted:
                session.mark_saved()
            if isinstance(report, Report):
                self.saved.emit(report)
            self._refresh_overwrite()

        self._log.start(title, work, recipe, done, again=planned_anew(verbs, recipe, options))

    def _refresh_overwrite(self) -> None:
        """The file exists now: propose another name, or plan to replace what the user named."""
        if self._session.recipe.output.path == self._proposed:
            self._proposed = None
            self._session.set_output(replace(self._session.recipe.output, path=None))
        else:
            self.set_path(self._session.recipe.output.path)
        self._session.replan()

    def _plan_arrived(self, _: object) -> None:
        if self._wanted:
            self._wanted = False
            self.save()

    def _propose(self) -> None:
        """Follow the parts with the proposed name until the user gives one."""
        output = self._session.recipe.output
        if output.path is not None and output.path != self._proposed:
            return
        folder = Path(self._settings.output_folder) if self._settings.output_folder else None
        path = proposed_path(self._session.recipe, folder)
        if path != output.path:
            self._proposed = path
            self._session.set_output(replace(output, path=path, overwrite=False))


def planned_anew(verbs: Verbs, recipe: Recipe, options: WriteOptions) -> Work:
    """Return work that plans a recipe and writes the plan; for jobs that are run again."""

    def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
        plan = verbs.plan(recipe)
        if plan.errors:
            raise PlanError(plan.errors[0].message, plan.errors[0].hint)
        return verbs.write(plan, options, progress, cancel)

    return work
