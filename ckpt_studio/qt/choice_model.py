"""The rows of a choice of files: headings and files with their place and size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from ckpt_studio.core import text
from ckpt_studio.core.model_search import Choice, Row
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt import theme
from ckpt_studio.qt.icons import icon

RowRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_NONE = Qt.ItemFlag.NoItemFlags
_LONGEST = 400


class ChoiceModel(QAbstractListModel):
    """Shows rows; what does not fit and headings cannot be chosen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def first(self) -> QModelIndex:
        """Return the place of what is chosen now, else of the first that can be chosen."""
        free = -1
        for number, row in enumerate(self._rows):
            if isinstance(row, Choice) and not row.reason:
                if row.current:
                    return self.index(number)
                free = number if free < 0 else free
        return self.index(free) if free >= 0 else QModelIndex()

    def places_of(self, paths: Sequence[Path]) -> list[QModelIndex]:
        """Return where files are that can be chosen, each at its first place."""
        found: dict[Path, QModelIndex] = {}
        for number, row in enumerate(self._rows):
            if isinstance(row, Choice) and row.path in paths and not row.reason:
                found.setdefault(row.path, self.index(number))
        return [found[path] for path in paths if path in found]

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def flags(self, index: _Index, /) -> Qt.ItemFlag:
        if not index.isValid() or not _can_be_chosen(self._rows[index.row()]):
            return _NONE
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row if isinstance(row, str) else one_line(row.name, _LONGEST)
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, Choice):
            return row.reason or one_line(str(row.path), 2000)
        if role == Qt.ItemDataRole.AccessibleTextRole and isinstance(row, Choice):
            return ", ".join(filter(None, (row.name, size_text(row), row.reason)))
        return None


def _can_be_chosen(row: Row) -> bool:
    return isinstance(row, Choice) and not row.reason


def size_text(choice: Choice) -> str:
    """Return the size of a choice, "" where it is not known."""
    return "" if choice.bytes is None else text.binary_size(choice.bytes)


class ChoiceDelegate(QStyledItemDelegate):
    """Paints a row: a tick, the name, where it is, its size; headings in bold and dim."""

    _TICK, _GAP, _PADDING = 18, 14, 11

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, option.fontMetrics.height() + self._PADDING)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(RowRole)
        painter.save()
        if isinstance(row, Choice):
            self._choice(painter, option, row)
        else:
            bold = QFont(option.font)
            bold.setBold(True)
            painter.setFont(bold)
            painter.setPen(theme.current().color("dim"))
            inside = option.rect.adjusted(8, 0, -8, 0)
            painter.drawText(inside, int(Qt.AlignmentFlag.AlignVCenter), str(row))
        painter.restore()

    def _choice(self, painter: QPainter, option: QStyleOptionViewItem, row: Choice) -> None:
        colors = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        strong, dim = ("on_accent", "on_accent") if selected else ("text", "dim")
        if row.reason:
            strong = dim
        inside = option.rect.adjusted(8, 0, -10, 0)
        if selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("accent"))
            painter.drawRoundedRect(option.rect.adjusted(2, 1, -2, -1), 4, 4)
        if row.current:
            square = QRect(inside.left(), inside.center().y() - 7, 15, 15)
            icon("check", strong).paint(painter, square)
        inside.setLeft(inside.left() + self._TICK)
        painter.setPen(colors.color(dim))
        size = size_text(row)
        self._draw(painter, inside, size, Qt.AlignmentFlag.AlignRight)
        inside.setRight(inside.right() - option.fontMetrics.horizontalAdvance("888.8 MiB") - 14)
        beside = row.reason.removeprefix(f"{row.path.name} ") or row.place
        name = option.fontMetrics.horizontalAdvance(row.name)
        free = inside.width() - option.fontMetrics.horizontalAdvance(beside) - self._GAP
        room = max(inside.width() * 6 // 10, free)
        used = min(name + 3, room)  # widths are rounded: with none to spare a name is cut
        place = QRect(inside)
        place.setLeft(inside.left() + used + self._GAP)
        self._draw(painter, place, beside, Qt.AlignmentFlag.AlignRight)
        painter.setPen(colors.color(strong))
        inside.setWidth(used)
        self._draw(painter, inside, one_line(row.name, _LONGEST), Qt.AlignmentFlag.AlignLeft)

    @staticmethod
    def _draw(painter: QPainter, rect: QRect, words: str, side: Qt.AlignmentFlag) -> None:
        """Draw one line, cut in the middle where it does not fit."""
        mode = Qt.TextElideMode.ElideMiddle
        cut = painter.fontMetrics().elidedText(one_line(words, _LONGEST), mode, rect.width())
        painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), cut)
