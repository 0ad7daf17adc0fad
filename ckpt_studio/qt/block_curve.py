"""A curve with one value for each block of a model: dragged, typed, moved with the keys."""

import csv
import io
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget
from typing_extensions import override

from ckpt_studio.qt.block_curve_drawing import CurveDrawing
from ckpt_studio.qt.block_curve_field import CurveField
from ckpt_studio.qt.block_curve_layout import CurveLayout, Scale
from ckpt_studio.qt.plot import Plot

_FINE = 0.01
_LARGE_STEPS = 5
_DRAG_AFTER = 3.0
"""Pixels that the mouse has to move before a point follows it: a click only selects."""
_HEIGHT = 190

_Modifier = Qt.KeyboardModifier


class BlockCurve(Plot):
    """Points over blocks; those selected change together.

    Left, Right, Home and End choose a block, with Shift more of them, Ctrl+A all. Up and Down
    change the values by a step, Page Up and Page Down by five, with Ctrl by 0.01. Enter, F2 or a
    double click types a value. The wheel is fine, where the curve has the focus.
    """

    edited = Signal(object, int)  # the values, and a number that steps of one stroke share
    selection_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("blockCurve", "", parent)
        self.setAccessibleName(self.tr("Values of the blocks"))
        self.setMinimumHeight(_HEIGHT)
        self._blocks: tuple[str, ...] = ()
        self._outside: frozenset[int] = frozenset()
        self._values: tuple[float, ...] = ()
        self._scale = Scale()
        self._cursor, self._anchor = 0, 0
        self._selected: set[int] = set()
        self._pressed: QPointF | None = None
        self._dragged: tuple[float, ...] | None = None
        self._stroke = 0
        self._field = CurveField(self)
        self._field.typed.connect(self.set_selected)
        self._tell()

    @property
    @override
    def file_name(self) -> str:
        """The name of a file with the plot."""
        return "block weights"

    @property
    def values(self) -> tuple[float, ...]:
        """The values as they are shown."""
        return self._values

    @property
    def selected(self) -> frozenset[int]:
        """The blocks that change together; all where none was chosen."""
        chosen = self._selected or range(len(self._blocks))
        return frozenset(chosen)

    @property
    def counted(self) -> tuple[int, int]:
        """How many blocks were selected, and how many there are."""
        return len(self._selected), len(self._blocks)

    @property
    def layout_now(self) -> CurveLayout:
        """Where everything stands."""
        return self._layout(QRectF(self.rect()))

    def set_blocks(self, blocks: Sequence[str], outside: frozenset[int], scale: Scale) -> None:
        """Belong to other blocks; those outside of the diffusion model look different."""
        if tuple(blocks) != self._blocks:
            self._cursor = self._anchor = 0
            self._selected = set()
        self._blocks, self._outside, self._scale = tuple(blocks), outside, scale
        self._tell()

    def set_values(self, values: Sequence[float]) -> None:
        """Show other values, one for each block."""
        if tuple(values) != self._values:
            self._values = tuple(values)
            self._tell()

    def point(self, index: int) -> QPointF:
        """Return where the point of a block stands in the widget."""
        return self.layout_now.point(index, self._values[index])

    def set_selected(self, value: float) -> None:
        """Give the selected blocks a value, as a step of its own."""
        self._stroke += 1
        self._change(dict.fromkeys(self.selected, value))

    def add_to_selected(self, amount: float) -> None:
        """Add to the values of the selected blocks."""
        self._stroke += 1
        self._change({index: self._values[index] + amount for index in self.selected})

    def multiply_selected(self, factor: float) -> None:
        """Multiply the values of the selected blocks."""
        self._stroke += 1
        self._change({index: self._values[index] * factor for index in self.selected})

    def select_all(self) -> None:
        """Select every block."""
        self._select(range(len(self._blocks)))

    def type_value(self) -> None:
        """Ask for the value of the selected blocks at the point of the cursor."""
        if self._values:
            if not self._selected:
                self._select({self._cursor})
            self._field.open_at(self.point(self._cursor), self._values[self._cursor])

    def _change(self, changed: dict[int, float]) -> None:
        values = tuple(
            round(changed.get(index, value), 4) for index, value in enumerate(self._values)
        )
        if values != self._values:
            self._values = values
            self._tell()
            self.edited.emit(values, self._stroke)

    def _select(self, indices: Sequence[int] | set[int] | range) -> None:
        if set(indices) != self._selected:
            self._stroke += 1
        self._selected = set(indices)
        self._tell()
        self.selection_changed.emit()

    def _tell(self) -> None:
        self.setAccessibleDescription(self._told(self._cursor))
        self.update()

    def _told(self, index: int) -> str:
        if index >= min(len(self._blocks), len(self._values)):
            return self.tr("There are no blocks yet.")
        said = self.tr("{block}: {value}, block {number} of {count}").format(
            block=self._blocks[index],
            value=f"{self._values[index]:g}",
            number=index + 1,
            count=len(self._blocks),
        )
        more = len(self._selected)
        return (
            said if more <= 1 else self.tr("{said}; {more} selected").format(said=said, more=more)
        )

    def _layout(self, area: QRectF) -> CurveLayout:
        return CurveLayout(self._blocks, self._scale, area, self.fontMetrics())

    @override
    def draw(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(self.font())
        if self._values:
            drawing = CurveDrawing(painter, self._layout(area), self._values, self._outside)
            drawing.draw(self._selected, self._cursor if self.hasFocus() else None)

    @override
    def csv_text(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["block", "value"])
        writer.writerows(zip(self._blocks, self._values, strict=True))
        return text.getvalue()

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.layout_now.index_at(float(event.pos().x()))
            QToolTip.showText(event.globalPos(), "" if index is None else self._told(index), self)
            return True
        return super().event(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.layout_now.index_at(event.position().x())
        if event.button() is not Qt.MouseButton.LeftButton or index is None or not self._values:
            super().mousePressEvent(event)
            return
        self._pressed, self._dragged = event.position(), self._values
        keys = event.modifiers()
        if keys & _Modifier.ShiftModifier:
            self._extend(index)
        elif keys & _Modifier.ControlModifier:
            self._cursor = self._anchor = index
            self._select(self._selected ^ {index})
        else:
            self._cursor = self._anchor = index
            if index not in self._selected:
                self._select({index})
        self._tell()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before, pressed = self._dragged, self._pressed
        if before is None:
            super().mouseMoveEvent(event)
            return
        if pressed is not None:
            if abs(event.position().y() - pressed.y()) < _DRAG_AFTER:
                return
            self._pressed = None
            self._stroke += 1
        fine = bool(event.modifiers() & _Modifier.ControlModifier)
        value = self._snapped(self.layout_now.value_at(event.position().y()), fine=fine)
        moved = value - before[self._cursor]
        self._change({index: before[index] + moved for index in self._selected})

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and not event.modifiers():
            self._select({self._cursor})  # a click without a drag leaves one block
        self._pressed = self._dragged = None
        super().mouseReleaseEvent(event)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.layout_now.index_at(event.position().x())
        if event.button() is Qt.MouseButton.LeftButton and index is not None:
            if index not in self._selected:
                self._select({index})
            self._cursor = self._anchor = index
            self.type_value()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        if self.hasFocus() and self._selected and turn:
            self._nudge(_FINE if turn > 0 else -_FINE)
            event.accept()
        else:
            event.ignore()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys = Qt.Key(event.key()), event.modifiers()
        last = len(self._blocks) - 1
        targets = {
            Qt.Key.Key_Left: self._cursor - 1,
            Qt.Key.Key_Right: self._cursor + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        steps = {
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_PageUp: _LARGE_STEPS,
            Qt.Key.Key_PageDown: -_LARGE_STEPS,
        }
        if not self._values:
            super().keyPressEvent(event)
        elif key in targets:
            self._go(min(last, max(0, targets[key])), extend=bool(keys & _Modifier.ShiftModifier))
        elif key in steps:
            fine = keys & _Modifier.ControlModifier
            self._nudge(steps[key] * (_FINE if fine else self._scale.step))
        else:
            self._other_key(event)

    def _other_key(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2}:
            self.type_value()
        elif key == Qt.Key.Key_A and event.modifiers() & _Modifier.ControlModifier:
            self.select_all()
        elif key == Qt.Key.Key_Escape and self._selected:
            self._select(set())
        else:
            super().keyPressEvent(event)

    def _go(self, index: int, *, extend: bool) -> None:
        if extend:
            self._extend(index)
        else:
            self._cursor = self._anchor = index
            self._select({index})
        self._tell()

    def _extend(self, index: int) -> None:
        self._cursor = index
        self._select(range(min(self._anchor, index), max(self._anchor, index) + 1))

    def _nudge(self, amount: float) -> None:
        """Move the selected points, within the scale; what is off it may come back."""
        if not self._selected:
            self._select({self._cursor})
        scale = self._scale
        changed = {}
        for index in self._selected:
            now = self._values[index]
            low, high = min(scale.low, now), max(scale.high, now)
            changed[index] = min(high, max(low, now + amount))
        self._change(changed)

    def _snapped(self, value: float, *, fine: bool) -> float:
        step = _FINE if fine else self._scale.step
        return round(value / step) * step
