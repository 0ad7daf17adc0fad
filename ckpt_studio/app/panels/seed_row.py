"""The seed of a merge method that draws lots."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget
from typing_extensions import override

from ckpt_studio.qt.labels import label

_LARGEST = 2**31 - 1


class SeedRow(QWidget):
    """A whole number; the same one gives the same file."""

    seed_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seed = _SeedBox()
        self._seed.setObjectName("mergeSeed")
        self._seed.setAccessibleName(self.tr("Seed"))
        self._seed.setRange(0, _LARGEST)
        self._seed.setFixedWidth(120)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(label(self.tr("Seed"), "dim"))
        row.addWidget(self._seed)
        row.addWidget(label(self.tr("The same seed gives the same file."), "dim"))
        row.addStretch()
        self._seed.valueChanged.connect(self.seed_chosen)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus."""
        return (self._seed,)

    def show_seed(self, seed: int) -> None:
        """Show a seed without announcing it."""
        with QSignalBlocker(self._seed):
            self._seed.setValue(seed)


class _SeedBox(QSpinBox):
    """The wheel changes it only where it has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(6, 0, 6, 0)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
