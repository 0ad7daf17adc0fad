"""The numbers of the values pane: two columns of facts that can be selected."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ckpt_studio.core.statistics import Values
from ckpt_studio.core.statistics_text import facts
from ckpt_studio.qt.labels import label, set_property

_ROWS = 6
_BAD = frozenset({"NaN", "Infinite"})


class ValueFacts(QWidget):
    """A title and a number for each fact; NaN and infinities are in the colour of errors."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("valueFacts")
        self._lines: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        for place, fact in enumerate(facts(Values())):
            row, column = place % _ROWS, 2 * (place // _ROWS)
            value = label()
            value.setObjectName(f"value{fact.title}")
            value.setAccessibleName(self.tr(fact.title))
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._lines[fact.title] = value
            grid.addWidget(label(self.tr(fact.title), "dim"), row, column)
            grid.addWidget(value, row, column + 1)
        grid.setColumnMinimumWidth(1, 84)
        grid.setColumnMinimumWidth(3, 110)
        grid.setRowStretch(_ROWS, 1)

    def show_values(self, values: Values) -> None:
        """Show the facts of some values."""
        for fact in facts(values):
            line = self._lines[fact.title]
            line.setText(fact.text)
            line.setToolTip(fact.tip)
            line.setAccessibleDescription(fact.text)
            bad = fact.title in _BAD and fact.text != "0"
            set_property(line, "role", "bad" if bad else "")
