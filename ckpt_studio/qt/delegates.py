"""How cells look: part dots, secondary text, removed rows; all colours from the theme."""

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from ckpt_studio.qt import theme
from ckpt_studio.qt.icons import icon_of
from ckpt_studio.qt.part_colors import part_index
from ckpt_studio.qt.tensor_model import PartRole

_Index = QModelIndex | QPersistentModelIndex
_DOT = 8
_ROW_PADDING = 8


class _DotEngine(QIconEngine):
    """Paints a small dot in the colour of a part."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    @override
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = theme.current()
        painter.setPen(
            current.color("on_accent") if mode is QIcon.Mode.Selected else Qt.PenStyle.NoPen
        )
        painter.setBrush(current.part_color(part_index(self._part)))
        dot = QRectF(0, 0, _DOT, _DOT)
        dot.moveCenter(QRectF(rect).center())
        painter.drawEllipse(dot)

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        image = QPixmap(size)
        if image.isNull():  # asked for while there is no room for it
            return image
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return image

    @override
    def clone(self) -> QIconEngine:
        return _DotEngine(self._part)


def part_icon(part: str) -> QIcon:
    """Return a dot in the colour of a part."""
    return icon_of(_DotEngine(part))


class NameDelegate(QStyledItemDelegate):
    """Cuts off the start of a name that has no room: names of tensors differ at their ends."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft


class PartDelegate(QStyledItemDelegate):
    """Puts a dot in the colour of the part before its name."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        part = index.data(PartRole)
        if part:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.icon = part_icon(part)
            option.decorationSize = QSize(_DOT + 4, _DOT + 4)


class ColorDelegate(QStyledItemDelegate):
    """Writes a column in the colour of a role, by default the one of secondary text."""

    def __init__(self, role: str = "dim", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._role = role

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.palette.setColor(QPalette.ColorRole.Text, theme.current().color(self._role))

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), option.fontMetrics.height() + _ROW_PADDING)
