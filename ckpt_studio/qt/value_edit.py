"""A plain text editor that gives back exactly the text it was given, apart from what was typed.

A long text is put in piece by piece, and one that differs a little from what is shown only where it
differs: the window goes on answering, and the place that is looked at stays.
"""

import re

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFontDatabase, QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget
from typing_extensions import override

from ckpt_studio.qt.line_field import BRIEF

_PARAGRAPH = "\u2029"  # what Qt puts between lines

_CHANGED = re.compile(r"[\0\u2028\u2029\ufdd0\ufdd1\ufeff\ufffe\ud800-\udfff]")
"""What Qt does not keep."""

_SPOILT = re.compile(r"[\ufeff\ufffe\ud800-\udfff]")
"""Byte order marks and halves of surrogate pairs, of which PySide makes something else."""

_PIECE = 80_000
"""Characters that are put in at once: about 10 ms of short lines."""

_WRAPPED = 5_000
"""Characters from which a line is not wrapped: that takes a time that grows with its square."""


class ValueEdit(QPlainTextEdit):
    """Knows no history of its own: undo and redo are asked of whoever owns the value."""

    text_edited = Signal(str)
    undo_requested = Signal()
    redo_requested = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line_end = "\n"
        self._showing = self._read_only = False
        self._whole, self._filled = "", 0  # the text that is being put in, and how far it is
        self._exact: str | None = ""  # what is shown, as long as nothing is typed
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._fill)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.textChanged.connect(self._announce)

    @property
    def filling(self) -> bool:
        """Whether a long text is still being put in; nothing can be typed until it is."""
        return self._turn.isActive()

    def show_text(self, text: str) -> bool:
        """Show a text, keeping the cursor where it is; return whether it can be edited exactly."""
        old = self.exact_text()
        if text == old:
            return _kept(text)
        old = old.replace("\r\n", "\n") if self._line_end == "\r\n" else old
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        plain = text.replace("\r\n", "\n") if self._line_end == "\r\n" else text
        plain = _SPOILT.sub("\ufffd", plain)
        long = _has_long_line(plain)
        wrap = self.LineWrapMode.NoWrap if long else self.LineWrapMode.WidgetWidth
        if wrap is not self.lineWrapMode():
            self.setLineWrapMode(wrap)
        if not self._change(old, plain):
            self._start(plain)
        kept = _kept(text)
        self._exact = text if kept else None
        return kept

    def exact_text(self) -> str:
        """Return the text with the line ends it came with (Qt's own way loses hard spaces)."""
        if self._exact is not None:
            return self._exact
        if self.filling:
            return self._whole.replace("\n", self._line_end)
        return self.document().toRawText().replace(_PARAGRAPH, self._line_end)

    @override
    def setReadOnly(self, ro: bool, /) -> None:
        self._read_only = ro
        super().setReadOnly(ro or self.filling)

    def _change(self, old: str, text: str) -> bool:
        """Replace what differs, if that is little beside the text."""
        if self.filling:
            return False
        start = _common(old, text)
        end = _common(old[start:][::-1], text[start:][::-1])
        if max(len(old), len(text)) - start - end > _PIECE:
            return False
        cursor = QTextCursor(self.document())
        cursor.setPosition(_units(old[:start]))
        keep = QTextCursor.MoveMode.KeepAnchor
        cursor.setPosition(_units(old[: len(old) - end]), keep)
        place, last = self.textCursor().position(), cursor.position()
        self._put(cursor, text[start : len(text) - end])
        if place <= last:
            seen = self.textCursor()
            seen.setPosition(min(place, self.document().characterCount() - 1))
            self.setTextCursor(seen)
        return True

    def _start(self, text: str) -> None:
        self._whole, self._filled = text, 0
        self._showing = True
        self.setPlainText("")
        self._showing = False
        self._fill()

    def _fill(self) -> None:
        """Put in the next piece; it ends with a line where there is one."""
        text, begin = self._whole, self._filled
        end = min(begin + _PIECE, len(text))
        if end < len(text):
            end = text.rfind("\n", begin, end) + 1 or end
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._put(cursor, text[begin:end])
        self._filled = end
        if begin == 0:
            self.moveCursor(QTextCursor.MoveOperation.Start)
        if end < len(text):
            self._turn.start()
        else:
            self._whole = ""
        super().setReadOnly(self._read_only or self.filling)

    def _put(self, cursor: QTextCursor, text: str) -> None:
        self._showing = True
        cursor.insertText(text)
        self._showing = False

    def _announce(self) -> None:
        if not self._showing:
            self._exact = None
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
        if event.reason() not in BRIEF:
            self.left.emit()


def _kept(text: str) -> bool:
    """Whether Qt gives a text back as it was: line ends of one kind, nothing of its own marks."""
    if "\r" in text:
        pairs = text.count("\r\n")
        if text.count("\r") != pairs or pairs != text.count("\n"):
            return False
    return "\0" not in text and (text.isascii() or not _CHANGED.search(text))


def _has_long_line(text: str) -> bool:
    """Whether a line is longer than twice ``_WRAPPED``; shorter ones may count, down to half."""
    starts = range(0, len(text) - _WRAPPED, _WRAPPED)
    return any(text.find("\n", start, start + _WRAPPED) < 0 for start in starts)


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with that are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _units(text: str) -> int:
    """Return the length of a text as Qt counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
