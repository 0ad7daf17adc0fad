"""Where the points of a curve over the blocks of a model stand, and what is at a point."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetrics

_PADDING = 8.0
_GAP = 4.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What the height stands for: the values at the bottom and at the top, and a usual step."""

    low: float = 0.0
    high: float = 1.0
    step: float = 0.05


@dataclass(frozen=True, slots=True)
class CurveLayout:
    """Columns of equal width, one for each block, between a scale on the left and names below."""

    blocks: Sequence[str]
    scale: Scale
    area: QRectF
    metrics: QFontMetrics

    @property
    def plot(self) -> QRectF:
        """The room for the points."""
        left = self.metrics.horizontalAdvance("−0.00") + 2 * _GAP
        below = 2 * self.metrics.height() + _GAP
        return self.area.adjusted(left, 1.5 * _PADDING, -_PADDING, -below)

    @property
    def width(self) -> float:
        """Width of a column."""
        return self.plot.width() / max(1, len(self.blocks))

    def column(self, index: int) -> QRectF:
        """Return the column of a block."""
        plot = self.plot
        return QRectF(plot.left() + index * self.width, plot.top(), self.width, plot.height())

    def point(self, index: int, value: float) -> QPointF:
        """Return where a value of a block stands; values off the scale stand at its end."""
        scale, plot = self.scale, self.plot
        share = (value - scale.low) / (scale.high - scale.low)
        height = plot.bottom() - min(1.0, max(0.0, share)) * plot.height()
        return QPointF(plot.left() + (index + 0.5) * self.width, height)

    def index_at(self, x: float) -> int | None:
        """Return the block at a distance from the left; None beside the columns."""
        plot = self.plot
        if not self.blocks or not plot.left() - _PADDING <= x <= plot.right() + _PADDING:
            return None
        index = int((x - plot.left()) / self.width)
        return min(len(self.blocks) - 1, max(0, index))

    def value_at(self, y: float) -> float:
        """Return the value at a distance from the top, within the scale."""
        scale, plot = self.scale, self.plot
        share = (plot.bottom() - y) / plot.height() if plot.height() > 0 else 0.0
        return scale.low + min(1.0, max(0.0, share)) * (scale.high - scale.low)

    def names(self) -> Iterator[tuple[QRectF, str]]:
        """Yield room and text of the first line below: names, numbers only where room is short."""
        top, high = self.plot.bottom() + _GAP, float(self.metrics.height())
        free = self.plot.left() - _PADDING
        wide = all(self._wide(name) < self.width for name in self.blocks)
        for index, name in enumerate(self.blocks):
            text = name if wide else _short(name)
            middle, width = self.column(index).center().x(), self._wide(text)
            if width > self.width and text == name:
                text = self._elided(text)
                width = self._wide(text)
            if middle - width / 2 >= free:
                yield QRectF(middle - width / 2 - 1, top, width + 2, high), text
                free = middle + width / 2 + _GAP

    def titles(self) -> Iterator[tuple[QRectF, str]]:
        """Yield room and text of the second line: the letters before numbers, where they begin."""
        if all(self._wide(name) < self.width for name in self.blocks):
            return
        top, high = self.plot.bottom() + _GAP + self.metrics.height(), float(self.metrics.height())
        before = ""
        for index, name in enumerate(self.blocks):
            letters = name.rstrip("0123456789")
            if letters not in {name, before}:
                left = self.column(index).left()
                yield QRectF(left, top, self._wide(letters) + 2, high), letters
            before = letters

    def _wide(self, text: str) -> int:
        return self.metrics.horizontalAdvance(text)

    def _elided(self, text: str) -> str:
        while len(text) > 1 and self._wide(text + "…") > self.width:
            text = text[:-1]
        return text + "…"


def _short(name: str) -> str:
    """Return the number of a block without the letters before it."""
    number = name[len(name.rstrip("0123456789")) :]
    return str(int(number)) if number else name
