"""A bar that shows how large a header is, with marks where programs stop reading it."""

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from ckpt_studio.core import text
from ckpt_studio.core.header_size import MARKS, MIB, exceeded
from ckpt_studio.qt import theme

_BAR = 8
_LIMITS = (0, *(mark.limit for mark in MARKS))


class SizeMeter(QWidget):
    """Four segments of equal width, from one mark to the next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Header size"))
        self.show_size(0)

    def show_size(self, size: int) -> None:
        """Show a size in bytes."""
        self._size = size
        mark = exceeded(size)
        limits = "\n".join(f"{text.binary_size(mark.limit)}: {mark.lost}." for mark in MARKS)
        self.setToolTip(self.tr("With a header larger than\n{limits}").format(limits=limits))
        state = mark.lost if mark else self.tr("every program can read it")
        self.setAccessibleDescription(f"{text.binary_size(size)}: {state}")
        self.update()

    @property
    def color_role(self) -> str:
        """The role of the colour the bar has now."""
        mark = exceeded(self._size)
        if mark is None:
            return "good"
        return "bad" if mark is MARKS[-1] else "warn"

    @override
    def sizeHint(self) -> QSize:
        return QSize(280, _BAR + 4 + self.fontMetrics().height())

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        current, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for color, width in (("line", 1.0), (self.color_role, position(self._size))):
            painter.setBrush(current.color(color))
            painter.drawRoundedRect(QRectF(0, 0, self.width() * width, _BAR), 3, 3)
        for place, mark in enumerate(MARKS, start=1):
            right = self.width() * place / len(MARKS)
            painter.setPen(QPen(current.color("dim"), 1.5))
            if place < len(MARKS):
                painter.drawLine(QPointF(right, 0), QPointF(right, _BAR))
            painter.drawText(
                QRectF(right - 80, _BAR + 2, 80, self.fontMetrics().height() + 2),
                Qt.AlignmentFlag.AlignRight,
                f"{mark.limit // MIB} MiB",
            )


def position(size: int) -> float:
    """Return how far along the bar a size is, from 0 to 1."""
    for place, (low, high) in enumerate(pairwise(_LIMITS)):
        if size <= high:
            return (place + (size - low) / (high - low)) / len(MARKS)
    return 1.0
