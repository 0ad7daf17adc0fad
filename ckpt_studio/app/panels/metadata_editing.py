"""The document that the views of the Metadata panel edit together."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.core.editing import replacing
from ckpt_studio.core.editing.replacing import Found, Search
from ckpt_studio.core.metadata import Edit, Metadata


class MetadataEditing(QObject):
    """Makes edits, or says why one cannot be made; every view goes through it."""

    told = Signal(str, str)  # a sentence and its role; an empty one takes the last one back

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.document: Document | None = None

    @property
    def metadata(self) -> Metadata:
        """The metadata with the edits made so far."""
        return self.document.metadata if self.document else {}

    def edit(self, *edits: Edit, title: str = "", merge: int = -1) -> bool:
        """Make edits as one step; return whether they could be made."""
        if self.document is None:
            return False
        try:
            self.document.edit(*edits, title=title, merge=merge)
        except ValueError as mistake:
            self.tell(str(mistake), "bad")
            return False
        self.tell("")
        return True

    def count(self, search: Search) -> Found:
        """Return how often something is found."""
        return replacing.count(search, self.metadata)

    def matching_keys(self, search: Search) -> list[str]:
        """Return the keys of the rows in which something is found."""
        return replacing.matching_keys(search, self.metadata)

    def replaced(self, search: Search, replacement: str) -> tuple[Edit, ...]:
        """Return the edits that replace what is found."""
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
