"""The document that the views of the Metadata panel edit together."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata_needed import may_lose
from ckpt_studio.core.editing import replacing
from ckpt_studio.core.editing.metadata_rules import needed_changes
from ckpt_studio.core.editing.replacing import Found, Replaced, Search
from ckpt_studio.core.metadata import Edit, Metadata


class MetadataEditing(QObject):
    """Makes edits, or says why one cannot be made; every view goes through it."""

    told = Signal(str, str)  # a sentence and its role; an empty one takes the last one back

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._agreed: tuple[int, frozenset[str]] = -1, frozenset()  # run of typing, needed keys
        self.document: Document | None = None

    @property
    def metadata(self) -> Metadata:
        """The metadata with the edits made so far."""
        return self.document.metadata if self.document else {}

    def edit(self, *edits: Edit, title: str = "", merge: int = -1, ask: bool = True) -> bool:
        """Make edits as one step; return whether they were made.

        ``ask``: ask first where they take or change what a loader needs, once in a run of typing.
        """
        if self.document is None or (ask and not self._may_change(edits, merge)):
            return False
        try:
            self.document.edit(*edits, title=title, merge=merge)
        except ValueError as mistake:
            self.tell(str(mistake), "bad")
            return False
        self.tell("")
        return True

    def _may_change(self, edits: Sequence[Edit], run: int) -> bool:
        needed = needed_changes(edits, self.metadata)
        if run != -1 and self._agreed[0] == run:
            needed -= self._agreed[1]
        if not may_lose(needed, self._window):
            return False
        before = self._agreed[1] if self._agreed[0] == run else frozenset[str]()
        self._agreed = run, needed | before
        return True

    def count(self, search: Search) -> Found:
        """Return how often something is found."""
        return replacing.count(search, self.metadata)

    def matching_keys(self, search: Search) -> list[str]:
        """Return the keys of the rows in which something is found."""
        return replacing.matching_keys(search, self.metadata)

    def replaced(self, search: Search, replacement: str) -> Replaced:
        """Return what Replace all does."""
        return replacing.replaced(search, replacement, self.metadata)

    def is_placeholder(self, value: str) -> bool:  # noqa: ARG002 - for those that have some
        """Whether a value is none, but stands for others; it is not shown to be edited."""
        return False

    def tell(self, message: str, role: str = "dim") -> None:
        """Say something below the buttons."""
        self.told.emit(message, role)

    def undo(self) -> None:
        """Take the last edit back."""
        if self.document is not None:
            self.document.undo_stack.undo()

    def redo(self) -> None:
        """Make the last edit again that was taken back."""
        if self.document is not None:
            self.document.undo_stack.redo()
