"""Rows of numbers as a table that is sorted by a click on a title; cells are made when seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its title, the value of a row to sort by, and how that is shown."""

    title: str
    value: Callable[[Any], Any]
    text: Callable[[Any], str] = str
    number: bool = True


class SheetModel(QAbstractTableModel):
    """Shows rows of any kind through fields; None is an empty cell and comes last."""

    def __init__(self, fields: Sequence[Field], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fields = fields
        self._rows: list[Any] = []
        self._order: tuple[int, bool] | None = None

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows, in the order that was chosen."""
        self.beginResetModel()
        self._rows = list(rows)
        self._sort()
        self.endResetModel()

    def row_at(self, place: int) -> Any:
        """Return one of the rows as they are shown."""
        return self._rows[place]

    def _sort(self) -> None:
        if self._order is None:
            return
        column, descending = self._order
        value = self._fields[column].value
        found = [(value(row), row) for row in self._rows]
        known = [pair for pair in found if pair[0] is not None]
        known.sort(key=lambda pair: pair[0], reverse=descending)
        self._rows = [row for _, row in known]
        self._rows += [row for one, row in found if one is None]

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder, /) -> None:
        wanted = column, order is Qt.SortOrder.DescendingOrder
        if 0 <= column < len(self._fields) and wanted != self._order:
            self.beginResetModel()
            self._order = wanted
            self._sort()
            self.endResetModel()

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._fields)

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        field = self._fields[index.column()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            value = field.value(self._rows[index.row()])
            return "" if value is None else field.text(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and field.number:
            return _RIGHT
        return None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self._fields):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._fields[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole and self._fields[section].number:
            return _RIGHT
        return None
