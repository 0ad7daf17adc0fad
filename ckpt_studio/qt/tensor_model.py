"""The tensors of a file as a flat table that filters and sorts as fast as a person types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from ckpt_studio.core import text
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.query import COLUMNS, Column, Query, Row, Table

PartRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_NUMBERS = frozenset({Column.PARAMETERS, Column.SIZE, Column.OFFSET})


def shape_text(row: Row) -> str:
    """Return a shape as ``320 × 4 × 3 × 3``; a single number has an empty one."""
    return " × ".join(map(str, row.tensor.shape))


_TEXTS: Mapping[Column, Callable[[Row], str]] = {
    Column.KEY: lambda row: one_line(row.tensor.name),
    Column.PART: lambda row: part_name(row.part),
    Column.BLOCK: lambda row: row.block,
    Column.TYPE: lambda row: row.tensor.dtype.label,
    Column.SHAPE: shape_text,
    Column.PARAMETERS: lambda row: text.count(row.tensor.parameters),
    Column.SIZE: lambda row: text.binary_size(row.tensor.nbytes),
    Column.OFFSET: lambda row: text.count(row.tensor.offset),
}
_TIPS: Mapping[Column, Callable[[Row], str]] = {
    Column.KEY: lambda row: one_line(row.tensor.name, 2000),
    Column.SIZE: lambda row: f"{text.count(row.tensor.nbytes)} bytes",
    Column.OFFSET: lambda row: f"0x{row.tensor.offset:X}",
}


class TensorModel(QAbstractTableModel):
    """Shows the rows of a table that answer a query, in the order of a column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = Table(())
        self._query = Query()
        self._column, self._descending = Column.KEY, False
        self._shown: Sequence[int] = ()

    @property
    def table(self) -> Table:
        """All rows, shown or not."""
        return self._table

    def show_table(self, table: Table, query: Query) -> None:
        """Show another table.

        Raises:
            ValueError: see ``set_query``; the table is shown without a filter then.
        """
        self._table, self._query = table, Query()
        self._refresh(table.order(self._column, descending=self._descending))
        self.set_query(query)

    def set_query(self, query: Query) -> None:
        """Show only what answers a query.

        Raises:
            ValueError: one sentence, for a wrong pattern; nothing changes then.
        """
        if query != self._query:
            order = self._table.order(self._column, descending=self._descending)
            shown = self._table.matching(query, order)
            self._query = query
            self._refresh(shown)

    def shown_rows(self) -> list[Row]:
        """Return what is shown, in order."""
        return [self._table.rows[index] for index in self._shown]

    def rows_by_key(self) -> list[Row]:
        """Return what is shown, in the order of the keys."""
        kept = frozenset(self._shown)
        order = self._table.order(Column.KEY)
        return [self._table.rows[index] for index in order if index in kept]

    def row_at(self, place: int) -> Row:
        """Return one of the shown rows."""
        return self._table.rows[self._shown[place]]

    def places_of(self, rows: Iterable[Row]) -> list[int]:
        """Return where some rows are shown now."""
        wanted = {id(row) for row in rows}
        table = self._table.rows
        return [place for place, index in enumerate(self._shown) if id(table[index]) in wanted]

    def place_of(self, name: str) -> int | None:
        """Return where a tensor is shown now, None where it is not."""
        rows = self._table.rows
        shown = enumerate(self._shown)
        found = (place for place, index in shown if rows[index].tensor.name == name)
        return next(found, None)

    def _refresh(self, shown: Sequence[int]) -> None:
        self.beginResetModel()
        self._shown = shown
        self.endResetModel()

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder, /) -> None:
        if 0 <= column < len(COLUMNS):
            self._column = COLUMNS[column]
            self._descending = order is Qt.SortOrder.DescendingOrder
            everything = self._table.order(self._column, descending=self._descending)
            if len(self._shown) == len(everything):
                self._refresh(everything)
            else:
                kept = frozenset(self._shown)
                self._refresh([index for index in everything if index in kept])

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._shown)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _TEXTS[column](self.row_at(index.row()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in _NUMBERS else None
        if role == Qt.ItemDataRole.ToolTipRole and column in _TIPS:
            return _TIPS[column](self.row_at(index.row()))
        if role == PartRole and column is Column.PART:
            return self.row_at(index.row()).part
        return None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(COLUMNS[section].value)
        if role == Qt.ItemDataRole.TextAlignmentRole and COLUMNS[section] in _NUMBERS:
            return _RIGHT
        return None
