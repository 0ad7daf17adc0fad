"""A flat button with an arrow whose text is cut in the middle where space is short."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton
from typing_extensions import override

from ckpt_studio.qt.icons import icon

_ARROW_WIDTH = 24
_LEAST_WIDTH = 80


class ElidedButton(QToolButton):
    """Says that there is more to choose from; keeps the full text before cutting."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("source", True)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._full = ""

    @property
    def full_text(self) -> str:
        """The text before cutting."""
        return self._full

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._full = text
        self.updateGeometry()
        self._elide()

    @override
    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self._full) + _ARROW_WIDTH
        return QSize(width, super().sizeHint().height())

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, super().minimumSizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        arrow = QRect(self.width() - 19, (self.height() - 16) // 2 + 1, 16, 16)
        icon("chevron-down").paint(QPainter(self), arrow)

    def _elide(self) -> None:
        space = self.width() - _ARROW_WIDTH + 2
        mode = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self._full, mode, space))
