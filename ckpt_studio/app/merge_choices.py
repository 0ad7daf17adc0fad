"""The merge being put together: its choices with undo, and its plan, made in the background."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoStack

from ckpt_studio.app.planner import Planned, Planner
from ckpt_studio.app.session import Session
from ckpt_studio.app.swap import Swap
from ckpt_studio.core.families.architecture import Architecture, family
from ckpt_studio.core.merging.draft import Draft
from ckpt_studio.core.merging.partitions import Partition, partitions_for
from ckpt_studio.core.merging.tables import keys_of
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Merge, Output
from ckpt_studio.core.recognition import Opened

if TYPE_CHECKING:
    from ckpt_studio.app.merge_reach import MergeReach


class MergeChoices(QObject):
    """Holds a draft; every change is a step of its undo stack, save for the path of the output."""

    draft_changed = Signal(object)  # Draft
    plan_changed = Signal(object)  # Plan, or None while there is nothing to plan
    plan_failed = Signal(Exception)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.undo_stack = QUndoStack(self)
        session.undo_group.addStack(self.undo_stack)
        self._draft = Draft()
        self._plan: Plan | None = None
        self._divided: tuple[Opened, tuple[Partition, ...]] | None = None
        self._reach: tuple[Opened, MergeReach] | None = None
        self._planner = Planner(session.verbs, self)
        self._planner.planned.connect(self._take_plan)
        self._planner.failed.connect(self._take_failure)

    @property
    def draft(self) -> Draft:
        """What is chosen now."""
        return self._draft

    @property
    def plan(self) -> Plan | None:
        """The plan of the first file; the one before while a new one is on its way."""
        return self._plan

    @property
    def planning(self) -> bool:
        """Whether the plan is about to change."""
        return self._planner.busy

    @property
    def unsaved(self) -> bool:
        """Whether there is something that is in no file."""
        return not (self._draft.empty or self.undo_stack.isClean())

    def mark_saved(self, draft: Draft) -> None:
        """Say that a draft was saved, if it is still this one; where it went does not matter."""
        output = self._draft.recipe.output
        if replace(draft, recipe=replace(draft.recipe, output=output)) == self._draft:
            self.undo_stack.setClean()

    @property
    def first(self) -> Opened | None:
        """Model A as it was opened."""
        path = self._draft.slots[0]
        return self._session.files.get(path) if path else None

    @property
    def family(self) -> Architecture | None:
        """The family of model A."""
        name = self.first.recognition.architecture if self.first else None
        return family(name) if name else None

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The ways to divide model A into blocks, the usual one first."""
        opened = self.first
        if opened is None:
            return ()
        if self._divided is None or self._divided[0] is not opened:
            family_id = opened.recognition.architecture
            self._divided = (opened, partitions_for(family_id, keys_of(opened)))
        return self._divided[1]

    @property
    def partition(self) -> Partition | None:
        """The way that is chosen."""
        name = self._draft.recipe.partition
        return next((each for each in self.partitions if name in {"", each.id}), None)

    @property
    def reach(self) -> "MergeReach | None":
        """What numbers reach in model A; None without it."""
        opened = self.first
        if opened is None:
            return None
        if self._reach is None or self._reach[0] is not opened:
            from ckpt_studio.app.merge_reach import MergeReach  # noqa: PLC0415 - not at the start

            self._reach = (opened, MergeReach(opened))
        return self._reach[1]

    @property
    def outside(self) -> tuple[str, ...]:
        """The parts that take the plain value of a parameter although blocks have their own."""
        if self.reach is None or self.partition is None:
            return ()
        return self.reach.outside(self.draft.merge, self.partition)

    def change(self, draft: Draft, title: str, stroke: int = -1) -> None:
        """Replace the draft as one step; steps in a row with the same ``stroke`` are one."""
        if draft != self._draft:
            self.undo_stack.push(Swap(title, self._draft, draft, self._swap, stroke))

    def _swap(self, draft: Draft, _: Draft) -> None:
        """Show a draft in place of another; the output goes its own way."""
        recipe = replace(draft.recipe, output=self._draft.recipe.output)
        self._show(replace(draft, recipe=recipe))

    def set_output(self, output: Output) -> None:
        """Say where the result goes; this is no step of its own."""
        if output != self._draft.recipe.output:
            self._show(replace(self._draft, recipe=replace(self._draft.recipe, output=output)))

    def replan(self) -> None:
        """Plan again, because files changed."""
        if not self._draft.lacking:
            self._planner.request(self._draft.merge)

    def stop(self) -> None:
        """Wait for what runs in the background."""
        self._planner.stop()

    def _show(self, draft: Draft) -> None:
        self._draft = draft
        self.draft_changed.emit(draft)
        if self._draft.lacking:
            self._planner.forget()
            self._plan = None
            self.plan_changed.emit(None)
        else:
            self.replan()

    @Slot(Planned)
    def _take_plan(self, planned: Planned) -> None:
        if self._current(planned.recipe):
            self._plan = planned.plan
            self.plan_changed.emit(planned.plan)

    @Slot(object, Exception)
    def _take_failure(self, recipe: Merge, error: Exception) -> None:
        if self._current(recipe):
            self._plan = None
            self.plan_failed.emit(error)

    def _current(self, recipe: object) -> bool:
        return not self._draft.lacking and recipe == self._draft.merge
