"""A slider over decimal numbers that a passing mouse wheel does not move."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSlider, QWidget
from typing_extensions import override


class Slider(QSlider):
    """Moves in steps between two numbers; a value between two steps stands at the nearer one."""

    value_moved = Signal(float)

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._low, self._step = 0.0, 0.05
        self.set_scale(0.0, 1.0, 0.05)
        self.valueChanged.connect(lambda _: self.value_moved.emit(self.number))

    @property
    def number(self) -> float:
        """The number it stands at."""
        return round(self._low + self.value() * self._step, 6)

    def set_scale(self, low: float, high: float, step: float) -> None:
        """Reach from one number to another."""
        with QSignalBlocker(self):
            self._low, self._step = low, step
            steps = max(1, round((high - low) / step))
            self.setRange(0, steps)
            self.setPageStep(max(1, steps // 5))

    def show_number(self, number: float) -> None:
        """Stand at a number without announcing it."""
        with QSignalBlocker(self):
            self.setValue(round((number - self._low) / self._step))

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
