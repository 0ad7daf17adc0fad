"""A field for a decimal number that a passing mouse wheel does not change."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QWidget
from typing_extensions import override

_MARGIN, _WIDTH = 6, 84


class NumberBox(QDoubleSpinBox):
    """Arrows and the wheel go in steps of 0.05; the wheel only where the field has the focus."""

    def __init__(
        self, name: str, accessible: str = "", most: float = 10.0, parent: QWidget | None = None
    ) -> None:
        """Any number from ``-most`` to ``most`` can be typed."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRange(-most, most)
        self.setSingleStep(0.05)
        self.setDecimals(3)
        self.setFixedWidth(_WIDTH)
        self.lineEdit().setTextMargins(_MARGIN, 0, _MARGIN, 0)

    @override
    def textFromValue(self, val: float, /) -> str:
        return f"{val:.{self.decimals()}f}".rstrip("0").rstrip(".") or "0"

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
