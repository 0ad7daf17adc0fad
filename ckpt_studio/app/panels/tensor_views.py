"""The tensor table and tree as views, and which tensors are selected in them."""

from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QTreeView, QWidget
from typing_extensions import override

from ckpt_studio.core.query import COLUMNS, Column, Row
from ckpt_studio.qt.delegates import ColorDelegate, PartDelegate
from ckpt_studio.qt.folder_selection import FolderDelegate, FolderSelection
from ckpt_studio.qt.tensor_model import TensorModel
from ckpt_studio.qt.tensor_tree import TensorTreeModel

_WIDTHS = {
    Column.KEY: 320,
    Column.PART: 76,
    Column.BLOCK: 66,
    Column.TYPE: 76,
    Column.SHAPE: 126,
    Column.PARAMETERS: 92,
    Column.SIZE: 84,
    Column.OFFSET: 124,
}
_PADDING = 10
_NARROW = 760


class TensorTable(QTableView):
    """The flat table."""

    def __init__(self, model: TensorModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tensors = model
        self.setObjectName("tensorTable")
        self.setAccessibleName(self.tr("Tensors"))
        self.setModel(model)
        _prepare(self)
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _PADDING)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsMovable(True)
        for place, column in enumerate(COLUMNS):
            header.resizeSection(place, _WIDTHS[column])
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(48)
        # a header looks up every cell to know whether a column is selected: 0.3 s for 20,000 rows
        header.setSelectionModel(QItemSelectionModel(model, header))
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self._part, self._dim = PartDelegate(self), ColorDelegate("dim", self)
        self.setItemDelegateForColumn(COLUMNS.index(Column.PART), self._part)
        for column in (Column.SHAPE, Column.OFFSET):
            self.setItemDelegateForColumn(COLUMNS.index(column), self._dim)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what is asked for least where the keys would have no room."""
        seen = _in_sight(self, event.oldSize().height())
        super().resizeEvent(event)
        narrow = self.viewport().width() < _NARROW
        for column in (Column.PARAMETERS, Column.OFFSET):
            self.setColumnHidden(COLUMNS.index(column), narrow)
        if seen:
            self.scrollTo(self.currentIndex())

    def selected_rows(self) -> list[Row]:
        """Return the selected tensors in the order shown."""
        places: set[int] = set()
        selection = self.selectionModel().selection()
        for block in (selection.at(place) for place in range(selection.count())):
            places.update(range(block.top(), block.bottom() + 1))
        return [self.tensors.row_at(place) for place in sorted(places)]

    def choose(self, name: str) -> bool:
        """Select one tensor and scroll to it; return whether it is shown at all."""
        place = self.tensors.place_of(name)
        if place is None:
            return False
        index = self.tensors.index(place, 0)
        self.setCurrentIndex(index)
        self.selectRow(place)
        self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    def select_rows(self, rows: Iterable[Row]) -> None:
        """Select those of some tensors that are shown."""
        selection, last = QItemSelection(), self.tensors.columnCount() - 1
        for place in self.tensors.places_of(rows):
            selection.select(self.tensors.index(place, 0), self.tensors.index(place, last))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)


class TensorTree(QTreeView):
    """The tree of dotted names."""

    def __init__(self, model: TensorTreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups = model
        self.setObjectName("tensorTree")
        self.setAccessibleName(self.tr("Tensors as a tree"))
        self.setModel(model)
        _prepare(self)
        self.setUniformRowHeights(True)
        self.setAnimated(False)
        header = self.header()
        header.setStretchLastSection(False)
        for place, width in enumerate((320, 70, 110, 130, 110, 80)):
            header.resizeSection(place, width)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._chosen = FolderSelection(model, self)
        self.setSelectionModel(self._chosen)
        self._plain, self._dim = (
            FolderDelegate(self._chosen.holds, role, self) for role in ("text", "dim")
        )
        self.setItemDelegate(self._plain)
        for place in (1, 3):
            self.setItemDelegateForColumn(place, self._dim)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        seen = _in_sight(self, event.oldSize().height())
        super().resizeEvent(event)
        if seen:
            self.scrollTo(self.currentIndex())

    @override
    def selectAll(self) -> None:
        """Select everything, folders with what is inside."""
        last = self.groups.index(self.groups.rowCount() - 1, self.groups.columnCount() - 1)
        everything = QItemSelection(self.groups.index(0, 0), last)
        self._chosen.select(everything, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selected_rows(self) -> list[Row]:
        """Return the tensors that are selected, or inside selected folders, each once."""
        found = {id(row): row for group in self._chosen.selected() for row in group.rows}
        return list(found.values())


def _in_sight(view: QAbstractItemView, height: int) -> bool:
    """Return whether the current row is seen in a view of a height; less room shall not hide it."""
    current = view.currentIndex()
    return current.isValid() and 0 <= view.visualRect(current).top() < height


def _prepare(view: QAbstractItemView) -> None:
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setTextElideMode(Qt.TextElideMode.ElideLeft)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTabKeyNavigation(False)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
