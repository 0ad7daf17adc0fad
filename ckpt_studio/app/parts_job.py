"""Writes the parts of a checkpoint one after the other, as one job; what is complete stays."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.assembly.separate_files import report_of_all
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.plan import OnOverflow, Plan, Report
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.engine.separate_plans import SeparatePlans
from ckpt_studio.engine.write_options import WriteOptions


@dataclass(slots=True)
class PartsJob:
    """The work of one job; ``done`` grows with every file that is complete."""

    verbs: Verbs
    parts: SeparatePlans
    on_overflow: OnOverflow
    options: WriteOptions
    done: list[Report] = field(default_factory=list)

    def first(self, progress: ProgressCallback, cancel: CancelToken) -> Report:
        """Write the files as they were planned."""
        plans = [replace(plan, on_overflow=self.on_overflow) for plan in self.parts.plans]
        return self._write(plans, progress, cancel)

    def again(self, progress: ProgressCallback, cancel: CancelToken) -> Report:
        """Write the files that are not complete, planned anew."""
        complete = {report.path for report in self.done}
        recipes = [
            replace(file.recipe, on_overflow=self.on_overflow)
            for file in self.parts.files
            if file.recipe is not None and file.recipe.output.path not in complete
        ]
        return self._write([planned(self.verbs.plan(one)) for one in recipes], progress, cancel)

    def _write(
        self,
        plans: Sequence[Plan],
        progress: ProgressCallback,
        cancel: CancelToken,
    ) -> Report:
        for number, plan in enumerate(plans, start=1):
            cancel.raise_if_cancelled()
            show = _Numbered(progress, number, len(plans))
            self.done.append(self.verbs.write(plan, self.options, show, cancel))
        return report_of_all(self.done, self.parts.whole.output or Path())


def planned(plan: Plan) -> Plan:
    """Return a plan that has no errors.

    Raises:
        PlanError: it has.
    """
    if plan.errors:
        raise PlanError(plan.errors[0].message, plan.errors[0].hint)
    return plan


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Passes on the progress of one file with its number among all of them."""

    show: ProgressCallback
    number: int
    count: int

    def __call__(self, progress: Progress) -> None:
        words = QCoreApplication.translate("Jobs", "File {number} of {count}: {phase}")
        phase = words.format(number=self.number, count=self.count, phase=progress.phase)
        self.show(replace(progress, phase=phase))
