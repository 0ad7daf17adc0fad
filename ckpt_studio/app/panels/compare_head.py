"""The top of the Compare panel: the two files, what they come to, and the button for values."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.app.job_log import Record, State
from ckpt_studio.app.panels.compare_side import CompareSide
from ckpt_studio.core.comparison.compared_table import ComparedTable
from ckpt_studio.core.comparison.comparison_text import counts_line
from ckpt_studio.core.text import count
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, label


class CompareHead(QWidget):
    """Knows which part the values are wanted of, and whether they are being compared."""

    swapped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sides: Mapping[str, CompareSide] = {each: CompareSide(each) for each in "AB"}
        self._swap = QToolButton()
        self._swap.setObjectName("compareSwap")
        self._swap.setIcon(icon("swap-horizontal"))
        self._swap.setAccessibleName(self.tr("Swap A and B"))
        self._swap.setToolTip(self._swap.accessibleName())
        self._status = label(role="dim")
        self._status.setObjectName("compareStatus")
        self.values = QPushButton()
        self.values.setObjectName("compareValues")
        self.values.setProperty("role", "primary")
        self._verdict, self._more = label(role="h2", wrap=True), label(role="dim", wrap=True)
        self._verdict.setObjectName("compareVerdict")
        self._more.setObjectName("compareMore")
        self._counts = ElidedLabel(role="dim")
        self._counts.setObjectName("compareCounts")
        self._record: Record | None = None
        self._left = self._known = 0
        self._build()
        self._swap.clicked.connect(self.swap)
        self.show_table(None, (), None)

    def _build(self) -> None:
        title = QHBoxLayout()
        title.setSpacing(12)
        title.addWidget(label(self.tr("Compare"), "h1"), 1)
        title.addWidget(self._status)
        title.addWidget(self.values)
        files = QHBoxLayout()
        files.setSpacing(6)
        files.addWidget(self.sides["A"], 1)
        files.addWidget(self._swap)
        files.addWidget(self.sides["B"], 1)
        said = QVBoxLayout()
        said.setSpacing(2)
        for line in (self._verdict, self._more, self._counts):
            said.addWidget(line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(title)
        column.addLayout(files)
        column.addLayout(said)

    @property
    def running(self) -> bool:
        """Whether values are being compared."""
        return self._record is not None

    def swap(self) -> None:
        """Put A in the place of B."""
        a, b = (side.document for side in self.sides.values())
        self.sides["A"].choose(b)
        self.sides["B"].choose(a)
        self.swapped.emit()

    def show_table(
        self, table: ComparedTable | None, said: Sequence[str], part: str | None
    ) -> None:
        """Show what two files come to, and how much of a part is left to be compared."""
        self._known, self._left = table.progress(part) if table else (0, 0)
        self._counts.set_text(counts_line(table) if table else "")
        self._counts.setVisible(table is not None)
        self.show_said(said)
        if table is None:
            self._record = None
        self._show_button(possible=table is not None)

    def show_said(self, said: Sequence[str]) -> None:
        """Show sentences, the first one larger."""
        self._verdict.setText(said[0] if said else "")
        self._more.setText(" ".join(said[1:]))
        self._verdict.setVisible(bool(said))
        self._more.setVisible(len(said) > 1)

    def show_job(self, record: Record | None) -> None:
        """Show whether values are being compared now."""
        self._record = record
        self._show_button(possible=True)

    def _show_button(self, *, possible: bool) -> None:
        stopping = self._record and self._record.job and self._record.job.cancel_asked
        partly = self._known and self._left
        text = self.tr("Compare the &rest") if partly else self.tr("Compare va&lues")
        if self.running:
            text = self.tr("&Stop")
        self.values.setText(text)
        self.values.setEnabled(not stopping if self.running else possible and bool(self._left))
        self._status.setText(self._state() if possible else "")

    def _state(self) -> str:
        if self._record is not None and self._record.state is State.WAITING:
            return self.tr("Waiting for another job")
        if not self._known and not self._left:
            return self.tr("No values to compare")
        if not self._known and not self.running:
            return ""
        if not self._left:
            return self.tr("All values compared")
        return self.tr("{done} of {all} tensors compared").format(
            done=count(self._known), all=count(self._known + self._left)
        )
