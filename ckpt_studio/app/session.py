"""What is open: files, the recipe being built, its plan, and the history of its edits."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoGroup, QUndoStack

from ckpt_studio.app.document import Document
from ckpt_studio.app.planner import Planned, Planner
from ckpt_studio.app.swap import Swap
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.assembly import slots
from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.output_kinds import OutputKind, kind_of
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Assemble, Output
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.separate_plans import SeparatePlans


class Session(QObject):
    """The state of one window; panels ask it for changes and listen to it."""

    files_changed = Signal()
    recipe_changed = Signal(object)  # Assemble
    plan_changed = Signal(object)  # Plan, or None while there is nothing to plan
    plan_failed = Signal(Exception)
    current_changed = Signal(object)  # Document

    def __init__(self, verbs: Verbs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.verbs = verbs
        self.undo_stack = QUndoStack(self)
        self.undo_group = QUndoGroup(self)
        self.undo_group.addStack(self.undo_stack)
        self.undo_group.setActiveStack(self.undo_stack)
        self.new_checkpoint = Document(self.tr("New checkpoint"), parent=self)
        self.undo_group.addStack(self.new_checkpoint.undo_stack)
        self.new_checkpoint.metadata_changed.connect(self._take_metadata_edits)
        self._documents: dict[Path, Document] = {}
        self._current = self.new_checkpoint
        self._recipe = Assemble()
        self._plan: Plan | None = None
        self._parts: SeparatePlans | None = None
        self.other_uses: dict[str, Callable[[Path], bool]] = {}  # by the title of a panel
        self._planner = Planner(verbs, self)
        self._planner.planned.connect(self._take_plan)
        self._planner.failed.connect(self._take_plan_failure)

    @property
    def recipe(self) -> Assemble:
        """The recipe being built."""
        return self._recipe

    @property
    def plan(self) -> Plan | None:
        """The plan of the recipe; of the one before while a new plan is on its way."""
        return self._plan

    @property
    def planning(self) -> bool:
        """Whether the plan is about to change."""
        return self._planner.busy

    @property
    def parts(self) -> SeparatePlans | None:
        """The files of the parts, where each becomes one; the last ones that could be planned."""
        return self._parts if kind_of(self._recipe.output) is OutputKind.PARTS else None

    @property
    def documents(self) -> tuple[Document, ...]:
        """The open files in the order they were opened."""
        return tuple(self._documents.values())

    @property
    def files(self) -> Mapping[Path, Opened]:
        """The open files by path."""
        return {
            path: document.opened
            for path, document in self._documents.items()
            if document.opened is not None
        }

    @property
    def current(self) -> Document:
        """The document that the Tensors and Metadata panels show."""
        return self._current

    @property
    def recognised(self) -> str | None:
        """The id of the model family that the sources say."""
        return slots.recognised_family(self._recipe, self.files)

    @property
    def family(self) -> Architecture | None:
        """The model family to be saved: the one chosen, else the one recognised."""
        return slots.family_of(self._recipe, self.files)

    @property
    def source_documents(self) -> tuple[Document, ...]:
        """The open files that the recipe names."""
        found = map(self._documents.get, self._recipe.sources)
        return tuple(document for document in found if document is not None)

    @property
    def empty(self) -> bool:
        """Whether nothing was chosen yet."""
        recipe = self._recipe
        return not (recipe.model or recipe.text_encoders or recipe.vae or recipe.base)

    @property
    def unsaved(self) -> tuple[Document, ...]:
        """The documents with edits that are in no file."""
        edited = [document for document in self.documents if not document.undo_stack.isClean()]
        new_edited = not (self.undo_stack.isClean() and self.new_checkpoint.undo_stack.isClean())
        return (*((self.new_checkpoint,) if new_edited and not self.empty else ()), *edited)

    def add_file(self, opened: Opened) -> Document:
        """Take in an opened file, or refresh it where it is open already."""
        path = opened.checkpoint.path
        document = self._documents.get(path)
        if document is None:
            document = Document(path.name, opened, parent=self)
            self._documents[path] = document
            self.undo_group.addStack(document.undo_stack)
        elif document.opened != opened:
            document.reload(opened)
        self.files_changed.emit()
        return document

    def close_file(self, document: Document) -> None:
        """Forget an open file that the recipe does not use."""
        path = document.path
        if path is None or self._documents.pop(path, None) is None:
            return
        if self._current is document:
            self.show_document(self.new_checkpoint)
        self.undo_group.removeStack(document.undo_stack)
        document.deleteLater()
        self.files_changed.emit()

    def uses(self, path: Path) -> bool:
        """Whether the recipe takes a part from a file."""
        recipe = self._recipe
        return path in {recipe.model, recipe.base, recipe.vae, *recipe.text_encoders}

    def used_elsewhere(self, path: Path) -> str:
        """Return the title of another panel that uses a file, or nothing."""
        return next((title for title, uses in self.other_uses.items() if uses(path)), "")

    def show_document(self, document: Document) -> None:
        """Choose the document that the Tensors and Metadata panels show."""
        if document is not self._current:
            self._current = document
            self.current_changed.emit(document)

    def change(self, recipe: Assemble, title: str, merge: int = -1) -> None:
        """Replace the recipe as one step that can be undone.

        Steps in a row with the same ``merge`` number are one step: typing a name is undone at once.
        """
        if recipe != self._recipe:
            self.undo_stack.push(Swap(title, self._recipe, recipe, self._swap, merge))

    def _swap(self, recipe: Assemble, other: Assemble) -> None:
        """Show a recipe in place of another.

        Metadata have their own way. So has the path of the output, unless the step is about the
        kind of the output: then it comes back with the kind.
        """
        now, output = self._recipe, recipe.output
        if kind_of(recipe.output) is kind_of(other.output):
            output = replace(now.output, names=output.names, shard_bytes=output.shard_bytes)
        self._show(replace(recipe, output=output, metadata=now.metadata))

    def set_output(self, output: Output) -> None:
        """Say where the result goes; this is no step of its own."""
        if output != self._recipe.output:
            self._show(replace(self._recipe, output=output))

    def replan(self) -> None:
        """Plan again, because files changed."""
        if not self.empty:
            self._planner.request(self._recipe)

    def mark_saved(self) -> None:
        """Say that the recipe as it is now was saved."""
        self.undo_stack.setClean()
        self.new_checkpoint.undo_stack.setClean()

    def stop(self) -> None:
        """Wait for what runs in the background."""
        self._planner.stop()

    def _show(self, recipe: Assemble) -> None:
        self._recipe = recipe
        self.recipe_changed.emit(recipe)
        if self.empty:
            self._plan = None
            self.plan_changed.emit(None)
        else:
            self._planner.request(self._recipe)  # a receiver may have changed it again

    @Slot(object)
    def _take_metadata_edits(self, _: object) -> None:
        edits = self.new_checkpoint.edits_since_original()
        if edits != self._recipe.metadata.edits:
            choice = replace(self._recipe.metadata, edits=edits)
            self._show(replace(self._recipe, metadata=choice))

    @Slot(Planned)
    def _take_plan(self, planned: Planned) -> None:
        if planned.recipe != self._recipe:
            return
        self._plan = planned.plan
        self._parts = planned.parts or self._parts
        if self.new_checkpoint.original != planned.unedited:
            self.new_checkpoint.set_original(planned.unedited)
        self.new_checkpoint.set_opened(planned.table)
        self.plan_changed.emit(planned.plan)

    @Slot(object, Exception)
    def _take_plan_failure(self, recipe: Assemble, error: Exception) -> None:
        if recipe == self._recipe:
            self._plan = None
            self.plan_failed.emit(error)
