"""A histogram of values by magnitude, with the limits of smaller types marked."""

import csv
import io
from math import log10

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget
from typing_extensions import override

from ckpt_studio.core.statistics import HIGHEST, LOWEST, Values, bin_limits
from ckpt_studio.core.text import count
from ckpt_studio.qt import theme
from ckpt_studio.qt.plot import Plot

LIMITS = ((-24.0, "F16 min"), (15.807, "E5M2 max"), (16.0, "F16 max"), (8.807, "E4M3 max"))
"""Powers of two at which types end: 2^-24 and 65504, 448, 57344 (``ux.md`` plots)."""

_LIMIT_ROWS, _LIMIT_HEIGHT, _LIMIT_GAP = 3, 13.0, 6.0
_LEGEND, _SQUARE = 15.0, 9.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 12.0, 12.0, _LEGEND + _LIMIT_ROWS * _LIMIT_HEIGHT + 2, 24.0
_ROOM = 2
_LEAST_BINS = 4
_LABEL_ROOM = 44.0
_POSITIVE, _NEGATIVE = 0, 1
"""The colours of the two signs."""


class ValueHistogram(Plot):
    """Bars for magnitudes of a power of two: positive values above negative ones.

    Wheel, + and - zoom; dragging and Shift with the arrows move; the arrows tell one bar after
    the other; 0 shows everything; L changes between a linear and a logarithmic scale.
    """

    scale_changed = Signal(bool)  # whether it is logarithmic

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("valueHistogram", "", parent)
        self.setAccessibleName(self.tr("Histogram of the values"))
        self.setMinimumHeight(120)
        self._values = Values()
        self._first, self._last = LOWEST, HIGHEST
        self._current: int | None = None
        self._logarithmic = False
        self._dragged: QPointF | None = None

    @property
    @override
    def file_name(self) -> str:
        """The name of a file with the plot."""
        return "histogram"

    @property
    def logarithmic(self) -> bool:
        """Whether the height of a bar is the logarithm of its count."""
        return self._logarithmic

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Choose the scale."""
        if logarithmic != self._logarithmic:
            self._logarithmic = logarithmic
            self.update()
            self.scale_changed.emit(logarithmic)

    @property
    def span(self) -> tuple[int, int]:
        """The exponents of the first and the last bar shown."""
        return self._first, self._last

    def set_values(self, values: Values) -> None:
        """Show other values; the zoom stays while they grow."""
        fresh = self._values.histogram.span is None
        self._values = values
        if fresh or values.histogram.span is None:
            self.show_all()
        self._tell()
        self.update()

    def show_all(self) -> None:
        """Show every bar that is not empty, with a little room."""
        span = self._values.histogram.span or (-8, 0)
        self._first = max(LOWEST, span[0] - _ROOM)
        self._last = min(HIGHEST, span[1] + _ROOM)
        self.update()

    def zoom(self, factor: float, middle: float | None = None) -> None:
        """Show fewer (below 1) or more bars around an exponent."""
        width = self._last - self._first + 1
        wanted = min(HIGHEST - LOWEST + 1, max(_LEAST_BINS, round(width * factor)))
        if wanted == width and factor != 1:
            wanted = max(_LEAST_BINS, width + (1 if factor > 1 else -1))
        middle = (self._first + self._last) / 2 if middle is None else middle
        share = (middle - self._first) / width
        self._move_to(round(middle - share * wanted), wanted)

    def _move_to(self, first: int, bars: int) -> None:
        bars = min(bars, HIGHEST - LOWEST + 1)
        self._first = min(max(LOWEST, first), HIGHEST - bars + 1)
        self._last = self._first + bars - 1
        self.update()

    def counts(self, exponent: int) -> tuple[int, int]:
        """Return how many negative and positive values have a magnitude."""
        place = exponent - LOWEST
        histogram = self._values.histogram
        return histogram.negative[place], histogram.positive[place]

    def told(self, exponent: int) -> str:
        """Say what a bar shows."""
        negative, positive = self.counts(exponent)
        return self.tr("{range}: {positive} positive, {negative} negative").format(
            range=self._range(exponent, exponent),
            positive=count(positive),
            negative=count(negative),
        )

    def _range(self, first: int, last: int) -> str:
        """Name the magnitudes of some bars; the first and the last one of all have one end."""
        low, high = f"2^{first}", f"2^{last + 1}"
        if first == LOWEST and last == HIGHEST:
            return self.tr("any size")
        if first == LOWEST:
            return self.tr("below {high}").format(high=high)
        if last == HIGHEST:
            return self.tr("{low} and more").format(low=low)
        return self.tr("{low} to {high}").format(low=low, high=high)

    def _tell(self) -> None:
        if self._current is not None:
            self.setAccessibleDescription(self.told(self._current))
            return
        span = self._values.histogram.span
        self.setAccessibleDescription(
            self.tr("{number} values, {range}").format(
                number=count(self._values.count), range=self._range(*span)
            )
            if span
            else self.tr("No values")
        )

    def _bar_width(self, area: QRectF) -> float:
        return (area.width() - _LEFT - _RIGHT) / (self._last - self._first + 1)

    def _x(self, area: QRectF, exponent: float) -> float:
        return area.left() + _LEFT + (exponent - self._first) * self._bar_width(area)

    def _exponent_at(self, x: float) -> int:
        inside = (x - _LEFT) / self._bar_width(QRectF(self.rect()))
        return min(self._last, max(self._first, self._first + int(inside)))

    def _height(self, number: int, most: int, room: float) -> float:
        if not number:
            return 0.0
        share = log10(number + 1) / log10(most + 1) if self._logarithmic else number / most
        return max(1.0, share * room)

    @override
    def draw(self, painter: QPainter, area: QRectF) -> None:
        floor, room = area.bottom() - _BOTTOM, area.height() - _TOP - _BOTTOM
        shown = range(self._first, self._last + 1)
        most = max((sum(self.counts(each)) for each in shown), default=0) or 1
        colors, width = theme.current(), self._bar_width(area)
        painter.setPen(Qt.PenStyle.NoPen)
        for exponent in shown:
            negative, positive = self.counts(exponent)
            whole = self._height(negative + positive, most, room)
            lower = whole * negative / (negative + positive) if whole else 0.0
            left = self._x(area, exponent)
            bar = max(1.0, width - 1)
            lower_part = QRectF(left, floor - lower, bar, lower)
            painter.fillRect(lower_part, colors.part_color(_NEGATIVE))
            upper = QRectF(left, floor - whole, bar, whole - lower)
            painter.fillRect(upper, colors.part_color(_POSITIVE))
        self._draw_legend(painter, area)
        self._draw_axis(painter, area, floor)
        self._draw_limits(painter, area, floor)
        if self._current is not None and self._first <= self._current <= self._last:
            painter.setPen(QPen(colors.color("text"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            mark = QRectF(self._x(area, self._current), floor - room, width, room)
            painter.drawRect(mark.adjusted(0.5, 0.5, -0.5, -0.5))

    def _draw_legend(self, painter: QPainter, area: QRectF) -> None:
        """Say at the top which colour is which sign."""
        left = area.left() + _LEFT
        for color, name in ((_POSITIVE, self.tr("positive")), (_NEGATIVE, self.tr("negative"))):
            square = QRectF(left, area.top() + (_LEGEND - _SQUARE) / 2, _SQUARE, _SQUARE)
            painter.fillRect(square, theme.current().part_color(color))
            painter.setPen(theme.current().color("dim"))
            wide = painter.fontMetrics().horizontalAdvance(name) + 1
            box = QRectF(square.right() + _LIMIT_GAP, area.top(), wide, _LEGEND)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), name)
            left = box.right() + 2 * _LIMIT_GAP

    def _draw_axis(self, painter: QPainter, area: QRectF, floor: float) -> None:
        painter.setPen(theme.current().color("dim"))
        painter.drawLine(QPointF(area.left() + _LEFT, floor), QPointF(area.right() - _RIGHT, floor))
        every = max(1, round(_LABEL_ROOM / self._bar_width(area)))
        for exponent in range(self._first, self._last + 1):
            if exponent % every == 0:
                place = QRectF(self._x(area, exponent) - 30, floor + 2, 60, _BOTTOM - 4)
                painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), _start(exponent))

    def _draw_limits(self, painter: QPainter, area: QRectF, floor: float) -> None:
        painter.setPen(QPen(theme.current().color("warn"), 1, Qt.PenStyle.DashLine))
        ends = [area.left()] * _LIMIT_ROWS  # where each row of names is taken to
        for exponent, name in sorted(LIMITS):
            if not self._first <= exponent <= self._last + 1:
                continue
            x, wide = self._x(area, exponent), painter.fontMetrics().horizontalAdvance(name)
            left = min(max(area.left(), x - wide / 2), area.right() - wide)
            row = next((row for row, end in enumerate(ends) if end <= left), _LIMIT_ROWS - 1)
            ends[row] = left + wide + _LIMIT_GAP
            top = area.top() + _LEGEND + _LIMIT_HEIGHT * row
            box = QRectF(left, top, wide + 1, _LIMIT_HEIGHT)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, floor))

    @override
    def csv_text(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["from", "to", "negative", "positive"])
        for exponent in range(LOWEST, HIGHEST + 1):
            writer.writerow([*bin_limits(exponent), *self.counts(exponent)])
        return text.getvalue()

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            told = self.told(self._exponent_at(event.pos().x()))
            QToolTip.showText(event.globalPos(), told, self)
            return True
        return super().event(event)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            factor = 0.8 if event.angleDelta().y() > 0 else 1.25
            self.zoom(factor, self._exponent_at(event.position().x()))
        else:
            event.ignore()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._dragged = event.position()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is None:
            return
        step = round((self._dragged.x() - event.position().x()) / self._bar_width(self._area))
        if step:
            self._dragged = event.position()
            self._move_to(self._first + step, self._last - self._first + 1)

    @property
    def _area(self) -> QRectF:
        return QRectF(self.rect())

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step = Qt.Key(event.key()), {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        if key in step and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._move_to(self._first + step[key], self._last - self._first + 1)
        elif key in step:
            start = self._first - step[key] if self._current is None else self._current
            self._current = min(self._last, max(self._first, start + step[key]))
            self._tell()
            self.update()
        elif key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom(0.8)
        elif key is Qt.Key.Key_Minus:
            self.zoom(1.25)
        elif key is Qt.Key.Key_0:
            self.show_all()
        elif key is Qt.Key.Key_L:
            self.set_logarithmic(not self._logarithmic)
        else:
            super().keyPressEvent(event)


def _start(exponent: int) -> str:
    """Name a bar on the axis."""
    if exponent == LOWEST:
        return f"< {_power(exponent + 1)}"
    return f"≥ {_power(exponent)}" if exponent == HIGHEST else _power(exponent)


def _power(exponent: int) -> str:
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"2{str(exponent).translate(digits)}"
