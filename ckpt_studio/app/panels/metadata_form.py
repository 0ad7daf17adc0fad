"""The metadata as a form: the fields of the model specification, each with its check."""

from collections.abc import Callable
from itertools import count as numbers
from typing import Protocol

from PySide6.QtCore import QDate, Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.panels.metadata_thumbnail import ThumbnailField
from ckpt_studio.core.editing.modelspec import FIELDS, Kind, Level, SpecField, check_spec
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plain_text import deceives, lines, one_line
from ckpt_studio.qt.labels import label, set_property
from ckpt_studio.qt.line_field import LineField
from ckpt_studio.qt.value_edit import ValueEdit

_RUNS = 1_000_000  # runs of typing here are told apart from those in the table's editor
_TEXT_LINES = 3
_LONGEST_LINE, _LONGEST_TEXT = 2_000, 20_000  # characters
_TITLE_TOP = 6  # level with the text in the field


class _Field(Protocol):
    def show_text(self, text: str, /) -> object: ...


class MetadataForm(QScrollArea):
    """Says what is typed into which field; it changes no document itself."""

    value_edited = Signal(str, str, int)  # key, value, number of the run of typing
    finished = Signal()  # the run has ended
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("metadataForm")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._runs = numbers(_RUNS)
        self._run = next(self._runs)
        self._fields: dict[str, _Field] = {}
        self._notes = {field.key: label(role="dim", wrap=True) for field in FIELDS}
        self._showing = False
        page = QWidget()
        self.setWidget(page)
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(14)
        for level, title in (
            (Level.MUST, self.tr("Required")),
            (Level.SHOULD, self.tr("Recommended")),
            (Level.CAN, self.tr("Optional")),
        ):
            self._column.addWidget(label(title, "h2"))
            self._column.addLayout(self._group(level))
        self._column.addStretch()

    def show_metadata(self, metadata: Metadata) -> None:
        """Show the values of all fields and what is wrong with them."""
        wrong = {problem.key: problem.sentence for problem in check_spec(metadata)}
        self._showing = True
        for field in FIELDS:
            told = self._show(field, metadata.get(field.key, ""))
            note, mistake = self._notes[field.key], wrong.get(field.key, told)
            set_property(note, "role", "warn" if mistake else "dim")
            note.setText(mistake or field.hint)
        self._showing = False

    def _show(self, field: SpecField, value: str) -> str:
        """Show a value; return why it cannot be edited here, ``""`` where it can."""
        widget = self._fields[field.key]
        if not isinstance(widget, LineField | ValueEdit):
            widget.show_text(value)
            return ""
        line = isinstance(widget, LineField)
        most = _LONGEST_LINE if line else _LONGEST_TEXT
        safe = not (deceives(value) or (line and "\n" in value) or len(value) > most)
        widget.setReadOnly(not safe)
        if safe:
            widget.show_text(value)
            return ""
        widget.show_text(one_line(value, most) if line else lines(value, most))
        if line and "\n" in value:
            return self.tr("Has several lines, one is usual; edit it in the table.")
        return self.tr("Too long or with characters that cannot be seen; edit it in the table.")

    def _group(self, level: Level) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        grid.setColumnMinimumWidth(0, 150)
        grid.setColumnStretch(1, 1)
        for row, field in enumerate(field for field in FIELDS if field.level is level):
            title = label(field.title)
            title.setContentsMargins(0, _TITLE_TOP, 0, 0)
            grid.addWidget(title, 2 * row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self._editor(field), 2 * row, 1)
            note = self._notes[field.key]
            note.setObjectName(f"note{_camel(field.name)}")
            grid.addWidget(note, 2 * row + 1, 1)
            grid.setRowMinimumHeight(2 * row + 1, 26)
        return grid

    def _editor(self, field: SpecField) -> QWidget:
        name = f"form{_camel(field.name)}"
        if field.kind is Kind.IMAGE:
            picture = ThumbnailField(name, field.title)
            self._fields[field.key] = picture
            picture.value_edited.connect(lambda value: self._set(field.key, value))
            return picture
        if field.kind is Kind.TEXT:
            text = ValueEdit()
            text.setObjectName(name)
            text.setAccessibleName(field.title)
            text.setFixedHeight(text.fontMetrics().lineSpacing() * _TEXT_LINES + 18)
            self._adopt(field.key, text, text.text_edited)
            return text
        line = LineField(name, field.title)
        self._adopt(field.key, line, line.textEdited)
        if field.kind is Kind.DATE:
            return self._with_today(field, line)
        return self._with_choices(field, line) if field.choices else line

    def _adopt(self, key: str, field: LineField | ValueEdit, edited: SignalInstance) -> None:
        self._fields[key] = field
        edited.connect(lambda value: self._take(key, value))
        field.undo_requested.connect(self._asking(self.undo_requested))
        field.redo_requested.connect(self._asking(self.redo_requested))
        field.left.connect(self.finish)

    def _asking(self, signal: SignalInstance) -> Callable[[], None]:
        def ask() -> None:
            self._run = next(self._runs)
            signal.emit()

        return ask

    def _take(self, key: str, value: str) -> None:
        if not self._showing:
            self.value_edited.emit(key, value, self._run)

    def finish(self) -> None:
        """End the run of typing."""
        self._run = next(self._runs)
        self.finished.emit()

    def _set(self, key: str, value: str) -> None:
        self._run = next(self._runs)
        self._take(key, value)
        self.finish()

    def _with_today(self, field: SpecField, line: LineField) -> QWidget:
        today = QPushButton(self.tr("Today"))
        today.setObjectName("formDateToday")
        today.setAccessibleName(self.tr("Set the date to today"))
        today.clicked.connect(
            lambda: self._set(field.key, QDate.currentDate().toString(Qt.DateFormat.ISODate))
        )
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        row.addWidget(today)
        return box

    def _with_choices(self, field: SpecField, line: LineField) -> QWidget:
        box = QComboBox()
        box.setObjectName(f"choices{_camel(field.name)}")
        box.setAccessibleName(field.title)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.addItems(list(field.choices))
        box.setLineEdit(line)
        box.activated.connect(lambda row: self._set(field.key, box.itemText(row)))
        return box


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
