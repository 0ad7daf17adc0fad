"""A plain text editor that gives back exactly the text it was given, apart from what was typed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontDatabase, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPlainTextEdit, QWidget
from typing_extensions import override

_PARAGRAPH = "\u2029"  # what Qt puts between lines

_BRIEF = frozenset({Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason})


class ValueEdit(QPlainTextEdit):
    """Knows no history of its own: undo and redo are asked of whoever owns the value."""

    text_edited = Signal(str)
    undo_requested = Signal()
    redo_requested = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line_end = "\n"
        self._showing = False
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.textChanged.connect(self._announce)

    def show_text(self, text: str) -> bool:
        """Show a text, keeping the cursor where it is; return whether it can be edited exactly."""
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        if text != self.exact_text():
            position = self.textCursor().position()
            self._showing = True
            self.setPlainText(text)
            self._showing = False
            cursor = self.textCursor()
            cursor.setPosition(min(position, max(0, self.document().characterCount() - 1)))
            self.setTextCursor(cursor)
        return self.exact_text() == text

    def exact_text(self) -> str:
        """Return the text with the line ends it came with (Qt's own way loses hard spaces)."""
        return self.document().toRawText().replace(_PARAGRAPH, self._line_end)

    def _announce(self) -> None:
        if not self._showing:
            self.text_edited.emit(self.exact_text())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo_requested.emit()
        else:
            super().keyPressEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _BRIEF:
            self.left.emit()
