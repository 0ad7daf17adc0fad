"""A field for a whole number that a passing mouse wheel does not change."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget
from typing_extensions import override

_MARGIN = 6


class WholeBox(QSpinBox):
    """The wheel changes it only where it has the focus."""

    def __init__(
        self,
        name: str,
        accessible: str,
        least: int,
        most: int,
        *,
        width: int = 84,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRange(least, most)
        self.setFixedWidth(width)
        self.lineEdit().setTextMargins(_MARGIN, 0, _MARGIN, 0)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
