"""A treemap of tensors: click or Enter goes in, Escape goes out, arrows move."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget
from typing_extensions import override

from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.table_export import guarded
from ckpt_studio.core.text import binary_size, counted
from ckpt_studio.core.treemap import Tile, squarified, tiles
from ckpt_studio.qt import theme
from ckpt_studio.qt.plot import Plot

_TITLE = 20.0
_GAP = 2.0
_LEAST = 3.0
_TITLE_FITS = 64.0
OTHER_TYPES = 5
"""The index of the colour that all rarer types share."""
_LEAST_AREA = 150.0
"""Smaller tiles inside another one cannot be told apart; leaving them out keeps drawing quick."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """``opened``: what is inside the tile is drawn, too."""

    tile: Tile
    area: QRectF
    depth: int
    opened: bool = False


class Treemap(Plot):
    """Shows a tile with two levels inside it; the colour is the type, or the size."""

    row_chosen = Signal(object)  # Row
    zoomed = Signal(object)  # tuple of names from the whole to what is shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("tensorTreemap", "", parent)
        self.setAccessibleName(self.tr("Treemap of the tensors"))
        self.setMinimumHeight(120)
        self._path: list[Tile] = [tiles(())]
        self._placed: tuple[_Placed, ...] | None = None
        self._current = 0
        self._by_size = False

    @property
    @override
    def file_name(self) -> str:
        """The name of a file with the plot."""
        return "treemap"

    @property
    def shown(self) -> Tile:
        """What fills the plot."""
        return self._path[-1]

    @property
    def current(self) -> Tile | None:
        """The tile that the keys act on."""
        inside = self.shown.children
        return inside[self._current] if self._current < len(inside) else None

    def set_root(self, root: Tile) -> None:
        """Show other tensors as a whole; the zoom stays where there is the same to see."""
        names = [tile.name for tile in self._path[1:]]
        self._path, self._current = [root], 0
        for name in names:
            same = next((tile for tile in self.shown.children if tile.name == name), None)
            if same is None or not same.children:
                break
            self._path.append(same)
        self._arrange()

    def set_by_size(self, by_size: bool) -> None:
        """Colour tiles by their size, or by their type."""
        self._by_size = by_size
        self.update()

    def zoom_in(self) -> None:
        """Fill the plot with the current tile; a single tensor is chosen instead."""
        tile = self.current
        if tile is None:
            return
        if tile.children:
            self._path.append(tile)
            self._current = 0
            self._arrange()
        elif tile.rows:
            self.row_chosen.emit(tile.rows[0])

    def zoom_out(self) -> None:
        """Show what the shown tile is part of."""
        if len(self._path) > 1:
            left = self._path.pop()
            self._current = self.shown.children.index(left)
            self._arrange()

    def zoom_to(self, depth: int) -> None:
        """Go out until only so many tiles are zoomed into; 0 shows everything."""
        while len(self._path) > depth + 1:
            self.zoom_out()

    @property
    def by_size(self) -> bool:
        """Whether the colour of a tile is its size."""
        return self._by_size

    def _places(self) -> tuple[_Placed, ...]:
        """Return where the tiles are, worked out once they are looked at."""
        if self._placed is None:
            self._placed = tuple(_place(self.shown, QRectF(self.rect())))
        return self._placed

    def _arrange(self) -> None:
        self._placed = None
        self.zoomed.emit(tuple(tile.name for tile in self._path[1:]))
        self._tell()
        self.update()

    def _tell(self) -> None:
        tile = self.current
        self.setAccessibleDescription(self._told(tile) if tile else self.tr("No tensors"))

    def _told(self, tile: Tile) -> str:
        share = 100 * tile.size / (self._path[0].size or 1)
        tensors = f" · {counted(len(tile.rows), 'tensor')}" if len(tile.rows) > 1 else ""
        name, size = one_line(tile.name), binary_size(tile.size)
        return f"{name} · {size} · {share:.1f} %{tensors} · {tile.dtype}"

    @override
    def draw(self, painter: QPainter, area: QRectF) -> None:
        same = area.size() == QRectF(self.rect()).size()
        placed = self._places() if same else tuple(_place(self.shown, area))
        raised = theme.current().color("raised")
        color_of = self._colors()
        for each in placed:
            self._draw_tile(painter, each, raised if each.opened else color_of(each.tile))
        tile = self.current
        if tile is not None and self.hasFocus():
            mark = next((each.area for each in placed if each.tile is tile), QRectF())
            painter.setPen(QPen(theme.current().color("text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(mark.adjusted(1, 1, -1, -1))

    @staticmethod
    def _draw_tile(painter: QPainter, placed: _Placed, color: QColor) -> None:
        tile, area = placed.tile, placed.area
        painter.fillRect(area, color)
        if area.width() < _TITLE_FITS or area.height() < _TITLE:
            return
        painter.setPen(_readable_on(color))
        box = QRectF(area.left() + 6, area.top(), area.width() - 10, _TITLE)
        metrics, size = painter.fontMetrics(), f"  {binary_size(tile.size)}"
        name = one_line(tile.name)
        if metrics.horizontalAdvance(name + size) <= box.width():
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), name + size)
            return
        # names of tensors differ at their ends
        name = metrics.elidedText(name, Qt.TextElideMode.ElideLeft, int(box.width()))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), name)

    def _colors(self) -> Callable[[Tile], QColor]:
        """Return what gives the colour of a tile; what all of them need is worked out once."""
        if self._by_size:
            largest = max((child.size for child in self.shown.children), default=1) or 1
            return lambda tile: size_color(tile.size / largest)
        of_type = cache(lambda dtype: theme.current().part_color(type_color(dtype)))
        return lambda tile: of_type(tile.dtype)

    def tile_at(self, spot: QPointF) -> Tile | None:
        """Return the innermost tile at a spot."""
        hits = [each for each in self._places() if each.area.contains(spot)]
        return max(hits, key=lambda each: each.depth).tile if hits else None

    @override
    def csv_text(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["name", "bytes", "tensors", "type"])
        for tile in self.shown.children:
            writer.writerow([*guarded((tile.name,)), tile.size, len(tile.rows), tile.dtype])
        return text.getvalue()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._placed = None

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tile = self.tile_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self._told(tile) if tile else "", self)
            return True
        return super().event(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        for place, tile in enumerate(self.shown.children):
            area = next((each.area for each in self._places() if each.tile is tile), QRectF())
            if area.contains(event.position()):
                self._current = place
                self.zoom_in()
                return

    def _neighbour(self, right: int, down: int) -> int:
        """Return the nearest tile in a direction; at an edge the next one or the one before.

        So that every tile can be reached by keys, also one that is too small to be drawn.
        """
        inside = self.shown.children
        following = (self._current + right + down) % len(inside)
        areas = {id(each.tile): each.area for each in self._places()}
        here = areas.get(id(self.current))
        if here is None:
            return following
        away: dict[int, float] = {}
        for place, tile in enumerate(inside):
            gap = areas.get(id(tile), here).center() - here.center()
            along, aside = gap.x() * right + gap.y() * down, gap.x() * down + gap.y() * right
            if along > abs(aside):
                away[place] = along + abs(aside)
        return min(away, key=away.__getitem__, default=following)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Down: (0, 1),
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Up: (0, -1),
        }
        key = Qt.Key(event.key())
        if key in steps and self.shown.children:
            self._current = self._neighbour(*steps[key])
            self._tell()
            self.update()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Plus}:
            self.zoom_in()
        elif key in {Qt.Key.Key_Escape, Qt.Key.Key_Backspace, Qt.Key.Key_Minus}:
            self.zoom_out()
        else:
            super().keyPressEvent(event)


def type_color(dtype: str) -> int:
    """Return the index of the colour of an element type."""
    order = ("F16", "BF16", "F32", "F8_E4M3", "F8_E5M2")
    return order.index(dtype) if dtype in order else OTHER_TYPES


def size_color(share: float) -> QColor:
    """Return the colour of a tile whose size is a share, 0 to 1, of the largest one beside it."""
    accent, surface = theme.current().color("accent"), theme.current().color("surface")
    share = 0.25 + 0.75 * share
    return QColor.fromRgbF(
        accent.redF() * share + surface.redF() * (1 - share),
        accent.greenF() * share + surface.greenF() * (1 - share),
        accent.blueF() * share + surface.blueF() * (1 - share),
    )


def _readable_on(color: QColor) -> QColor:
    """Return the colour of text that stands out more from a tile."""
    either = [theme.current().color(role) for role in ("text", "on_part")]
    return max(either, key=lambda text: abs(text.lightnessF() - color.lightnessF()))


def _place(shown: Tile, area: QRectF) -> Iterator[_Placed]:
    """Place the tiles inside the shown one, and those inside them where there is room."""
    for tile, outer in _arranged(shown.children, area):
        inner = _inner(outer)
        children = _told_apart(tile, inner) if inner is not None else ()
        yield _Placed(tile, outer, 0, opened=bool(children))
        if inner is not None:
            for child, place in _arranged(children, inner, tile.size):
                yield _Placed(child, place, 1)


def _inner(outer: QRectF) -> QRectF | None:
    """Return the room below the title of a tile, None where there is too little."""
    inner = outer.adjusted(_GAP, _TITLE, -_GAP, -_GAP)
    return inner if min(inner.width(), inner.height()) > _TITLE else None


def _told_apart(tile: Tile, room: QRectF) -> tuple[Tile, ...]:
    """Return the tiles inside that are large enough to be seen, none where those are few bytes."""
    least = tile.size * _LEAST_AREA / (room.width() * room.height())
    seen = tuple(child for child in tile.children if child.size >= least)
    return seen if 2 * sum(child.size for child in seen) > tile.size else ()


def _arranged(
    tiles: tuple[Tile, ...], area: QRectF, whole: int = 0
) -> Iterator[tuple[Tile, QRectF]]:
    """Place tiles, the largest first; what is left of ``whole`` bytes stays empty."""
    box = (area.left(), area.top(), area.width(), area.height())
    sizes = [float(tile.size) for tile in tiles]
    rest = whole - sum(sizes)
    places = squarified([*sizes, rest] if rest > 0 else sizes, box)
    for tile, (left, top, width, height) in zip(tiles, places, strict=False):
        if width >= _LEAST and height >= _LEAST:
            yield tile, QRectF(left, top, width - _GAP / 2, height - _GAP / 2)
