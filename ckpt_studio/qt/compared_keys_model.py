"""The metadata of two files beside each other; values are one line of escaped text."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from ckpt_studio.core.comparison.comparing import ComparedKey, State
from ckpt_studio.core.editing.metadata_rows import preview
from ckpt_studio.core.plain_text import one_line

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_TITLES = ("Key", "Difference", "A", "B")
_STATES = {State.CHANGED: "changed", State.ONLY_A: "only A", State.ONLY_B: "only B"}
_TIP = 2000


class ComparedKeysModel(QAbstractTableModel):
    """Shows the keys that are not the same in both."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[ComparedKey] = ()

    def show_keys(self, keys: Sequence[ComparedKey]) -> None:
        """Show the keys of another comparison."""
        self.beginResetModel()
        self._rows = [key for key in keys if key.state is not State.SAME]
        self.endResetModel()

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            state = self.tr(_STATES[row.state])
            return (one_line(row.key), state, _shown(row.a), _shown(row.b))[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = (row.key, None, row.a, row.b)[column]
            return one_line(tip, _TIP) if tip else None
        return None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        wanted = orientation is Qt.Orientation.Horizontal and section < len(_TITLES)
        return self.tr(_TITLES[section]) if wanted and role == Qt.ItemDataRole.DisplayRole else None


def _shown(value: str | None) -> str:
    return "—" if value is None else preview(value)
