"""What the colours of a treemap mean: a square for each type, or a scale of sizes."""

from collections.abc import Iterable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from ckpt_studio.qt import theme
from ckpt_studio.qt.treemap import OTHER_TYPES, size_color, type_color

_SQUARE, _GAP, _SCALE = 11, 5, 70


class Legend(QWidget):
    """One line of text and colour; it is cut where there is no room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("treemapLegend")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._types: tuple[tuple[int, str], ...] = ()
        self._by_size = False

    def show_types(self, labels: Iterable[str]) -> None:
        """Name the colours of element types; those that share a colour are one entry."""
        colors: dict[int, list[str]] = {}
        for label in labels:
            colors.setdefault(type_color(label), []).append(label)
        self._types = tuple((color, _name(color, names)) for color, names in colors.items())
        self._by_size = False
        self._tell(", ".join(name for _, name in self._types))

    def show_sizes(self) -> None:
        """Show the scale from small to large."""
        self._by_size = True
        self._tell(self.tr("Small to large"))

    def _tell(self, text: str) -> None:
        self.setAccessibleName(self.tr("Colours: {meanings}").format(meanings=text))
        self.setToolTip(text)
        self.updateGeometry()
        self.update()

    @override
    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        if self._by_size:
            words = metrics.horizontalAdvance(self.tr("small") + self.tr("large"))
            width = words + _SCALE + 2 * _GAP
        else:
            room = _SQUARE + 3 * _GAP
            width = sum(metrics.horizontalAdvance(name) + room for _, name in self._types)
        return QSize(width, metrics.height() + 4)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.current().color("dim"))
        if self._by_size:
            self._draw_scale(painter)
        else:
            self._draw_types(painter)

    def _draw_types(self, painter: QPainter) -> None:
        left, top = 0.0, (self.height() - _SQUARE) / 2
        for color, name in self._types:
            square = QRectF(left, top, _SQUARE, _SQUARE)
            painter.fillRect(square, theme.current().part_color(color))
            left = self._draw_word(painter, left + _SQUARE + _GAP, name) + 2 * _GAP

    def _draw_scale(self, painter: QPainter) -> None:
        left = self._draw_word(painter, 0.0, self.tr("small")) + _GAP
        scale = QRectF(left, (self.height() - _SQUARE) / 2, _SCALE, _SQUARE)
        colors = QLinearGradient(scale.topLeft(), scale.topRight())
        colors.setColorAt(0, size_color(0))
        colors.setColorAt(1, size_color(1))
        painter.fillRect(scale, colors)
        self._draw_word(painter, scale.right() + _GAP, self.tr("large"))

    def _draw_word(self, painter: QPainter, left: float, word: str) -> float:
        width = painter.fontMetrics().horizontalAdvance(word)
        box = QRectF(left, 0, width + 1, self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, word)
        return left + width


def _name(color: int, names: list[str]) -> str:
    return "Other" if color == OTHER_TYPES and len(names) > 1 else names[0]
