"""From the plan on screen to a job in the queue: the last look, then the work, then the result."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.edit_saving import EditSaving
from ckpt_studio.app.job_log import JobLog
from ckpt_studio.app.output_choice import OutputChoice
from ckpt_studio.app.parts_job import PartsJob, planned
from ckpt_studio.app.save_plan import Answer, SavePlanDialog, unusual
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import Assemble, Convert, Recipe
from ckpt_studio.engine.separate_plans import SeparatePlans
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.job import Work


class Saving(QObject):
    """Asks where and whether, and hands the work to the job log; others do so through it."""

    saved = Signal(Report)

    def __init__(self, session: Session, log: JobLog, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self.log, self.settings = session, log, settings
        self._window = window
        self._wanted = False  # Save was asked for while the plan was on its way
        self.output = OutputChoice(session, settings, window)
        self.edits = EditSaving(session, log, settings, window)
        session.plan_changed.connect(self._plan_arrived)

    def save(self) -> None:
        """Save the recipe being built, after a look at its plan."""
        session = self._session
        if session.planning:
            self._wanted = True
            return
        plan = session.plan
        if plan is None or plan.errors or plan.output is None:
            return
        answer = self.confirmed(plan)
        if answer is not None:
            self._start(replace(plan, on_overflow=answer.on_overflow), answer.options)

    def confirmed(self, plan: Plan) -> Answer | None:
        """Show a plan before it is carried out; None where the user would rather not.

        A plan with nothing unusual is not shown where the user said so.
        """
        if not unusual(plan) and self.settings.skip_usual_plan:
            return Answer(self.options, skip_next_time=True, on_overflow=plan.on_overflow)
        return self._ask(plan, self.options)

    @property
    def options(self) -> WriteOptions:
        """How files are written unless the user ticks something else."""
        return WriteOptions(verify=self.settings.verify, hashes=self.settings.hashes)

    def start_convert(self, recipe: Convert, options: WriteOptions) -> None:
        """Write a model in another form, as a job of its own; the recipe being built stays."""
        self._note_options(options)
        name = recipe.output.path.name if recipe.output.path else ""
        work = planned_anew(self._session.verbs, recipe, options)
        self.log.start(self.tr("Saving {name}").format(name=name), work, recipe, self.saved.emit)

    def save_document(self, document: Document) -> None:
        """Write the edited metadata of an open file into it; or save the new checkpoint."""
        if document.path is None or document is self._session.new_checkpoint:
            self.save()
            return
        self.edits.save(document)

    def _ask(self, plan: Plan, options: WriteOptions) -> Answer | None:
        dialog = SavePlanDialog(plan, options, self._window)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        answer = dialog.answer
        dialog.deleteLater()
        if not accepted:
            return None
        self._note_options(answer.options)
        self.settings.skip_usual_plan = answer.skip_next_time
        return answer

    def _note_options(self, options: WriteOptions) -> None:
        self.settings.verify, self.settings.hashes = options.verify, options.hashes

    def _start(self, plan: Plan, options: WriteOptions) -> None:
        session = self._session
        wanted, verbs, parts = session.recipe, session.verbs, session.parts
        recipe = replace(wanted, on_overflow=plan.on_overflow)
        output = plan.output or Path()

        def done(report: object) -> None:
            if replace(session.recipe, output=wanted.output) == wanted:
                session.mark_saved()
            if isinstance(report, Report):
                self.saved.emit(report)
            self.output.note_saved()

        if parts is not None:
            job = PartsJob(verbs, parts, plan.on_overflow, options)
            title = self.tr("Saving {count} parts").format(count=len(parts.plans))
            named = _with_names(recipe, parts)
            self.log.start(title, job.first, named, done, again=job.again, complete=job.done)
            return
        self.settings.output_folder = str(output.parent)
        title = self.tr("Saving {name}").format(name=output.name)

        def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
            return verbs.write(plan, options, progress, cancel)

        self.log.start(title, work, recipe, done, again=planned_anew(verbs, recipe, options))

    def _plan_arrived(self, _: object) -> None:
        if self._wanted:
            self._wanted = False
            self.save()


def _with_names(recipe: Assemble, parts: SeparatePlans) -> Assemble:
    """Return the recipe with the names that the parts have now, proposed or not."""
    names = {file.part: file.file for file in parts.files}
    return replace(recipe, output=replace(recipe.output, names=names))


def planned_anew(verbs: Verbs, recipe: Recipe | LoraRecipe, options: WriteOptions) -> Work:
    """Return work that plans a recipe and writes the plan; for jobs that are run again."""

    def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
        return verbs.write(planned(verbs.plan(recipe)), options, progress, cancel)

    return work
