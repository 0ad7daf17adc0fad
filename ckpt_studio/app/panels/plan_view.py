"""The card "What will be written": size by part, and every problem with what can be done."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.panels.plan_text import (
    ERROR,
    MISSING_PART,
    NOTE,
    Line,
    lines,
    segments,
    totals,
)
from ckpt_studio.core.plan import Plan
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, IconLabel, label
from ckpt_studio.qt.name_list import NameList
from ckpt_studio.qt.size_bar import SizeBar
from ckpt_studio.qt.swapping import put_in_place


class PlanView(QFrame):
    """Shows a plan; the fixes it offers are signals."""

    save_without_requested = Signal(str)  # the part that is missing
    choose_file_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, first_step: str = "") -> None:
        """``first_step`` says what to do while there is no plan."""
        super().__init__(parent)
        self._first = first_step
        self.setObjectName("planView")
        self.setProperty("card", True)
        self.setAccessibleName(self.tr("What will be written"))
        self._totals = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._totals.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._bar = SizeBar()
        self._lines = QWidget()
        head = QHBoxLayout()
        head.addWidget(label(self.tr("What will be written"), "h2"))
        head.addWidget(self._totals, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(9)
        self._column.addLayout(head)
        self._column.addWidget(self._bar)
        self._column.addWidget(self._lines)
        self.show_plan(None)

    def show_plan(self, plan: Plan | None) -> None:
        """Show a plan, or what to do first."""
        self._bar.setVisible(plan is not None)
        self._bar.set_segments(segments(plan) if plan else ())
        self._totals.set_text(totals(plan) if plan else "")
        self._show_lines(lines(plan) if plan else (self._first_step(),))

    def show_first_step(self, words: str) -> None:
        """Show that there is no plan, and say what to do first."""
        self._first = words
        self.show_plan(None)

    def show_failure(self, message: str, hint: str) -> None:
        """Say why there is no plan."""
        self._bar.set_segments(())
        self._totals.set_text("")
        self._show_lines((Line(ERROR, f"{message} {hint}".strip(), hint),))

    def _first_step(self) -> Line:
        usual = self.tr("Choose or drop a model first. Nothing is read but the headers.")
        return Line(NOTE, self._first or usual)

    def _show_lines(self, shown: tuple[Line, ...]) -> None:
        fresh = QWidget()
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for row, line in enumerate(shown):
            sign = QVBoxLayout()
            sign.setContentsMargins(0, 3, 0, 0)
            sign.addWidget(IconLabel(icon(*line.sign)))
            grid.addLayout(sign, row, 0, Qt.AlignmentFlag.AlignTop)
            sentence = label(line.sentence, wrap=True)
            sentence.setToolTip(line.hint)
            sentence.setMinimumHeight(22)
            grid.addWidget(sentence, row, 1)
            grid.addLayout(self._buttons(line), row, 2, Qt.AlignmentFlag.AlignTop)
        put_in_place(self._column, self._lines, fresh)
        self._lines = fresh

    def _buttons(self, line: Line) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        if line.code.startswith(MISSING_PART):
            part = line.code.removeprefix(MISSING_PART)
            choose = self._link(self.tr("Choose a file…"), "chooseMissing", line)
            choose.clicked.connect(lambda: self.choose_file_requested.emit(part))
            row.addWidget(choose)
            if line.sign == ERROR:
                without = self._link(self.tr("Save without it"), "saveWithout", line)
                without.clicked.connect(lambda: self.save_without_requested.emit(part))
                row.addWidget(without)
        if line.names:
            show = self._link(self.tr("Show"), "showNames", line)
            show.clicked.connect(lambda: NameList(line.sentence, line.names, self.window()).exec())
            row.addWidget(show)
        return row

    def _link(self, caption: str, name: str, line: Line) -> QPushButton:
        button = QPushButton(caption)
        button.setObjectName(name)
        button.setProperty("role", "link")
        button.setAutoDefault(False)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setAccessibleDescription(line.sentence)
        return button

    @property
    def sentences(self) -> tuple[str, ...]:
        """The lines as they stand on screen."""
        grid = self._lines.layout()
        items = (grid.itemAt(index) for index in range(grid.count())) if grid else ()
        shown = (item.widget() for item in items if item is not None)
        return tuple(str(each.property("text")) for each in shown if each and each.property("text"))
