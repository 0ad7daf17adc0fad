"""The tensors of two files as a flat table that filters, sorts and fills without holding up."""

from collections.abc import Callable, Mapping, Sequence
from math import isinf
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from ckpt_studio.core.comparison.compared_table import (
    COLUMNS,
    VALUES,
    Column,
    ComparedQuery,
    ComparedTable,
    Show,
    Standing,
    number_of,
    only_invalid,
)
from ckpt_studio.core.comparison.comparing import ComparedTensor, Side
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.comparison.verdict import not_finite, percent
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.text import count
from ckpt_studio.qt.tensor_model import PartRole

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MOVING = VALUES | {Column.RESULT}
_FIRST_VALUE = min(COLUMNS.index(column) for column in _MOVING)


def _shape(side: Side | None) -> str:
    return " × ".join(map(str, side.shape)) if side else ""


def _shapes(row: ComparedTensor) -> str:
    """Return the shape, or both where they differ."""
    shapes = dict.fromkeys(_shape(side) for side in (row.a, row.b) if side)
    return "  |  ".join(shapes)


_TEXTS: Mapping[Column, Callable[[ComparedTensor], str]] = {
    Column.KEY: lambda row: one_line(row.name),
    Column.PART: lambda row: part_name(row.part),
    Column.BLOCK: lambda row: row.block,
    Column.SHAPE: _shapes,
    Column.A: lambda row: row.a.dtype.label if row.a else "—",
    Column.B: lambda row: row.b.dtype.label if row.b else "—",
}


def value_text(one: TensorDifference | None, column: Column) -> str:
    """Return a number as people read it; "" where it is not known."""
    if one is not None and only_invalid(one):
        return "NaN/∞"
    value = number_of(one, column)
    if value is None:
        return ""
    if isinf(value):
        return "∞"
    if column is Column.RELATIVE:
        return percent(value) if value else "0"
    return f"{value:.6f}" if column is Column.COSINE else f"{value:.4g}"


class ComparedModel(QAbstractTableModel):
    """Shows the rows of a compared table that answer a query, in the order of a column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table: ComparedTable | None = None
        self._query = ComparedQuery()
        self._column, self._descending = Column.KEY, False
        self._shown: Sequence[int] = ()

    @property
    def table(self) -> ComparedTable | None:
        """All rows, shown or not."""
        return self._table

    def show_table(self, table: ComparedTable | None, query: ComparedQuery) -> None:
        """Show another table."""
        self._table, self._query = table, query
        self._reset()

    def set_query(self, query: ComparedQuery) -> None:
        """Show only what answers a query."""
        if query != self._query:
            self._query = query
            self._reset()

    def fill(self) -> None:
        """Show numbers that came in; the order stays."""
        if self._shown:
            last = self.index(len(self._shown) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, _FIRST_VALUE), last)

    def refresh(self) -> None:
        """Sort and filter again where numbers that came in matter to it; selections stay."""
        if self._query.show is Show.DIFFERENT:
            shown = self._wanted()
            if len(shown) != len(self._shown):
                self._reset()
                return
        if self._column in _MOVING:
            self._reorder()

    def row_at(self, place: int) -> int:
        """Return the number of one of the shown rows."""
        return self._shown[place]

    def shown_rows(self) -> Sequence[int]:
        """Return the numbers of the rows that are shown, in order."""
        return self._shown

    def titles(self) -> list[str]:
        """Return the titles of the columns."""
        return [self.tr(column.value) for column in COLUMNS]

    def texts(self, place: int) -> list[str]:
        """Return the cells of one of the shown rows as they are read."""
        return [self._text(self._shown[place], column) for column in COLUMNS]

    def _wanted(self) -> Sequence[int]:
        if self._table is None:
            return ()
        order = self._table.order(self._column, descending=self._descending)
        return self._table.matching(self._query, order)

    def _reset(self) -> None:
        self.beginResetModel()
        self._shown = self._wanted()
        self.endResetModel()

    def _reorder(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [self._shown[index.row()] for index in before]
        self._shown = self._wanted()
        place = {row: number for number, row in enumerate(self._shown)} if before else {}
        after = [
            self.index(place[row], index.column()) for row, index in zip(rows, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder, /) -> None:
        if 0 <= column < len(COLUMNS):
            self._column = COLUMNS[column]
            self._descending = order is Qt.SortOrder.DescendingOrder
            self._reorder()

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._shown)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._table is None:
            return None
        column, number = COLUMNS[index.column()], self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(number, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in VALUES else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(number, column)
        if role == PartRole and column is Column.PART:
            return self._table.rows[number].part
        return None

    def _text(self, number: int, column: Column) -> str:
        if self._table is None:
            return ""
        if column is Column.RESULT:
            return self._result(number)
        if column in VALUES:
            return value_text(self._table.results[number], column)
        return _TEXTS[column](self._table.rows[number])

    def _result(self, number: int) -> str:
        if self._table is None:
            return ""
        standing = self._table.standings[number]
        one = self._table.results[number]
        gap = one.difference if one else None
        odd = f" · {count(gap.invalid)} NaN/∞" if gap and gap.invalid else ""
        return "" if standing is Standing.OPEN else self.tr(standing.value) + odd

    def _tip(self, number: int, column: Column) -> str | None:
        if self._table is None:
            return None
        row, one = self._table.rows[number], self._table.results[number]
        if column is Column.KEY:
            sides = (("A", row.a), ("B", row.b))
            return "\n".join(
                f"{letter}: {one_line(' + '.join(side.names), 2000)}"
                for letter, side in sides
                if side
            )
        gap = one.difference if one else None
        if gap is not None and gap.invalid and column in _MOVING:
            return self.tr("{values}; the numbers are those of the others").format(
                values=not_finite(gap)
            )
        if one is not None and gap is None and column in _MOVING:
            return self.tr("Quantised weights: only their bytes can be compared")
        return None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(column.value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in VALUES else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr(_MEANINGS[column]) if column in _MEANINGS else None
        return None


_MEANINGS = {
    Column.A: "Type in A",
    Column.B: "Type in B",
    Column.RELATIVE: "Length of A − B over that of A",
    Column.COSINE: "Cosine of the angle between A and B",
    Column.LARGEST: "Largest difference of two values",
}
