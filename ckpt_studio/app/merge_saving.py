"""From the plan of a merge to jobs in the queue: the last look, then a job for each file."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.merge_output import MergeOutput
from ckpt_studio.app.save_plan import Answer
from ckpt_studio.app.saving import Saving, planned_anew
from ckpt_studio.app.session import Session
from ckpt_studio.core.plan import Report
from ckpt_studio.core.recipe import Merge


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
            for recipe in choices.draft.merges:
                self._start(recipe, answer)

    def _start(self, recipe: Merge, answer: Answer) -> None:
        wanted = replace(recipe, on_overflow=answer.on_overflow)
        work = planned_anew(self._session.verbs, wanted, answer.options)
        name = (recipe.output.path or Path()).name
        self._saving.log.start(
            self.tr("Merging {name}").format(name=name), work, wanted, self._done
        )

    def _done(self, report: object) -> None:
        if isinstance(report, Report):
            self.saved.emit(report)
        self._output.note_saved()

    def _plan_arrived(self, _: object) -> None:
        if self._wanted:
            self._wanted = False
            self.save()
