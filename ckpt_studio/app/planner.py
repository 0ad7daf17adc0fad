"""Plans the recipe on a thread of its own: the newest request wins, the window never waits."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.assembly.planned_table import planned_table
from ckpt_studio.core.families import architecture
from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Assemble, Convert, Layout, Merge
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.separate_plans import SeparatePlans
from ckpt_studio.qt.job import Job

_PAUSE_MS = 30

Plannable = Assemble | Convert | Merge | LoraRecipe


@dataclass(frozen=True, slots=True)
class Planned:
    """A recipe and its plan; ``unedited`` is its metadata before the edits made by hand.

    ``table`` is the file as it will be, ready to be looked at. ``parts`` are the plans of the files
    where each part becomes one; ``plan`` shows all of them then.
    """

    recipe: Plannable
    plan: Plan
    unedited: Metadata
    table: Opened
    parts: SeparatePlans | None = None


class Planner(QObject):
    """Turns recipes into plans; ``planned`` comes for the last one that was asked for."""

    planned = Signal(Planned)
    failed = Signal(object, Exception)  # the recipe, the error

    def __init__(self, verbs: Verbs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._verbs = verbs
        self._wanted: Plannable | None = None
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._start)

    @property
    def busy(self) -> bool:
        """Whether a plan is on its way."""
        return self._job is not None or self._timer.isActive()

    def request(self, recipe: Plannable) -> None:
        """Ask for the plan of a recipe."""
        self._wanted = recipe
        if self._job is None:
            self._timer.start()

    def forget(self) -> None:
        """Drop what was asked for; what runs comes to its end."""
        self._wanted = None
        self._timer.stop()

    def stop(self) -> None:
        """Forget what was asked for and wait for what runs; planning takes milliseconds."""
        self.forget()
        if self._job is not None:
            self._job.wait()

    @Slot()
    def _start(self) -> None:
        recipe, self._wanted = self._wanted, None
        if recipe is None:
            return
        job = Job(lambda _progress, _cancel: _planned(self._verbs, recipe), parent=self)
        job.succeeded.connect(self.planned)
        job.failed.connect(lambda error: self.failed.emit(recipe, error))
        job.finished.connect(self._finish)
        self._job = job
        job.start()

    @Slot()
    def _finish(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        if self._wanted is not None:
            self._timer.start()


def _planned(verbs: Verbs, recipe: Plannable) -> Planned:
    architecture.families()  # read on this thread, they cost the window nothing
    plan, parts = _plan(verbs, recipe)
    unedited = plan.metadata
    if recipe.metadata.edits:
        before = replace(recipe, metadata=replace(recipe.metadata, edits=()))
        unedited = _plan(verbs, before)[0].metadata
    return Planned(recipe, plan, unedited, planned_table(plan), parts)


def _plan(verbs: Verbs, recipe: Plannable) -> tuple[Plan, SeparatePlans | None]:
    if not isinstance(recipe, Assemble) or recipe.output.layout is not Layout.PARTS:
        return verbs.plan(recipe), None
    parts = verbs.plan_parts(recipe)
    return parts.whole, parts
