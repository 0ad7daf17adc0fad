"""From the plan of a merge to jobs in the queue: the last look, then a job for each file."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.merge_output import MergeOutput
from ckpt_studio.app.parts_job import planned
from ckpt_studio.app.saving import Saving, planned_anew
from ckpt_studio.app.session import Session
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.assembly.separate_files import report_of_all
from ckpt_studio.core.merging.draft import Draft
from ckpt_studio.core.plan import Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import Merge
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.job import Work


class MergeSaving(QObject):
    """Shows the plan, and hands the work to the job log."""

    saved = Signal(Report)

    def __init__(
        self,
        session: Session,
        choices: MergeChoices,
        output: MergeOutput,
        saving: Saving,
    ) -> None:
        super().__init__(choices)
        self._session, self._choices, self._output = session, choices, output
        self._saving = saving
        self._wanted = False  # Merge was asked for while the plan was on its way
        choices.plan_changed.connect(self._plan_arrived)

    @property
    def unsaved(self) -> str:
        """What a merge that is in no file is called; nothing where there is none."""
        return self.title if self._choices.unsaved else ""

    @property
    def title(self) -> str:
        """What the merge is called: the name of its file."""
        path = self._choices.draft.recipe.output.path
        return path.stem if path else self.tr("New merge")

    def save(self) -> None:
        """Write what is chosen, after a look at its plan; several files as one job each."""
        choices = self._choices
        if choices.planning:
            self._wanted = True
            return
        plan = choices.plan
        if plan is None or plan.errors or plan.output is None:
            return
        answer = self._saving.confirmed(plan)
        if answer is not None:
            self._saving.settings.output_folder = str(plan.output.parent)
            recipes = [
                replace(each, on_overflow=answer.on_overflow) for each in choices.draft.merges
            ]
            self._start(recipes, answer.options)

    def _start(self, recipes: list[Merge], options: WriteOptions) -> None:
        verbs, first = self._session.verbs, recipes[0]
        if len(recipes) > 1:
            title = self.tr("Merging {count} files").format(count=len(recipes))
            work = _together(verbs, recipes, options)
        else:
            name = (first.output.path or Path()).name
            title = self.tr("Merging {name}").format(name=name)
            work = planned_anew(verbs, first, options)
        draft = self._choices.draft
        self._saving.log.start(title, work, first, lambda report: self._done(draft, report))

    def _done(self, draft: Draft, report: object) -> None:
        self._choices.mark_saved(draft)
        if isinstance(report, Report):
            self.saved.emit(report)
        self._output.note_saved()

    def _plan_arrived(self, _: object) -> None:
        if self._wanted:
            self._wanted = False
            self.save()


def _together(verbs: Verbs, recipes: list[Merge], options: WriteOptions) -> Work:
    """Return work that writes several merges of the same models in one pass over them."""

    def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
        plans = [planned(verbs.plan(recipe)) for recipe in recipes]
        reports = verbs.write_together(plans, options, progress, cancel)
        whole = report_of_all(reports, reports[0].path.parent)
        return replace(whole, seconds=max(report.seconds for report in reports))

    return work
