"""The pane below the metadata table: one value as text, checked as JSON while it is typed."""

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.core import json_text, text
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt.labels import ElidedLabel, label, set_property
from ckpt_studio.qt.value_edit import ValueEdit

LARGE = 64 * 1024
"""Characters from which a value is loaded only when asked for."""

_START = 2000
_PRETTY_BELOW = 2 * 1024 * 1024
_LONG_LINE = 200_000  # a line is laid out as a whole whenever a character changes
_PAUSE_MS = 300


class MetadataEditor(QWidget):
    """Shows a value and says what is typed; it changes no document itself."""

    value_edited = Signal(str, str, int)  # key, value, number of the run of typing
    emptied = Signal(str)  # key
    restore_requested = Signal(str)  # key
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key, self._value, self._run = "", "", 0
        self._loaded = self._editable = True
        self._note_text = ""
        self._style: json_text.Style | None = None  # of the line that is shown laid out
        self._title = ElidedLabel(role="h2")
        self._note = ElidedLabel(role="dim")
        self._note.setObjectName("metadataNote")
        self.edit = ValueEdit()
        self.edit.setObjectName("metadataValue")
        self.edit.setAccessibleName(self.tr("Value"))
        self._place, self._check = label(role="dim"), label(role="dim")
        self._place.setObjectName("metadataPlace")
        self._check.setObjectName("metadataCheck")
        button = self._button
        self._load = button("metadataLoad", self.tr("&Load"), self._load_all)
        self._restore = button("metadataRestore", self.tr("Use &original"), self._ask_original)
        self._format = button("metadataFormat", self.tr("For&mat"), self._format_json)
        self._compact = button("metadataCompact", self.tr("Compac&t"), self._compact_json)
        self._copy = button("metadataCopyValue", self.tr("&Copy"), self._copy_value)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._build()
        self._connect()
        self.show_nothing(self.tr("Choose a key to see its value."))

    def _button(self, name: str, title: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.setAccessibleName(title.replace("&", ""))
        button.setProperty("role", "link")
        button.clicked.connect(act)
        return button

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._title, 1)
        for button in (self._load, self._restore, self._format, self._compact, self._copy):
            top.addWidget(button)
        bottom = QHBoxLayout()
        bottom.addWidget(self._check)
        bottom.addWidget(self._note, 1)
        bottom.addWidget(self._place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.edit, 1)
        column.addLayout(bottom)

    def _connect(self) -> None:
        self.edit.text_edited.connect(self._take)
        self.edit.cursorPositionChanged.connect(self._show_place)
        self.edit.undo_requested.connect(self._undo)
        self.edit.redo_requested.connect(self.redo_requested)
        self.edit.left.connect(self.finish)
        self._pause.timeout.connect(self._commit)

    @property
    def key(self) -> str:
        """The key whose value is shown, ``""`` for none."""
        return self._key

    def show_nothing(self, title: str) -> None:
        """Show no value, and why."""
        self.finish()
        self._key = self._value = ""
        self._title.set_text(title)
        self._loaded = True
        self._present("", False, "")
        for button in (self._load, self._restore, self._format, self._compact, self._copy):
            button.hide()
        self._check.clear()
        self._place.clear()

    def show_value(
        self, key: str, value: str, *, editable: bool, changed: bool = False, note: str = ""
    ) -> None:
        """Show the value of a key; ``changed`` offers the original one."""
        if key != self._key:
            self.finish()
            self._run += 1
            self._loaded = len(value) <= LARGE
        typed_here = bool(self._style) and (key, value) == (self._key, self._value)
        self._key, self._value, self._note_text = key, value, note
        self._title.set_text(one_line(key))
        self._copy.show()
        self._restore.setVisible(changed)
        self._load.setVisible(not self._loaded)
        self._load.setText(
            self.tr("&Load all {size}").format(size=text.binary_size(len(value.encode())))
        )
        self._editable = editable
        if typed_here and editable:
            self._show_check(self.edit.exact_text())
        else:
            self._present(value if self._loaded else value[:_START], editable, note)

    def focus_value(self) -> None:
        """Let the user type."""
        self.edit.setFocus()

    def finish(self) -> None:
        """Pass on what was typed last; a value that was emptied removes its key."""
        if self._pause.isActive():
            self._pause.stop()
            self._commit()
        if self._key and self._loaded and self._value and not self.edit.exact_text():
            self.emptied.emit(self._key)
        self._run += 1

    def _laid_out(self, value: str) -> str:
        """Return JSON over several lines; it is still stored on one, in the style it has."""
        short = self._loaded and len(value) < _PRETTY_BELOW
        self._style = json_text.style_of(value) if short else None
        return json_text.formatted(value) if self._style else value

    def _present(self, shown: str, editable: bool, note: str) -> None:
        shown = self._laid_out(shown)
        exact = self.edit.show_text(shown)
        is_json = json_text.looks_like_json(shown)
        slow = is_json and max(map(len, shown.splitlines()), default=0) > _LONG_LINE
        self.edit.setReadOnly(not (editable and exact and self._loaded) or slow)
        self.edit.setEnabled(bool(self._key))
        if editable and not exact:
            note = self.tr("Has line ends of several kinds that the editor would change.")
        elif not self._loaded:
            note = self.tr("Only the beginning is shown.")
        elif slow:
            note = self.tr("All in one long line: use Format to edit it.")
        self._note.set_text(note)
        for button in (self._format, self._compact):
            button.setVisible(is_json and editable and exact and self._loaded)
        self._show_check(shown if self._loaded else "")
        self._show_place()

    def _take(self, typed: str) -> None:
        """React to typing: at once for short values, after a pause for long ones."""
        if not typed:
            self._note.set_text(self.tr("Without a value the key is removed."))
            self._pause.stop()
        elif len(typed) > LARGE:
            self._pause.start()
        else:
            self._commit()

    def _commit(self) -> None:
        self._pause.stop()
        typed = self.edit.exact_text()
        if self._style:
            typed = self._style.line(typed)
        if typed and typed != self._value:
            self._value = typed
            self.value_edited.emit(self._key, typed, self._run)

    def _show_check(self, value: str) -> None:
        if not json_text.looks_like_json(value):
            self._check.clear()
            return
        mistake = json_text.check(value)
        set_property(self._check, "role", "bad" if mistake else "good")
        self._check.setText(
            self.tr("line {line}, column {column}: {reason}").format(
                line=mistake.line, column=mistake.column, reason=mistake.reason
            )
            if mistake
            else self.tr("✔ valid JSON")
        )

    def _show_place(self) -> None:
        cursor = self.edit.textCursor()
        self._place.setText(
            self.tr("Ln {line}, Col {column}").format(
                line=text.count(cursor.blockNumber() + 1),
                column=text.count(cursor.positionInBlock() + 1),
            )
        )

    def _load_all(self) -> None:
        self._loaded = True
        self._load.hide()
        self._present(self._value, self._editable, self._note_text)
        self.focus_value()

    def _undo(self) -> None:
        self._pause.stop()
        self._commit()
        self._run += 1
        self.undo_requested.emit()

    def _ask_original(self) -> None:
        self.restore_requested.emit(self._key)

    def _copy_value(self) -> None:
        QGuiApplication.clipboard().setText(self._value)

    def _format_json(self) -> None:
        self._rewrite(json_text.formatted)

    def _compact_json(self) -> None:
        self._rewrite(json_text.compact)

    def _rewrite(self, rewrite: Callable[[str], str]) -> None:
        try:
            value = rewrite(self.edit.exact_text())
        except ValueError as mistake:
            self._note.set_text(str(mistake))
            return
        self._run += 1
        self._style = None
        self.edit.show_text(value)
        self._commit()
        self._run += 1
