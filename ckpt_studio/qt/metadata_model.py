"""Metadata as a table: each key with its value before and after the edits."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from ckpt_studio.core import text
from ckpt_studio.core.editing.metadata_rows import MetadataRow, State, preview, summary
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import plain_tip

RowRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_FLAGS = (  # asked for each cell when all rows are selected
    Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
_MOST_PREVIEWS = 2_000
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class MetadataColumn(Enum):
    """What the table shows; the value is the title."""

    KEY = "Key"
    ORIGINAL = "Original"
    NEW = "New"
    SIZE = "Size"
    STATE = "State"


METADATA_COLUMNS = tuple(MetadataColumn)
_STATES = {
    State.CHANGED: "● changed",
    State.ADDED: "+ added",
    State.REMOVED: "− removed",
    State.RENAMED: "↷ renamed",
}


class MetadataModel(QAbstractTableModel):
    """Shows rows that were worked out elsewhere; it changes nothing itself."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[MetadataRow] = ()
        self._places: Mapping[str, int] = {}
        # by identity: long values take long to tell apart; kept, so that no other takes its place
        self._previews: dict[int, tuple[str, str]] = {}
        self._texts: Mapping[MetadataColumn, Callable[[MetadataRow], str]] = {
            MetadataColumn.KEY: lambda row: one_line(row.key),
            MetadataColumn.ORIGINAL: self._original,
            MetadataColumn.NEW: self._new,
            MetadataColumn.SIZE: lambda row: text.binary_size(row.size),
            MetadataColumn.STATE: self._state,
        }

    def show_rows(self, rows: Sequence[MetadataRow]) -> None:
        """Replace the rows, as gently as the change allows."""
        before = self._rows
        if len(self._previews) > _MOST_PREVIEWS:
            self._previews.clear()
        if not _alike(before, rows):
            self._places = _places(rows)
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        self._rows = rows
        pairs = enumerate(zip(before, rows, strict=True))
        changed = [place for place, (old, new) in pairs if old is not new and old != new]
        if changed:
            last = len(METADATA_COLUMNS) - 1
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], last))

    @property
    def rows(self) -> Sequence[MetadataRow]:
        """All rows as they are shown."""
        return self._rows

    def row_at(self, place: int) -> MetadataRow:
        """Return one row."""
        return self._rows[place]

    def place_of(self, key: str) -> int | None:
        """Return where a key is shown; a removed one counts only when there is no other."""
        return self._places.get(key)

    def _preview(self, value: str) -> str:
        if not value:
            return self.tr("(empty)")
        if id(value) not in self._previews:
            inside = summary(value)
            seen = f"{inside} · {preview(value)}" if inside else preview(value)
            self._previews[id(value)] = value, seen
        return self._previews[id(value)][1]

    def _original(self, row: MetadataRow) -> str:
        return "—" if row.original is None else self._preview(row.original)

    def _new(self, row: MetadataRow) -> str:
        if row.new is None:
            return self.tr("(removed)")
        return self.tr("(same)") if row.new == row.original else self._preview(row.new)

    def _state(self, row: MetadataRow) -> str:
        if row.state is State.SAME:
            return self.tr("needed to load") if row.needed else ""
        return self.tr(_STATES[row.state])

    def _tip(self, row: MetadataRow, column: MetadataColumn) -> str | None:
        if column is MetadataColumn.SIZE:
            return self.tr("{count} bytes").format(count=text.count(row.size))
        if column is MetadataColumn.KEY and row.state is State.RENAMED:
            return self.tr("was {key}").format(key=one_line(row.origin))
        if column in {MetadataColumn.KEY, MetadataColumn.STATE}:
            return row.needed or one_line(row.key, 2000)
        return None

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(METADATA_COLUMNS)

    @override
    def flags(self, index: _Index, /) -> Qt.ItemFlag:
        return _FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], METADATA_COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._texts[column](row)
            case Qt.ItemDataRole.ToolTipRole:
                tip = self._tip(row, column)
                return None if tip is None else plain_tip(tip)
            case Qt.ItemDataRole.DecorationRole if column is MetadataColumn.KEY and row.needed:
                return icon("lock-outline")
            case Qt.ItemDataRole.TextAlignmentRole if column is MetadataColumn.SIZE:
                return _RIGHT
        return row if role == RowRole else None

    @override
    def headerData(
        self, section: int, orientation: Qt.Orientation, /, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(METADATA_COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(METADATA_COLUMNS[section].value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            size = METADATA_COLUMNS[section] is MetadataColumn.SIZE
            return _RIGHT if size else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None


def _alike(before: Sequence[MetadataRow], rows: Sequence[MetadataRow]) -> bool:
    """Whether the same keys are there or removed, at the same places."""
    return len(before) == len(rows) and all(
        old is new or (old.key == new.key and (old.new is None) == (new.new is None))
        for old, new in zip(before, rows, strict=True)
    )


def _places(rows: Sequence[MetadataRow]) -> Mapping[str, int]:
    """Return where each key is shown; a removed one counts only when there is no other."""
    places = {row.key: place for place, row in enumerate(rows) if row.new is None}
    places.update((row.key, place) for place, row in enumerate(rows) if row.new is not None)
    return places
