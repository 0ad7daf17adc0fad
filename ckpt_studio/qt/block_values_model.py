"""The values of blocks as a table: the same as the curve shows, to be read and typed."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from typing_extensions import override

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_TEXT = {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole}


class BlockValuesModel(QAbstractTableModel):
    """One row for each block; the value can be edited."""

    value_typed = Signal(int, float)  # row, value

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._blocks: tuple[str, ...] = ()
        self._values: tuple[float, ...] = ()

    def show_values(self, blocks: Sequence[str], values: Sequence[float]) -> None:
        """Show other values, one for each block."""
        if tuple(blocks) == self._blocks and len(values) == len(self._values):
            self._values = tuple(values)
            if values:
                self.dataChanged.emit(self.index(0, 1), self.index(len(values) - 1, 1))
            return
        self.beginResetModel()
        self._blocks, self._values = tuple(blocks), tuple(values)
        self.endResetModel()

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else min(len(self._blocks), len(self._values))

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else 2

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in _TEXT:
            return None
        if index.column():
            return f"{self._values[index.row()]:g}"
        return self._blocks[index.row()]

    @override
    def setData(self, index: _Index, value: Any, /, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid() or index.column() != 1 or role != Qt.ItemDataRole.EditRole:
            return False
        try:
            number = float(str(value).strip().replace(",", "."))
        except ValueError:
            return False
        if isfinite(number):
            self.value_typed.emit(index.row(), number)
        return isfinite(number)

    @override
    def flags(self, index: _Index, /) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == 1 else flags

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return (self.tr("Block"), self.tr("Value"))[section]
        return None
