"""The prompts and settings that were found in a workflow, as text to read and copy."""

from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.generation import GraphReading
from ckpt_studio.core.plain_text import lines, one_line
from ckpt_studio.qt.drag_out import copy, text_data
from ckpt_studio.qt.labels import ElidedLabel, label

_FRAME = 14
_MOST_SHOWN = 1000


class Prompts(QWidget):
    """Both prompts side by side and a line of settings; hidden where nothing was found."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("workflowPrompts")
        self._whole = {"positive": "", "negative": ""}
        self._boxes: dict[str, QWidget] = {}
        self._fields: dict[str, QPlainTextEdit] = {}
        self._settings = ElidedLabel(role="dim")
        self._settings.setObjectName("workflowSettings")
        row = QHBoxLayout()
        row.setSpacing(10)
        for name, title in (
            ("positive", self.tr("Prompt")),
            ("negative", self.tr("Negative prompt")),
        ):
            row.addWidget(self._box(name, title), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._settings)

    def _box(self, name: str, title: str) -> QWidget:
        field = QPlainTextEdit(readOnly=True)
        field.setObjectName(f"workflow{name.title()}")
        field.setAccessibleName(title)
        field.setTabChangesFocus(True)
        button = QPushButton(self.tr("Copy"))
        button.setObjectName(f"workflowCopy{name.title()}")
        button.setAccessibleName(self.tr("Copy: {what}").format(what=title))
        button.setProperty("role", "link")
        button.clicked.connect(lambda: copy(text_data(self._whole[name])))
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(label(title, "dim"), 0, 0)
        grid.addWidget(button, 0, 1)
        grid.addWidget(field, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self._boxes[name], self._fields[name] = box, field
        return box

    def set_lines(self, number: int) -> None:
        """Show so many lines of each prompt; the rest is scrolled."""
        for field in self._fields.values():
            field.setFixedHeight(field.fontMetrics().lineSpacing() * number + _FRAME)

    def show_reading(self, reading: GraphReading) -> None:
        """Show what was found in a graph."""
        self._whole = {"positive": reading.positive, "negative": reading.negative}
        for name, found in self._whole.items():
            self._boxes[name].setVisible(bool(found))
            self._fields[name].setPlainText(lines(found))
        settings = (f"{one_line(name)} {one_line(value)}" for name, value in reading.parameters)
        told = one_line(" · ".join(settings), _MOST_SHOWN)
        self._settings.set_text(told)
        self._settings.setVisible(bool(told))
        self.setVisible(bool(told or reading.positive or reading.negative))
