"""The table of compared tensors and that of the metadata, as views."""

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget
from typing_extensions import override

from ckpt_studio.core.comparison.compared_table import COLUMNS, Column
from ckpt_studio.qt.compared_keys_model import ComparedKeysModel
from ckpt_studio.qt.compared_model import ComparedModel
from ckpt_studio.qt.delegates import ColorDelegate, NameDelegate, PartDelegate

_WIDTHS = {
    Column.PART: 76,
    Column.A: 50,
    Column.B: 50,
}
_WIDEST = {
    Column.RELATIVE: "under 0.01 %",
    Column.COSINE: "−0.617312",
    Column.LARGEST: "−1.234e−05",
    Column.BLOCK: "double 99",
    Column.SHAPE: "1280 × 1280 × 3 × 3",
    Column.RESULT: "differs · 99 NaN/∞",
}
_KEY_WIDTHS = (220, 84)
_PADDING, _MARGIN = 10, 16
_LEFT_OUT = (
    (1000, (Column.BLOCK, Column.SHAPE)),
    (760, (Column.A, Column.B, Column.LARGEST)),
)
"""What is left out below which width: asked for least, or told by the key and the result too."""


class ComparedView(QTableView):
    """The tensors of both files."""

    def __init__(self, model: ComparedModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compareTable")
        self.setAccessibleName(self.tr("Compared tensors"))
        self.setModel(model)
        _prepare(self)
        self.setSortingEnabled(True)
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        for place, column in enumerate(COLUMNS):
            text = self.fontMetrics().horizontalAdvance(_WIDEST.get(column, ""))
            header.resizeSection(place, _WIDTHS.get(column, text + _MARGIN))
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self._key, self._part = NameDelegate(self), PartDelegate(self)
        self._dim = ColorDelegate("dim", self)
        self.setItemDelegateForColumn(COLUMNS.index(Column.KEY), self._key)
        self.setItemDelegateForColumn(COLUMNS.index(Column.PART), self._part)
        self.setItemDelegateForColumn(COLUMNS.index(Column.SHAPE), self._dim)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the keys room to be read."""
        super().resizeEvent(event)
        for width, columns in _LEFT_OUT:
            for column in columns:
                self.setColumnHidden(COLUMNS.index(column), self.viewport().width() < width)


class ComparedKeysView(QTableView):
    """The keys of the metadata that differ."""

    def __init__(self, model: ComparedKeysModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compareMetadata")
        self.setAccessibleName(self.tr("Differences of the metadata"))
        self.setModel(model)
        _prepare(self)
        header = self.horizontalHeader()
        for place, width in enumerate(_KEY_WIDTHS):
            header.resizeSection(place, width)
        for place in (2, 3):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)


def _prepare(view: QTableView) -> None:
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTabKeyNavigation(False)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + _PADDING)
    header = view.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setMinimumSectionSize(48)
    # a header looks up every cell to know whether a column is selected: 0.3 s for 20,000 rows
    header.setSelectionModel(QItemSelectionModel(view.model(), header))
