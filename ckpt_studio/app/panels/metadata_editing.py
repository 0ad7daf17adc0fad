"""The document that the views of the Metadata panel edit together."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata_needed import may_lose
from ckpt_studio.core.editing import replacing
from ckpt_studio.core.editing.metadata_rules import (
    difference,
    needed_between,
    needed_changes,
    same,
    with_values_of,
)
from ckpt_studio.core.editing.replacing import Found, Replaced, Search
from ckpt_studio.core.metadata import Edit, Metadata

_AGAIN_MS = 20


@dataclass(frozen=True, slots=True)
class _Typed:
    """The metadata before something was typed, where the undo stack stood, and the last step."""

    before: Metadata
    first: int
    last: int
    step: object

    def is_in(self, stack: QUndoStack) -> bool:
        """Whether what was typed is in effect, or can be made again."""
        return self.last <= stack.count() and stack.command(self.last - 1) is self.step


class MetadataEditing(QObject):
    """Makes edits, or says why one cannot be made; every view goes through it."""

    told = Signal(str, str)  # a sentence and its role; an empty one takes the last one back

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._typed: _Typed | None = None  # what nobody was asked about yet
        self._later = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._later.timeout.connect(self.settle_soon)
        self.document: Document | None = None

    @property
    def metadata(self) -> Metadata:
        """The metadata with the edits made so far."""
        return self.document.metadata if self.document else {}

    def edit(self, *edits: Edit, title: str = "", merge: int = -1, ask: bool = True) -> bool:
        """Make edits as one step; return whether they were made.

        ``ask``: ask first where they take or change what a loader needs.
        """
        if self._later.isActive():  # this must not come between what was typed and its question
            self.settle()
        return self._edit(*edits, title=title, merge=merge, ask=ask)

    def _edit(self, *edits: Edit, title: str, merge: int, ask: bool) -> bool:
        if self.document is None:
            return False
        if ask and not may_lose(needed_changes(edits, self.metadata), self._window):
            return False
        try:
            self.document.edit(*edits, title=title, merge=merge)
        except ValueError as mistake:
            self.tell(str(mistake), "bad")
            return False
        self.tell("")
        return True

    def typed(self, *edits: Edit, run: int, title: str = "") -> None:
        """Make edits that were typed, one step for a run; ``settle`` asks when it has ended."""
        if self.document is None:
            return
        stack, before, typed = self.document.undo_stack, self.metadata, self._typed
        if typed is None or typed.last != stack.index() or not typed.is_in(stack):
            typed = _Typed(before, stack.index(), stack.index(), None)
        self._edit(*edits, title=title, merge=run, ask=False)
        last = stack.index()
        self._typed = _Typed(typed.before, typed.first, last, stack.command(last - 1))

    def settle_soon(self) -> None:
        """Settle, but first let a click end: a question amid it would swallow it.

        A menu that it opens, and a dialog, come before the question, too.
        """
        if self._is_busy():
            self._later.start()
        else:
            self.settle()

    def _is_busy(self) -> bool:
        dialog = QApplication.activeModalWidget()
        return bool(
            QApplication.mouseButtons() != Qt.MouseButton.NoButton
            or QApplication.activePopupWidget()
            or (dialog and dialog is not self._window.window())
        )

    def settle(self) -> None:
        """Ask whether what was typed may change what a loader needs; else that becomes as before.

        What was undone meanwhile is asked about only when it has been made again; what was
        followed by something else is not.
        """
        self._later.stop()
        document, typed = self.document, self._typed
        if document is None or typed is None:
            return
        if typed.is_in(document.undo_stack) and document.undo_stack.index() < typed.last:
            return
        self._typed = None
        if not typed.is_in(document.undo_stack) or document.undo_stack.index() != typed.last:
            return
        needed = needed_between(typed.before, document.metadata)
        if may_lose(needed, self._window):
            return
        kept = with_values_of(needed, typed.before, document.metadata)
        if same(kept, typed.before):
            while document.undo_stack.index() > typed.first:
                document.take_back()
        back = difference(document.metadata, kept)
        if back:
            document.edit(*back, merge=document.undo_stack.command(typed.last - 1).id())

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
