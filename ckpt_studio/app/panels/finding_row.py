"""One thing that may be wrong with a file: a sign, a sentence, Show, and a fix to tick."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.core.health import Finding
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.text import count
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import IconLabel, label

_SIGNS = {
    Severity.ERROR: ("alert-circle-outline", "bad"),
    Severity.WARNING: ("alert-outline", "warn"),
    Severity.NOTE: ("information-outline", "dim"),
}
_LONGEST = 600
_MAY_BREAK = "\u200b"  # the names of tensors are one long word


class FindingRow(QWidget):
    """``number`` tells the controls of the rows apart."""

    show_requested = Signal(object)  # tuple[str, ...]: names of tensors
    ticked = Signal()

    def __init__(self, number: int, finding: Finding, file: str, *, fixable: bool) -> None:
        super().__init__()
        self.finding = finding
        problem = finding.problem
        self.setObjectName(f"finding{number}")
        self.setAccessibleName(f"{problem.severity}: {problem.message}")
        said = one_line(f"{file}: {problem.message}" if file else problem.message, _LONGEST)
        sentence = label(said.replace(".", f".{_MAY_BREAK}"), wrap=True)
        sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(sentence)
        if problem.hint:
            texts.addWidget(label(problem.hint, "dim", wrap=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        sign = IconLabel(icon(*_SIGNS[problem.severity]))
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        self._tick: QCheckBox | None = None
        if finding.fix is not None and fixable:
            self._tick = tick = QCheckBox(finding.fix.label)
            tick.setObjectName(f"findingFix{number}")
            tick.setAccessibleName(f"{finding.fix.label}: {problem.message}")
            # what changes the precision is a choice, the rest is tidying that loses nothing
            tick.setChecked(not finding.fix.precision)
            tick.toggled.connect(self.ticked)
            row.addWidget(tick, 0, Qt.AlignmentFlag.AlignTop)
        if problem.names:
            row.addWidget(self._show_button(number), 0, Qt.AlignmentFlag.AlignTop)

    def _show_button(self, number: int) -> QPushButton:
        names = self.finding.problem.names
        button = QPushButton(self.tr("Show {number}").format(number=count(len(names))))
        button.setObjectName(f"findingShow{number}")
        button.setProperty("role", "link")
        button.setAccessibleName(self.tr("Show the tensors: ") + self.finding.problem.message)
        button.setToolTip(self.tr("Show only these tensors in the table"))
        button.clicked.connect(lambda: self.show_requested.emit(names))
        return button

    @property
    def chosen(self) -> bool:
        """Whether its fix is ticked."""
        return self._tick is not None and self._tick.isChecked()
