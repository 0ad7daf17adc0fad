"""The field over a point of a curve in which its value is typed."""

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

_WIDTH, _GAP = 72, 10


class CurveField(QLineEdit):
    """Enter takes the number, Escape or a click elsewhere leaves all as it is."""

    typed = Signal(float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._curve = parent
        self.setObjectName("blockValue")
        self.setAccessibleName(self.tr("Value of the selected blocks"))
        self.setFixedWidth(_WIDTH)
        self.hide()

    def open_at(self, point: QPointF, value: float) -> None:
        """Show the value above a point, or below it where there is no room."""
        room = self._curve.width() - self.width()
        left = min(room, max(0, round(point.x()) - self.width() // 2))
        above = round(point.y()) - self.sizeHint().height() - _GAP
        self.move(left, above if above >= 0 else round(point.y()) + _GAP)
        self.setText(f"{value:g}")
        self.selectAll()
        self.show()
        self.setFocus()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._take()
        elif key == Qt.Key.Key_Escape:
            self._close()
        else:
            super().keyPressEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.hide()

    def _take(self) -> None:
        text = self.text().strip().replace(",", ".")
        try:
            value = float(text)
        except ValueError:
            self.selectAll()
            return
        self._close()
        if abs(value) < float("inf"):
            self.typed.emit(value)

    def _close(self) -> None:
        self.hide()
        self._curve.setFocus()
