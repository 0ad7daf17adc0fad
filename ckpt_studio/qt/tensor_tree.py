"""The tensors of a file as a tree of dotted names; a folder is worked out when it is opened."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from ckpt_studio.core import text
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.query import Row
from ckpt_studio.core.tensor_groups import Group
from ckpt_studio.qt.tensor_model import shape_text

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

_COLUMNS: Sequence[tuple[str, Callable[[Group], str]]] = (
    ("Key", lambda group: one_line(group.name)),
    ("Tensors", lambda group: "" if group.row else text.count(group.totals.tensors)),
    ("Type", lambda group: ", ".join(group.totals.dtypes)),
    ("Shape", lambda group: shape_text(group.row) if group.row else ""),
    ("Parameters", lambda group: text.count(group.totals.parameters)),
    ("Size", lambda group: text.binary_size(group.totals.nbytes)),
)
_NUMBERS = frozenset({1, 4, 5})


class TensorTreeModel(QAbstractItemModel):
    """Folders with number, types and size of what is inside; leaves are tensors."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Group("", ())

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; the tree has their order."""
        self.beginResetModel()
        self._root = Group("", rows)
        self.endResetModel()

    def group_at(self, index: _Index) -> Group:
        """Return the folder or tensor behind an index, everything for no index."""
        group: Group | None = index.internalPointer()
        return self._root if group is None else group

    @override
    def index(self, row: int, column: int, parent: _Index = _ROOT, /) -> QModelIndex:
        children = self.group_at(parent).children
        if not (0 <= row < len(children) and 0 <= column < len(_COLUMNS)):
            return QModelIndex()
        return self.createIndex(row, column, children[row])

    @override
    def parent(self, index: _Index = _ROOT, /) -> Any:
        above = self.group_at(index).parent
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.place, 0, above)

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.column() > 0 else len(self.group_at(parent).children)

    @override
    def hasChildren(self, parent: _Index = _ROOT, /) -> bool:
        group = self.group_at(parent)
        return parent.column() <= 0 and group.row is None and bool(group.rows)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return len(_COLUMNS)

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[index.column()][1](self.group_at(index))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _NUMBERS:
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            group = self.group_at(index)
            return one_line(group.row.tensor.name if group.row else f"{group.prefix}…", 2000)
        return None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(_COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(_COLUMNS[section][0])
        if role == Qt.ItemDataRole.TextAlignmentRole and section in _NUMBERS:
            return _RIGHT
        return None
