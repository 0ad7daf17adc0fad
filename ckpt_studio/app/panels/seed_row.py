"""The seed of a merge method that draws lots."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckpt_studio.qt.labels import label
from ckpt_studio.qt.whole_box import WholeBox

_LARGEST = 2**31 - 1


class SeedRow(QWidget):
    """A whole number; the same one gives the same file."""

    seed_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seed = WholeBox("mergeSeed", self.tr("Seed"), 0, _LARGEST, width=120)
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
