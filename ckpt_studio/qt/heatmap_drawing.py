"""How a heat map is drawn: cells, titles and a scale, in the colours of the theme."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontInfo, QLinearGradient, QPainter, QPen, QPolygonF

from ckpt_studio.core.comparison.difference_map import Cell, DifferenceMap, Metric, Place
from ckpt_studio.qt import theme
from ckpt_studio.qt.heatmap_layout import HeatLayout, Spans
from ckpt_studio.qt.heatmap_text import amount, cell_text

LEGEND = 22.0
"""Height of the scale in pixels."""

_SCALE_WIDTH, _SCALE_HEIGHT, _SCALE_STEPS = 110.0, 8.0, 20
_PADDING, _CORNER = 4.0, 7.0
_SMALLEST = 9  # pixels of a font that can still be read
_WIDEST = "0.02"  # all cells have texts, or none
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_DARK_BELOW = 0.18  # relative luminance at which black and white text are read equally well


@dataclass(frozen=True, slots=True)
class Marks:
    """The cell that was chosen, and the one under the cursor of the keys."""

    chosen: Place | None = None
    cursor: Place | None = None


class HeatDrawing:
    """Draws one map with one painter.

    The scale is that of a square root: small differences are told apart, too. It does not end
    below what is slight, so that nothing but rounding looks like nothing much.
    """

    def __init__(self, painter: QPainter, shown: DifferenceMap, metric: Metric) -> None:
        self._painter, self._map, self._metric = painter, shown, metric
        self._most = max(metric.slight, shown.largest(metric))
        self._colors = theme.current()

    def draw(self, layout: HeatLayout, marks: Marks) -> None:
        """Draw names, titles and cells."""
        painter = self._painter
        painter.save()
        self._draw_kinds(layout)
        painter.restore()
        painter.save()
        painter.setClipRect(layout.cells.adjusted(0, -layout.head, 0, 1))
        for line, spans in enumerate(layout.titles()):
            if line == layout.numbers_line:
                self._draw_numbers(spans)
            else:
                self._draw_titles(spans, "dim" if line else "text")
        for column, row, box in layout.boxes():
            place = (*self._map.columns[column], self._map.kinds[row])
            cell = self._map.cells.get(place)
            if cell is not None:
                self._draw_cell(box, cell)
                self._draw_marks(box, place, marks)
        painter.restore()

    def draw_legend(self, strip: QRectF) -> None:
        """Draw the scale at the right of a strip."""
        painter, colors = self._painter, self._colors
        most = amount(self._most, self._metric)
        painter.setPen(colors.color("dim"))
        painter.drawText(strip.adjusted(0, 0, -_PADDING, 0), _RIGHT, most)
        left = strip.right() - painter.fontMetrics().horizontalAdvance(most) - 3 * _PADDING
        left -= _SCALE_WIDTH
        title = QCoreApplication.translate("HeatMap", self._metric.value)
        before = QRectF(strip.left(), strip.top(), left - 2 * _PADDING - strip.left(), LEGEND)
        painter.drawText(before, _RIGHT, f"{title}   0")
        bar = QRectF(left, strip.center().y() - _SCALE_HEIGHT / 2, _SCALE_WIDTH, _SCALE_HEIGHT)
        scale = QLinearGradient(bar.topLeft(), bar.topRight())
        for step in range(_SCALE_STEPS + 1):
            scale.setColorAt(step / _SCALE_STEPS, colors.heat_color(sqrt(step / _SCALE_STEPS)))
        painter.fillRect(bar, scale)

    def _draw_kinds(self, layout: HeatLayout) -> None:
        font = self._painter.font()
        font.setPixelSize(min(QFontInfo(font).pixelSize(), max(_SMALLEST, int(layout.height))))
        self._painter.setFont(font)
        self._painter.setPen(self._colors.color("dim"))
        for box, kind in layout.kinds():
            self._painter.drawText(box, _RIGHT, kind)

    def _draw_titles(self, spans: Spans, role: str) -> None:
        self._painter.setPen(self._colors.color(role))
        for box, title in spans:
            fits = self._painter.fontMetrics().horizontalAdvance(title) < box.width()
            shown = title if fits else title[:1]
            self._painter.drawText(QPointF(box.left() + 1, box.bottom() - _PADDING), shown)

    def _draw_numbers(self, spans: Sequence[tuple[QRectF, str]]) -> None:
        """Draw each number over its column, as many as have room."""
        free = float("-inf")
        self._painter.setPen(self._colors.color("dim"))
        for box, number in spans:
            wide = self._painter.fontMetrics().horizontalAdvance(number)
            left = box.center().x() - wide / 2
            if number and left > free:
                self._painter.drawText(QPointF(left, box.bottom() - _PADDING), number)
                free = left + wide + _PADDING

    def _draw_cell(self, box: QRectF, cell: Cell) -> None:
        painter, colors = self._painter, self._colors
        inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
        value = cell.value(self._metric)
        if value is not None:
            fill = colors.heat_color(self._share(value))
            painter.fillRect(inner, fill)
            text = "NaN" if cell.invalid else cell_text(value, self._metric)
            self._draw_text(inner, text, dark=_is_dark(fill))
        else:
            painter.setPen(QPen(colors.color("line"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(inner.adjusted(0.5, 0.5, -0.5, -0.5))
            if cell.compared:
                self._draw_text(inner, "NaN" if cell.invalid else "≠", dark=colors.dark)
        if cell.invalid:  # a corner, which is seen where no text has room
            self._draw_corner(inner)
        if cell.unlike:  # a stroke, which needs no colour to be seen
            painter.setPen(QPen(colors.color("warn"), 1.5))
            painter.drawLine(inner.bottomLeft(), inner.topRight())

    def _draw_corner(self, box: QRectF) -> None:
        side = min(_CORNER, box.width(), box.height())
        top = box.topRight()
        corner = QPolygonF([top, top - QPointF(side, 0), top + QPointF(0, side)])
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(self._colors.color("bad"))
        self._painter.drawPolygon(corner)

    def _share(self, value: float) -> float:
        return sqrt(min(1.0, value / self._most))

    def _draw_text(self, box: QRectF, text: str, *, dark: bool) -> None:
        metrics = self._painter.fontMetrics()
        fits = metrics.horizontalAdvance(_WIDEST) + _PADDING <= box.width()
        if fits and metrics.ascent() <= box.height():
            self._painter.setPen(Qt.GlobalColor.white if dark else Qt.GlobalColor.black)
            self._painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_marks(self, box: QRectF, place: Place, marks: Marks) -> None:
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        if place == marks.chosen:
            self._frame(box, "warn", 2)
        if place == marks.cursor:  # two lines, so that one is seen on any colour
            self._frame(box, "window", 3)
            self._frame(box, "text", 1)

    def _frame(self, box: QRectF, role: str, width: int) -> None:
        self._painter.setPen(QPen(self._colors.color(role), width))
        inside = 1 + (width - 1) / 2 if role == "window" else 1
        self._painter.drawRect(box.adjusted(inside, inside, -inside, -inside))


def _is_dark(color: QColor) -> bool:
    """Whether white text is easier to read on a colour than black text (WCAG 2, contrast)."""
    weights = ((0.2126, color.redF()), (0.7152, color.greenF()), (0.0722, color.blueF()))
    return sum(weight * _linear(part) for weight, part in weights) < _DARK_BELOW


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
