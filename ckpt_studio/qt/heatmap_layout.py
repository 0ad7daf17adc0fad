"""Where the cells and titles of a heat map stand."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetrics

from ckpt_studio.core.comparison.difference_map import DifferenceMap, block_words
from ckpt_studio.core.families.part_names import part_name

Spans = Sequence[tuple[QRectF, str]]
"""Titles with the columns they stand over."""

_LEAST_WIDTH, _MOST_WIDTH = 9.0, 72.0
_LEAST_HEIGHT, _MOST_HEIGHT = 11.0, 26.0
_GAP = 8.0


class HeatLayout:
    """Divides an area: kinds at the left, titles on top, cells below, scrolled by some pixels."""

    def __init__(
        self, shown: DifferenceMap, area: QRectF, metrics: QFontMetrics, zoom: float, scrolled: int
    ) -> None:
        self._map, self._metrics, self._scrolled = shown, metrics, scrolled
        line = metrics.height() + 1.0
        self._line = line
        self.head = line * (3 if len(shown.parts) > 1 else 2)
        widest = max((metrics.horizontalAdvance(kind) for kind in shown.kinds), default=0)
        self.cells = area.adjusted(widest + _GAP, self.head, 0, 0)
        columns, rows = max(1, len(shown.columns)), max(1, len(shown.kinds))
        fitting = min(_MOST_WIDTH, self.cells.width() / columns)
        self.width = max(_LEAST_WIDTH, fitting * zoom)
        self.height = min(_MOST_HEIGHT, max(_LEAST_HEIGHT, self.cells.height() / rows))

    @property
    def least_height(self) -> float:
        """The height at which rows can still be told apart, titles included."""
        return self.head + _LEAST_HEIGHT * max(1, len(self._map.kinds))

    @property
    def most_height(self) -> float:
        """The height at which rows are as high as they get, titles included."""
        return self.head + _MOST_HEIGHT * max(1, len(self._map.kinds))

    @property
    def content(self) -> float:
        """The width of all columns."""
        return self.width * len(self._map.columns)

    @property
    def numbers_line(self) -> int:
        """The line of titles that has the numbers of blocks."""
        return round(self.head / self._line) - 1

    def column_at(self, x: float) -> float:
        """Return the column at a distance from the left, with its fraction."""
        return (x - self.cells.left() + self._scrolled) / self.width

    def spot(self, point: QPointF) -> tuple[int, int] | None:
        """Return column and row at a point, None outside of the cells."""
        if not self.cells.contains(point):
            return None
        column = int(self.column_at(point.x()))
        row = int((point.y() - self.cells.top()) / self.height)
        inside = column < len(self._map.columns) and row < len(self._map.kinds)
        return (column, row) if inside else None

    def scroll_to(self, column: int) -> int:
        """Return how far to scroll so that a column is seen, as little as it takes."""
        left, right = column * self.width, (column + 1) * self.width
        return round(min(max(self._scrolled, right - self.cells.width()), left))

    def boxes(self) -> Iterator[tuple[int, int, QRectF]]:
        """Return column, row and area of the cells that can be seen."""
        first = max(0, int(self._scrolled / self.width))
        last = int((self._scrolled + self.cells.width()) / self.width) + 1
        for column in range(first, min(last, len(self._map.columns))):
            for row in range(len(self._map.kinds)):
                yield column, row, self._box(column, row)

    def _box(self, column: int, row: int) -> QRectF:
        left = self.cells.left() + column * self.width - self._scrolled
        return QRectF(left, self.cells.top() + row * self.height, self.width, self.height)

    def kinds(self) -> Iterator[tuple[QRectF, str]]:
        """Return the names of the rows with their areas."""
        for row, kind in enumerate(self._map.kinds):
            top = self.cells.top() + row * self.height
            yield QRectF(0, top, self.cells.left() - _GAP / 2, self.height), kind

    def titles(self) -> Iterator[Spans]:
        """Return the lines of titles: parts where there are several, words, numbers of blocks."""
        columns = self._map.columns
        parts = [part for part, _ in columns]
        words = [(part, block_words(block)[0]) for part, block in columns]
        if len(self._map.parts) > 1:
            yield self._spans(0, parts, [part_name(part) or "–" for part in parts])
        line = self.numbers_line
        yield self._spans(line - 1, words, [word for _, word in words])
        numbers = [block_words(block)[1] for _, block in columns]
        yield self._spans(line, list(range(len(columns))), numbers)

    def _spans(self, line: int, keys: Sequence[object], titles: Sequence[str]) -> Spans:
        top = self.cells.top() - self.head + line * self._line
        spans = []
        start = self.cells.left() - self._scrolled
        for _, group in groupby(range(len(keys)), key=keys.__getitem__):
            columns = list(group)
            left, right = start + columns[0] * self.width, start + (columns[-1] + 1) * self.width
            if left > self.cells.right():  # thousands of blocks may be out of sight
                break
            if len(columns) > 1:  # a title stays in sight while what it stands over does
                left = max(left, self.cells.left())
            spans.append((QRectF(left, top, right - left, self._line), titles[columns[0]]))
        return spans
