"""A bar that shows how the bytes of a file are shared by its parts, with a legend."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from ckpt_studio.core import text
from ckpt_studio.qt import theme

_HEIGHT = 22
_GAP = 2.0
_LEAST = 4.0


@dataclass(frozen=True, slots=True)
class Segment:
    """One part: its name, its bytes, and the index of its colour."""

    name: str
    size: int
    color: int

    @property
    def caption(self) -> str:
        """Name and size as one text."""
        return f"{self.name}  {text.binary_size(self.size)}"


class SizeBar(QWidget):
    """Segments as wide as their share; arrow keys and the mouse tell the small ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segments: tuple[Segment, ...] = ()
        self._current = -1
        self.setObjectName("sizeBar")
        self.setMinimumHeight(max(_HEIGHT, self.fontMetrics().height() + 6))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("Size by part"))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What is shown."""
        return self._segments

    def set_segments(self, segments: tuple[Segment, ...]) -> None:
        """Show other parts; empty ones are left out."""
        self._segments = tuple(segment for segment in segments if segment.size > 0)
        self._current = -1
        self.setAccessibleDescription(", ".join(part.caption for part in self._segments))
        self.update()

    def rectangles(self) -> tuple[QRectF, ...]:
        """Where each segment is painted; small ones keep a visible width."""
        total = sum(segment.size for segment in self._segments)
        if not total:
            return ()
        widths = [max(_LEAST, self.width() * part.size / total) for part in self._segments]
        scale = self.width() / sum(widths)
        result, left = [], 0.0
        for width in widths:
            result.append(QRectF(left, 1, max(1.0, width * scale - _GAP), self.height() - 2))
            left += width * scale
        return tuple(result)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = theme.current()
        if not self._segments:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("line"))
            painter.drawRoundedRect(QRectF(0, 1, self.width(), self.height() - 2), 4, 4)
        for index, (part, area) in enumerate(zip(self._segments, self.rectangles(), strict=True)):
            focused = self.hasFocus() and index == self._current
            painter.setPen(QPen(colors.color("text"), 2) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(colors.part_color(part.color))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1) if focused else area, 4, 4)
            self._paint_caption(painter, part, area)

    def _paint_caption(self, painter: QPainter, part: Segment, area: QRectF) -> None:
        for caption in (part.caption, part.name):
            if painter.fontMetrics().horizontalAdvance(caption) < area.width() - 14:
                painter.setPen(theme.current().color("on_part"))
                inside = area.adjusted(8, 0, 0, 0)
                painter.drawText(inside, int(Qt.AlignmentFlag.AlignVCenter), caption)
                return

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hits = [
                part.caption
                for part, area in zip(self._segments, self.rectangles(), strict=True)
                if area.left() <= event.pos().x() <= area.right() + _GAP
            ]
            QToolTip.showText(event.globalPos(), hits[0] if hits else "", self)
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._segments:
            super().keyPressEvent(event)
            return
        self._current = (self._current + step) % len(self._segments)
        area = self.rectangles()[self._current].toRect()
        QToolTip.showText(
            self.mapToGlobal(area.center()), self._segments[self._current].caption, self
        )
        self.update()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._current = max(self._current, 0) if self._segments else -1
        super().focusInEvent(event)
