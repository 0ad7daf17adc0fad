"""Labels that show text as it is: never markup, elided in the middle where space is short."""

from html import escape

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from ckpt_studio.qt import theme

_LEAST_WIDTH = 60


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a plain-text label; ``role`` is h1, h2, dim, badge, good, warn or bad."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    return result


def plain_tip(text: str) -> str:
    """Return a tooltip that shows a text as it is; Qt takes what looks like markup for markup."""
    return f"<p>{escape(text).replace(chr(10), '<br>')}</p>" if "<" in text else text


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at, and let it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class ElidedLabel(QLabel):
    """One line of plain text; what does not fit is cut, and the tooltip has it all."""

    def __init__(
        self,
        text: str = "",
        role: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._full, self._mode = "", mode
        if role:
            self.setProperty("role", role)
        self.set_text(text)

    @property
    def full_text(self) -> str:
        """The text before cutting."""
        return self._full

    def set_text(self, text: str, tip: str = "") -> None:
        """Show another text; ``tip`` replaces the text as the tooltip."""
        self._full = text
        self.setToolTip(plain_tip(tip or text))
        self.setAccessibleName(text)
        self._elide()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, super().minimumSizeHint().height())

    @override
    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self._full) + 2
        return QSize(width, super().sizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self._full, self._mode, self.width()))


class IconLabel(QWidget):
    """A small picture that follows the theme and is no control."""

    def __init__(self, icon: QIcon, size: int = 16) -> None:
        super().__init__()
        self._icon = icon
        self.setFixedSize(size, size)

    def set_icon(self, icon: QIcon) -> None:
        """Show another picture."""
        self._icon = icon
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._icon.paint(painter, QRect(0, 0, self.width(), self.height()))


class Dot(QWidget):
    """A coloured dot: hollow while its part is missing."""

    def __init__(self, part_index: int) -> None:
        super().__init__()
        self._index, self._filled = part_index, False
        self.setFixedSize(12, 12)

    def set_filled(self, *, filled: bool) -> None:
        """Fill the dot, or show only its ring."""
        self._filled = filled
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = theme.current().part_color(self._index)
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(color if self._filled else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(1.5, 1.5, 9, 9))
