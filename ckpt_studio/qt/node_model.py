"""The nodes of a graph as a table that can be searched."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from typing_extensions import override

from ckpt_studio.core.generation import NodeRow, as_lines, matching
from ckpt_studio.qt import theme
from ckpt_studio.qt.drag_out import text_data
from ckpt_studio.qt.labels import plain_tip

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_FLAGS = (  # asked for each cell when all rows are selected
    Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)


class NodeColumn(Enum):
    """What the table shows; the value is the title."""

    NODE = "Node"
    TYPE = "Type"
    VALUES = "Values"
    PLACE = "Group"


NODE_COLUMNS = tuple(NodeColumn)
_TEXTS: Mapping[NodeColumn, Callable[[NodeRow], str]] = {
    NodeColumn.NODE: lambda row: row.title,
    NodeColumn.TYPE: lambda row: row.kind,
    NodeColumn.VALUES: lambda row: row.values,
    NodeColumn.PLACE: lambda row: row.place,
}


class NodeModel(QAbstractTableModel):
    """Shows the nodes that have some words; those that are off are dim and say so."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[NodeRow] = ()
        self._words = ""
        self._shown: Sequence[int] = ()

    @property
    def total(self) -> int:
        """All nodes, shown or not."""
        return len(self._rows)

    def show_rows(self, rows: Sequence[NodeRow]) -> None:
        """Show other nodes."""
        self._rows = rows
        self.search(self._words)

    def search(self, words: str) -> None:
        """Show only nodes that have these words."""
        self.beginResetModel()
        self._words = words
        self._shown = matching(self._rows, words) if words.strip() else range(len(self._rows))
        self.endResetModel()

    def row_at(self, place: int) -> NodeRow:
        """Return one of the shown nodes."""
        return self._rows[self._shown[place]]

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._shown)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(NODE_COLUMNS)

    @override
    def flags(self, index: _Index, /) -> Qt.ItemFlag:
        return _FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.row_at(index.row()), NODE_COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                shown = _TEXTS[column](row)
                off = column is NodeColumn.NODE and not row.active
                return self.tr("{node} (off)").format(node=shown) if off else shown
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tip(row, column))
            case Qt.ItemDataRole.ForegroundRole if not row.active or column is NodeColumn.PLACE:
                return theme.current().color("dim")
        return None

    def _tip(self, row: NodeRow, column: NodeColumn) -> str:
        if column is NodeColumn.NODE:
            return self.tr("Node {number}").format(number=row.shown_id)
        return _TEXTS[column](row)

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(NODE_COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(NODE_COLUMNS[section].value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    @override
    def mimeData(self, indexes: Sequence[QModelIndex], /) -> QMimeData:
        places = sorted({index.row() for index in indexes})
        return text_data(as_lines(map(self.row_at, places)))
