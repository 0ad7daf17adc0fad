"""The metadata table as a view: which keys are selected, and what its keys ask for."""

from collections.abc import Callable, Collection

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QMimeData, QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget
from typing_extensions import override

from ckpt_studio.core.editing.metadata_rows import MetadataRow
from ckpt_studio.core.editing.pasted_metadata import as_pasted
from ckpt_studio.qt.drag_out import drag, text_data
from ckpt_studio.qt.metadata_delegate import MetadataDelegate
from ckpt_studio.qt.metadata_model import METADATA_COLUMNS, MetadataColumn, MetadataModel

_PADDING = 12
_WIDTHS = {MetadataColumn.KEY: 220, MetadataColumn.STATE: 116}
_WIDEST_SIZE, _MARGIN = "1,023 bytes", 20


class MetadataTable(QTableView):
    """Rows of keys; typing on one says what the user wants."""

    rename_requested = Signal()
    remove_requested = Signal()
    copy_requested = Signal()
    paste_requested = Signal()
    edit_requested = Signal()
    add_requested = Signal()
    duplicate_requested = Signal()
    up_requested = Signal()
    down_requested = Signal()
    chosen = Signal()

    def __init__(
        self,
        model: MetadataModel,
        is_placeholder: Callable[[str], bool],
        parent: QWidget | None = None,
    ) -> None:
        """Show the rows of a model; values that only stand for others are not copied."""
        super().__init__(parent)
        self._is_placeholder = is_placeholder
        self.rows = model
        self.setObjectName("metadataTable")
        self.setAccessibleName(self.tr("Metadata"))
        self.setModel(model)
        self._delegate = MetadataDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _PADDING)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        # a header looks at every cell to know whether a column is selected: 1 s for 50,000 keys
        header.setSelectionModel(QItemSelectionModel(model, header))
        size = self.fontMetrics().horizontalAdvance(_WIDEST_SIZE) + _MARGIN
        widths = {**_WIDTHS, MetadataColumn.SIZE: size}
        for place, column in enumerate(METADATA_COLUMNS):
            if column in widths:
                header.resizeSection(place, widths[column])
            else:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        self._add_actions()
        self.doubleClicked.connect(self._double_clicked)
        self.selectionModel().selectionChanged.connect(self.chosen)

    def selected(self) -> list[MetadataRow]:
        """Return the selected rows in the order shown."""
        selection = self.selectionModel().selection()
        places: set[int] = set()
        for block in (selection.at(place) for place in range(selection.count())):
            places.update(range(block.top(), block.bottom() + 1))
        return [self.rows.row_at(place) for place in sorted(places)]

    def selected_text(self) -> QMimeData:
        """Return the selected keys with their values, to drag or copy."""
        rows = [row for row in self.selected() if not self._is_placeholder(row.value)]
        return text_data(as_pasted({row.key: row.value for row in rows}))

    @override
    def startDrag(self, supportedActions: Qt.DropAction, /) -> None:
        if self.selected():
            drag(self, self.selected_text())

    def select_keys(self, keys: Collection[str]) -> None:
        """Select the rows of some keys, and only those; the first becomes the current one."""
        places = [place for key in keys if (place := self.rows.place_of(key)) is not None]
        selection, last = QItemSelection(), self.rows.columnCount() - 1
        for first, end in _blocks(places):
            selection.select(self.rows.index(first, 0), self.rows.index(end, last))
        model, flag = self.selectionModel(), QItemSelectionModel.SelectionFlag
        if places:
            model.setCurrentIndex(self.rows.index(places[0], 0), flag.NoUpdate)
            self.scrollTo(self.rows.index(places[0], 0))
        model.select(selection, flag.ClearAndSelect)

    def _double_clicked(self, index: QModelIndex) -> None:
        if METADATA_COLUMNS[index.column()] is MetadataColumn.KEY:
            self.rename_requested.emit()
        else:
            self.edit_requested.emit()

    def _add_actions(self) -> None:
        """Offer by menu and key what the buttons do."""
        for name, title, signal, keys in (
            ("rowEdit", self.tr("Edit &value"), self.edit_requested, "Return Enter"),
            ("rowRename", self.tr("Re&name…"), self.rename_requested, "F2"),
            ("rowRemove", self.tr("&Remove"), self.remove_requested, "Del"),
            ("rowAdd", self.tr("&Add…"), self.add_requested, "Ins"),
            ("rowDuplicate", self.tr("&Duplicate"), self.duplicate_requested, ""),
            ("rowUp", self.tr("Move &up"), self.up_requested, "Alt+Up"),
            ("rowDown", self.tr("Move do&wn"), self.down_requested, "Alt+Down"),
            ("rowCopy", self.tr("&Copy"), self.copy_requested, "Ctrl+C"),
            ("rowPaste", self.tr("&Paste"), self.paste_requested, "Ctrl+V"),
        ):
            action = QAction(title, self)
            action.setObjectName(name)
            action.setShortcuts([QKeySequence(key) for key in keys.split()])
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(signal)
            self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        for action in self.actions():
            if QKeySequence(event.keyCombination()) in action.shortcuts():
                action.trigger()
                return
        super().keyPressEvent(event)


def _blocks(places: Collection[int]) -> list[tuple[int, int]]:
    """Return the first and the last of places that follow each other."""
    blocks: list[tuple[int, int]] = []
    for place in sorted(places):
        if blocks and blocks[-1][1] == place - 1:
            blocks[-1] = (blocks[-1][0], place)
        else:
            blocks.append((place, place))
    return blocks
