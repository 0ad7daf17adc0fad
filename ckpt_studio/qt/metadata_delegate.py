"""How metadata rows look: removed ones struck through, what was edited in colour."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from ckpt_studio.core.editing.metadata_rows import MetadataRow, State
from ckpt_studio.qt import theme
from ckpt_studio.qt.metadata_model import METADATA_COLUMNS, MetadataColumn, RowRole

_Index = QModelIndex | QPersistentModelIndex
_STATE_ROLES = {
    State.SAME: "dim",
    State.CHANGED: "accent",
    State.RENAMED: "accent",
    State.ADDED: "good",
    State.REMOVED: "bad",
}
_STRUCK = frozenset({MetadataColumn.KEY, MetadataColumn.ORIGINAL})


class MetadataDelegate(QStyledItemDelegate):
    """Styles every column of a row by its state."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        row = index.data(RowRole)
        if not isinstance(row, MetadataRow):
            return
        column = METADATA_COLUMNS[index.column()]
        role = _text_role(row, column)
        if role:
            option.palette.setColor(QPalette.ColorRole.Text, theme.current().color(role))
        if row.state is State.REMOVED and column in _STRUCK:
            option.font.setStrikeOut(True)


def _text_role(row: MetadataRow, column: MetadataColumn) -> str:
    if column is MetadataColumn.STATE:
        return _STATE_ROLES[row.state]
    if column in {MetadataColumn.ORIGINAL, MetadataColumn.SIZE} or row.state is State.REMOVED:
        return "dim"
    return "dim" if column is MetadataColumn.NEW and row.new == row.original else ""
