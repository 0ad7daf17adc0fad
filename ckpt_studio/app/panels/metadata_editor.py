"""One value of the metadata as text, checked as JSON while it is typed."""

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.background import Background
from ckpt_studio.core import text
from ckpt_studio.core.generation.values import storable
from ckpt_studio.core.json_values import json_text
from ckpt_studio.core.json_values.value_layout import Layout, Stored, layout, stored
from ckpt_studio.qt.labels import ElidedLabel, label, set_property
from ckpt_studio.qt.value_edit import ValueEdit

LARGE = 64 * 1024
"""Characters from which a value is loaded only when asked for, and handled on a thread."""

_START = 2000
_PAUSE_MS = 300


class MetadataEditor(QWidget):
    """Shows a value and says what is typed; it changes no document itself."""

    value_edited = Signal(str, str, int)  # key, value, number of the run of typing
    emptied = Signal(str, int)  # key, number of the run
    finished = Signal()  # the run has ended
    restore_requested = Signal(str)  # key
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key, self._value, self._run = "", "", 0
        self._loaded = self._editable = True
        self._as_it_is = self._storing = False
        self._exact = True  # what is shown can be turned back into the value
        self._note_text = ""
        self._layout = Layout("")
        self._note = ElidedLabel(role="dim")
        self._note.setObjectName("metadataNote")
        self.edit = ValueEdit()
        self.edit.setObjectName("metadataValue")
        self.edit.setAccessibleName(self.tr("Value"))
        self._place, self._check = label(role="dim"), label(role="dim")
        self._place.setObjectName("metadataPlace")
        self._check.setObjectName("metadataCheck")
        self.tools = QWidget()
        button = self._button
        self._load = button("metadataLoad", self.tr("&Load"), self._load_all)
        self._bare = button("metadataAsItIs", self.tr("Edit as it &is"), self._show_as_it_is)
        self._restore = button("metadataRestore", self.tr("Use &original"), self._ask_original)
        self._format = button("metadataFormat", self.tr("For&mat"), self._format_json)
        self._compact = button("metadataCompact", self.tr("Compac&t"), self._compact_json)
        self._copy = button("metadataCopyValue", self.tr("&Copy"), self._copy_value)
        self._buttons = (
            *(self._load, self._bare, self._restore),
            *(self._format, self._compact, self._copy),
        )
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._work = Background(self)
        self._build()
        self._connect()
        self.show_nothing()

    def _button(self, name: str, title: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.setAccessibleName(title.replace("&", ""))
        button.setProperty("role", "link")
        button.clicked.connect(act)
        return button

    def _build(self) -> None:
        top = QHBoxLayout(self.tools)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(8)
        for button in self._buttons:
            top.addWidget(button)
        bottom = QHBoxLayout()
        bottom.addWidget(self._check)
        bottom.addWidget(self._note, 1)
        bottom.addWidget(self._place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.edit, 1)
        column.addLayout(bottom)

    def _connect(self) -> None:
        self.edit.text_edited.connect(self._take)
        self.edit.cursorPositionChanged.connect(self._show_place)
        self.edit.undo_requested.connect(self._undo)
        self.edit.redo_requested.connect(self.redo_requested)
        self.edit.left.connect(self._leave)
        self._pause.timeout.connect(self._commit_soon)
        self._soon.timeout.connect(self._lay_out_long)

    @property
    def busy(self) -> bool:
        """Whether something is still on its way."""
        return self._soon.isActive() or self._work.busy or self.edit.filling

    def stop(self) -> None:
        """Wait for what runs."""
        self._work.stop()

    def show_nothing(self) -> None:
        """Show no value."""
        self.finish()
        self._key = self._value = ""
        self._loaded = True
        self._drop()
        self._editable, self._note_text = False, ""
        self._present(Layout(""))
        for button in self._buttons:
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
            self._as_it_is = False
        known = (key, value, editable) == (self._key, self._value, self._editable)
        self._key, self._value, self._editable = key, value, editable
        self._note_text = note
        self._copy.show()
        self._restore.setVisible(changed)
        self._load.setVisible(not self._loaded)
        size = text.binary_size(len(value.encode("utf-8", "surrogatepass")))
        self._load.setText(self.tr("&Load all {size}").format(size=size))
        if known and self._laying_out:
            return
        if known:
            self._describe()
        elif self._loaded:
            self._lay_out()
        else:
            self._drop()
            self._present(layout(value[:_START]))

    def focus_value(self) -> None:
        """Let the user type."""
        self.edit.setFocus()

    def finish(self) -> None:
        """Pass on what was typed last; a value that was emptied removes its key."""
        if self._pause.isActive() or self._storing:
            self._commit()
        if self._key and self._loaded and self._value and self._emptied():
            self._value = ""
            self.emptied.emit(self._key, self._run)
        self._run += 1
        self.finished.emit()

    def _leave(self) -> None:
        """End the run of typing, but not for a button that does something to the value."""
        focus = QApplication.focusWidget()
        if focus is None or not self.tools.isAncestorOf(focus):
            self.finish()

    def _emptied(self) -> bool:
        on_its_way = self._laying_out or self.edit.filling
        return not on_its_way and self.edit.document().isEmpty()

    @property
    def _laying_out(self) -> bool:
        return self._soon.isActive() or (self._work.busy and not self._storing)

    def _drop(self) -> None:
        """Forget what is on its way."""
        self._storing = False
        self._soon.stop()
        self._work.drop()

    def _lay_out(self) -> None:
        """Show the whole value; a long one is laid out on a thread."""
        self._drop()
        if len(self._value) <= LARGE:
            self._present(layout(self._value, as_it_is=self._as_it_is))
            return
        self.edit.setReadOnly(True)
        self._soon.start()  # not at once: others still react to the change, and need the time

    def _lay_out_long(self) -> None:
        value, as_it_is = self._value, self._as_it_is
        self._work.request(lambda _: layout(value, as_it_is=as_it_is), self._present)

    def _present(self, laid: Layout) -> None:
        self._layout = laid
        self._exact = self.edit.show_text(laid.shown) and laid.editable
        self._describe()
        self._show_place()

    def _describe(self) -> None:
        """Say how the value stands, and offer what can be done with it."""
        laid = self._layout
        self.edit.setReadOnly(not (self._editable and self._exact and self._loaded))
        self.edit.setEnabled(bool(self._key))
        self._note.set_text(self._told(laid) or self._note_text)
        self._bare.setVisible(laid.escaped and self._loaded and self._editable)
        formattable = laid.is_json and self._editable and self._loaded and not laid.mistake
        for button in (self._format, self._compact):
            button.setVisible(formattable)
        self._show_check(laid.mistake)

    def _told(self, laid: Layout) -> str:
        if not self._loaded:
            return self.tr("Only the beginning is shown.")
        if laid.escaped:
            return self.tr("Has characters that cannot be seen; they are written as ⟨202E⟩.")
        if laid.broken and laid.is_json and not laid.mistake:
            return self.tr("All in one long line: use Format to edit it.")
        if laid.broken:
            return self.tr("Has a line that is too long to edit; it is shown in pieces.")
        if self._editable and not self._exact:
            return self.tr("Has characters or line ends that the editor would change.")
        return ""

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
        if self._storing:
            self._drop()
        self._store(stored(self.edit.exact_text(), self._layout.style))

    def _commit_soon(self) -> None:
        """Pass on a long text that was typed; working out its value takes too long to wait for."""
        typed, style = self.edit.exact_text(), self._layout.style
        self._storing = True
        self._work.request(lambda _: stored(typed, style), self._store)

    def _store(self, found: Stored) -> None:
        self._storing = False
        style, is_json = self._layout.style, json_text.looks_like_json(found.value)
        self._layout = Layout("", style, is_json, found.mistake)
        if found.value and found.value != self._value:
            self._value = found.value
            self.value_edited.emit(self._key, found.value, self._run)
        else:
            self._describe()

    def _show_check(self, mistake: json_text.JsonError | None) -> None:
        if not (self._layout.is_json and self._loaded):
            self._check.clear()
            return
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
        self._lay_out()
        self.focus_value()

    def _show_as_it_is(self) -> None:
        self._as_it_is = True
        self._lay_out()
        self.focus_value()

    def _undo(self) -> None:
        if self._pause.isActive() or self._storing:
            self._commit()
        self._run += 1
        self.undo_requested.emit()

    def _ask_original(self) -> None:
        self.restore_requested.emit(self._key)

    def _copy_value(self) -> None:
        QGuiApplication.clipboard().setText(storable(self._value))

    def _format_json(self) -> None:
        self._rewrite(json_text.formatted)

    def _compact_json(self) -> None:
        self._rewrite(json_text.compact)

    def _rewrite(self, rewrite: Callable[[str], str]) -> None:
        """Store JSON written in another way."""
        self.finish()
        value = self._value
        if len(value) <= LARGE:
            self._take_rewritten(_rewritten(value, rewrite))
            return
        self.edit.setReadOnly(True)
        self._work.request(lambda _: _rewritten(value, rewrite), self._take_rewritten)

    def _take_rewritten(self, value: str) -> None:
        self._run += 1
        if value == self._value:
            self._lay_out()
        self.value_edited.emit(self._key, value, self._run)
        self._run += 1


def _rewritten(value: str, rewrite: Callable[[str], str]) -> str:
    """Return JSON written in another way; what is not JSON stays as it is."""
    try:
        return rewrite(value)
    except ValueError:
        return value
