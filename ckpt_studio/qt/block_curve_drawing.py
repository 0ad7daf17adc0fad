"""How a curve over blocks is drawn: a scale, bars, a line, and a point for each block."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from ckpt_studio.qt import theme
from ckpt_studio.qt.block_curve_layout import CurveLayout

_LINES = 4
_RADIUS, _RING = 4.0, 7.5
_FAINT = 46
"""Opacity of the bars below the points, of 255."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MIDDLE = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class CurveDrawing:
    """Draws one curve with one painter; blocks outside of the diffusion model are not joined."""

    painter: QPainter
    layout: CurveLayout
    values: Sequence[float]
    outside: frozenset[int]

    def draw(self, selected: Collection[int], cursor: int | None) -> None:
        """Draw everything; the cursor of the keys has a ring."""
        self._draw_scale()
        self._draw_names()
        self._draw_bars(selected)
        self._draw_line()
        self._draw_points(selected, cursor)

    def _draw_scale(self) -> None:
        painter, plot, scale = self.painter, self.layout.plot, self.layout.scale
        colors = theme.current()
        for line in range(_LINES + 1):
            value = scale.low + (scale.high - scale.low) * line / _LINES
            height = self.layout.point(0, value).y()
            painter.setPen(QPen(colors.color("line"), 1))
            painter.drawLine(QLineF(plot.left(), height, plot.right(), height))
            painter.setPen(colors.color("dim"))
            box = QRectF(self.layout.area.left(), height - 10, plot.left() - 6, 20)
            painter.drawText(box, _RIGHT, f"{value:.3g}".replace("-", "−"))

    def _draw_names(self) -> None:
        colors = theme.current()
        self.painter.setPen(colors.color("dim"))
        for box, text in self.layout.names():
            self.painter.drawText(box, _MIDDLE, text)
        self.painter.setPen(colors.color("text"))
        for box, text in self.layout.titles():
            self.painter.drawText(box, _MIDDLE, text)

    def _draw_bars(self, selected: Collection[int]) -> None:
        base = self.layout.point(0, min(max(0.0, self.layout.scale.low), self.layout.scale.high))
        for index, value in enumerate(self.values):
            color = QColor(self._color(index))
            color.setAlpha(_FAINT * 2 if index in selected else _FAINT)
            column = self.layout.column(index)
            gap = min(2.0, column.width() / 8)
            top = self.layout.point(index, value).y()
            bar = QRectF(column.left() + gap, top, column.width() - 2 * gap, base.y() - top)
            self.painter.fillRect(bar.normalized(), color)

    def _draw_line(self) -> None:
        points = [
            self.layout.point(index, value)
            for index, value in enumerate(self.values)
            if index not in self.outside
        ]
        self.painter.setPen(QPen(theme.current().color("accent"), 2))
        self.painter.drawPolyline(QPolygonF(points))

    def _draw_points(self, selected: Collection[int], cursor: int | None) -> None:
        painter, colors = self.painter, theme.current()
        radius = min(_RADIUS, self.layout.width / 2.5)
        for index, value in enumerate(self.values):
            point, color = self.layout.point(index, value), self._color(index)
            painter.setPen(QPen(color, 2))
            painter.setBrush(color if index in selected else colors.color("surface"))
            painter.drawEllipse(point, radius, radius)
            if index == cursor:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(colors.color("text"), 1.5))
                painter.drawEllipse(QPointF(point), _RING, _RING)

    def _color(self, index: int) -> QColor:
        colors = theme.current()
        return colors.part_color(1) if index in self.outside else colors.color("accent")
