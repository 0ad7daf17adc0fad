"""Where two models differ, as coloured cells: blocks from left to right, kinds of layers below."""

import csv
import io
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QToolTip, QWidget
from typing_extensions import override

from ckpt_studio.core.comparison.difference_map import Cell, DifferenceMap, Metric, Place
from ckpt_studio.qt.heatmap_drawing import LEGEND, HeatDrawing, Marks
from ckpt_studio.qt.heatmap_layout import HeatLayout
from ckpt_studio.qt.heatmap_text import told, told_map
from ckpt_studio.qt.plot import Plot

_TITLES = {
    Metric.RELATIVE: "relative",
    Metric.COSINE: "one_minus_cosine",
    Metric.LARGEST: "largest",
}
_ZOOM_STEP, _MOST_ZOOM = 1.25, 12.0


class HeatMap(Plot):
    """Cells by block and kind of layer; the colour says how far apart their values are.

    Arrows move a cursor, Enter or a click chooses a cell (once more: none), Escape chooses none.
    Wheel with Ctrl, + and - zoom, 0 shows everything.
    """

    place_chosen = Signal(object)  # Place, or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("differenceMap", "", parent)
        self.setAccessibleName(self.tr("Map of the differences"))
        self._map = DifferenceMap({})
        self._metric = Metric.RELATIVE
        self._zoom = 1.0
        self._cursor: tuple[int, int] | None = None  # column, row
        self._chosen: Place | None = None
        self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self._bar.setObjectName("differenceMapScroll")
        self._bar.setAccessibleName(self.tr("Scroll the map"))
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar.valueChanged.connect(lambda _: self.update())
        self._bar.hide()
        self._tell()

    @property
    @override
    def file_name(self) -> str:
        """The name of a file with the plot."""
        return "differences"

    @property
    def chosen(self) -> Place | None:
        """The cell that was chosen."""
        return self._chosen

    @property
    def cursor_place(self) -> Place | None:
        """The cell that the keys act on."""
        return self._place_at(*self._cursor) if self._cursor else None

    @property
    def zoom_factor(self) -> float:
        """How much wider cells are than when all fit."""
        return self._zoom

    def set_map(self, shown: DifferenceMap) -> None:
        """Show another map, or the same one with more values."""
        if (shown.columns, shown.kinds) != (self._map.columns, self._map.kinds):
            self._cursor, self._zoom = None, 1.0
        self._map = shown
        self._adapt()

    def set_metric(self, metric: Metric) -> None:
        """Colour the cells by another number."""
        self._metric = metric
        self._adapt()

    def choose(self, place: Place | None) -> None:
        """Mark a cell as chosen, or none; nobody is told."""
        self._chosen = place
        self.update()

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Make cells wider (above 1) or narrower; what is at a distance from the left stays."""
        layout = self._layout()
        at = layout.cells.center().x() if at is None else at
        column = layout.column_at(at)
        self._zoom = min(_MOST_ZOOM, max(1.0, self._zoom * factor))
        self._adapt()
        wider = self._layout()
        self._bar.setValue(round(column * wider.width - (at - wider.cells.left())))

    def show_all(self) -> None:
        """Show every block."""
        self._zoom = 1.0
        self._adapt()

    def _adapt(self) -> None:
        layout = self._layout()
        room, below = layout.cells.width(), round(LEGEND) + self._bar.sizeHint().height()
        self.setMinimumHeight(round(layout.least_height + LEGEND))
        self.setMaximumHeight(round(layout.most_height) + below)
        self._bar.setRange(0, max(0, round(layout.content - room)))
        self._bar.setPageStep(max(1, round(room)))
        self._bar.setSingleStep(max(1, round(layout.width)))
        height = self._bar.sizeHint().height()
        left, width = round(layout.cells.left()), max(1, round(room))
        self._bar.setGeometry(left, self.height() - below, width, height)
        self._bar.setVisible(self._bar.maximum() > 0)
        self._tell()
        self.update()

    def _layout(self, area: QRectF | None = None) -> HeatLayout:
        area = QRectF(self.rect()) if area is None else area
        below = LEGEND + (self._bar.sizeHint().height() if self._zoom > 1 else 0)
        inside = area.adjusted(0, 0, 0, -below)
        return HeatLayout(self._map, inside, self.fontMetrics(), self._zoom, self._bar.value())

    def _place_at(self, column: int, row: int) -> Place | None:
        if column < len(self._map.columns) and row < len(self._map.kinds):
            return (*self._map.columns[column], self._map.kinds[row])
        return None

    def _spot(self, point: QPointF) -> tuple[int, int] | None:
        spot = self._layout().spot(point)
        place = self._place_at(*spot) if spot else None
        return spot if place in self._map.cells else None

    def _tell(self) -> None:
        place = self.cursor_place
        if place is None:
            self.setAccessibleDescription(told_map(self._map, self._metric))
        else:
            self.setAccessibleDescription(told(place, self._map.cells.get(place), self._metric))

    @override
    def draw(self, painter: QPainter, area: QRectF) -> None:
        if self._map.columns:
            painter.setFont(self.font())
            marks = Marks(self._chosen, self.cursor_place if self.hasFocus() else None)
            strip = QRectF(area.left(), area.bottom() - LEGEND, area.width(), LEGEND)
            drawing = HeatDrawing(painter, self._map, self._metric)
            drawing.draw(self._layout(area), marks)
            if any(cell.compared for cell in self._map.cells.values()):
                drawing.draw_legend(strip)

    @override
    def csv_text(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        titles = ("part", "block", "kind", "tensors", "unlike", "compared", "same", "invalid")
        writer.writerow([*titles, *_TITLES.values()])
        for place, cell in self._cells():
            numbers = (cell.tensors, cell.unlike, cell.compared, cell.same, cell.invalid)
            values = (cell.value(metric) for metric in _TITLES)
            known = ("" if value is None else f"{value:.9g}" for value in values)
            writer.writerow([*place, *numbers, *known])
        return text.getvalue()

    def _cells(self) -> Iterator[tuple[Place, Cell]]:
        for part, block in self._map.columns:
            for kind in self._map.kinds:
                cell = self._map.cells.get((part, block, kind))
                if cell is not None:
                    yield (part, block, kind), cell

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._adapt()

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            spot = self._spot(QPointF(event.pos()))
            place = self._place_at(*spot) if spot else None
            text = told(place, self._map.cells.get(place), self._metric) if place else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        spot = self._spot(event.position())
        if event.button() is Qt.MouseButton.LeftButton and spot is not None:
            self._cursor = spot
            self._toggle()

    def _toggle(self) -> None:
        place = self.cursor_place
        if place in self._map.cells:
            self._choose(None if place == self._chosen else place)

    def _choose(self, place: Place | None) -> None:
        self.choose(place)
        self._tell()
        self.place_chosen.emit(place)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_ZOOM_STEP if turn > 0 else 1 / _ZOOM_STEP, event.position().x())
        elif self._bar.isVisible() and self.hasFocus():
            step = self._bar.singleStep()
            self._bar.setValue(self._bar.value() - (step if turn > 0 else -step))
        else:
            event.ignore()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        steps = {
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Down: (0, 1),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Home: (-len(self._map.columns), 0),
            Qt.Key.Key_End: (len(self._map.columns), 0),
        }
        if key in steps:
            self._move(*steps[key])
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self._toggle()
        elif key == Qt.Key.Key_Escape and self._chosen is not None:
            self._choose(None)
        elif key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus}:
            self.zoom(1 / _ZOOM_STEP if key == Qt.Key.Key_Minus else _ZOOM_STEP)
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def _move(self, right: int, down: int) -> None:
        """Move the cursor; the first key puts it on the cell where the difference is largest."""
        columns, kinds = self._map.columns, self._map.kinds
        if not columns:
            return
        if self._cursor is None:
            peak = self._map.peak(self._metric)
            self._cursor = (columns.index(peak[:2]), kinds.index(peak[2])) if peak else (0, 0)
        else:
            column, row = self._cursor
            self._cursor = (
                min(len(columns) - 1, max(0, column + right)),
                min(len(kinds) - 1, max(0, row + down)),
            )
        self._bar.setValue(self._layout().scroll_to(self._cursor[0]))
        self._tell()
        self.update()
