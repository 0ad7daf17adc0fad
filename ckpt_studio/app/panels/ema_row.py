"""The choice between the plain and the averaged weights of a training checkpoint."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from ckpt_studio.core import text
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import ElidedLabel, label

_WIDTH = 186


class EmaRow(QFrame):
    """Stands below the diffusion model while its file holds averaged weights."""

    ema_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emaRow")
        self._choice = ComboBox("emaChoice", self.tr("Averaged weights (EMA)"))
        self._choice.setFixedWidth(_WIDTH)
        self._hint = ElidedLabel(role="dim")
        caption = label(self.tr("Averaged weights (&EMA)"))
        caption.setBuddy(self._choice)
        row = QHBoxLayout(self)
        row.setContentsMargins(34, 0, 8, 0)
        row.setSpacing(10)
        row.addWidget(caption)
        row.addWidget(self._choice)
        row.addWidget(self._hint, 1)
        self._choice.currentIndexChanged.connect(
            lambda: self.ema_chosen.emit(bool(self._choice.currentData()))
        )

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus."""
        return (self._choice,)

    def show_choice(self, *, ema: bool, count: int, reason: str) -> None:
        """Show what is taken of ``count`` averaged tensors; ``reason`` says why they cannot be."""
        with QSignalBlocker(self._choice):
            self._choice.clear()
            self._choice.add(
                self.tr("Drop"), False, self.tr("Take the plain weights, as every loader does")
            )
            tip = self.tr("Take them in place of the plain weights: often better pictures")
            self._choice.add(self.tr("Use"), True, reason or tip, enabled=not reason or ema)
            self._choice.choose(ema)
        self._choice.setToolTip(reason or tip)
        shown = self.tr("{count} averaged tensors are in the file")
        self._hint.set_text(reason or shown.format(count=text.count(count)))
