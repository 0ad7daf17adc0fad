"""The Tensors panel: every tensor of a file, to filter, sort, copy and export."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels.save_text import save_text
from ckpt_studio.app.panels.tensor_filters import TensorFilters
from ckpt_studio.app.panels.tensor_menu import ExportButton, context_menu
from ckpt_studio.app.panels.tensor_views import TensorTable, TensorTree
from ckpt_studio.core import text
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.query import Query, Row, Table
from ckpt_studio.core.table_export import TableFormat, export_text, tab_lines
from ckpt_studio.core.tensor_groups import totals
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.tensor_model import TensorModel
from ckpt_studio.qt.tensor_tree import TensorTreeModel

_KEEP_SELECTED = 200
_OPEN_BELOW = 60
_OPEN_FOLDER_BELOW = 2_000


class TensorsPanel(QWidget):
    """Shows the table of tensors of one document, flat or as a tree."""

    document_chosen = Signal(object)  # Document
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tensorsPanel")
        self.picker = DocumentPicker()
        self.picker.setObjectName("tensorsDocument")
        self.filters = TensorFilters()
        self._document: Document | None = None
        self._stale = True
        self._flat_model, self._tree_model = TensorModel(self), TensorTreeModel(self)
        self.table, self.tree = TensorTable(self._flat_model), TensorTree(self._tree_model)
        self._empty = label(self.tr("Open or drop a checkpoint to see its tensors."), "dim")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._views = QStackedWidget()
        self._count, self._all = label(role="dim"), label(role="dim")
        self._selected = ElidedLabel(role="dim")
        self._count.setObjectName("tensorCount")
        self._all.setObjectName("tensorTotals")
        self._selected.setObjectName("tensorSelection")
        self._export = ExportButton()
        self._modes = QButtonGroup(self)
        self._build()
        self._connect()
        self.setFocusProxy(self.filters.field)
        self.show_document(None)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Tensors"), "h1"))
        head.addStretch()
        head.addWidget(self.picker)
        tools = QHBoxLayout()
        tools.setSpacing(6)
        tools.addWidget(self.filters, 1)
        tools.setAlignment(self.filters, Qt.AlignmentFlag.AlignTop)
        for place, title in enumerate((self.tr("Flat"), self.tr("Tree"))):
            tools.addWidget(self._mode(place, title), 0, Qt.AlignmentFlag.AlignTop)
        tools.addWidget(self._export, 0, Qt.AlignmentFlag.AlignTop)
        for view in (self.table, self.tree, self._empty):
            self._views.addWidget(view)
        foot = QHBoxLayout()
        foot.addWidget(self._count)
        foot.addSpacing(16)
        foot.addWidget(self._selected, 1)
        foot.addWidget(self._all)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 12)
        column.setSpacing(10)
        column.addLayout(head)
        column.addLayout(tools)
        column.addWidget(self._views, 1)
        column.addLayout(foot)

    def _mode(self, place: int, title: str) -> QToolButton:
        button = QToolButton()
        button.setText(title)
        button.setCheckable(True)
        button.setChecked(place == 0)
        button.setProperty("tool", True)
        button.setObjectName(("tensorFlat", "tensorTreeMode")[place])
        button.setAccessibleName(
            (self.tr("Show as a flat table"), self.tr("Show as a tree"))[place]
        )
        button.setToolTip(button.accessibleName())
        self._modes.addButton(button, place)
        return button

    def _connect(self) -> None:
        self.filters.query_changed.connect(self._ask)
        self._modes.idToggled.connect(self._show_mode)
        self.picker.document_chosen.connect(self.document_chosen)
        self._flat_model.modelReset.connect(self._update_counts)
        for view in (self.table, self.tree):
            view.selectionModel().selectionChanged.connect(self._update_selection)
            view.customContextMenuRequested.connect(self._open_menu)
            copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), view)
            copy.setContext(Qt.ShortcutContext.WidgetShortcut)
            copy.activated.connect(self.copy_rows)
        self._export.format_chosen.connect(self._export_as)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._focus_filter)

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these documents for choice."""
        self.picker.set_documents(documents)

    def show_document(self, document: Document | None) -> None:
        """Show the tensors of a document; one without a table shows none."""
        if self._document is not None:
            self._document.opened_changed.disconnect(self._reload)
        self._document = document
        if document is not None:
            document.opened_changed.connect(self._reload)
        self.picker.show_current(document)
        self._reload()

    def show_table(self, table: Table) -> None:
        """Show rows that are in no open file, such as those of a plan."""
        self._flat_model.show_table(table, Query())
        self.filters.show_choices(table.rows)
        self._all.setText(_file_text(table))
        for widget in (self.filters, self._export):
            widget.setEnabled(bool(table.rows))
        self._show_mode()

    def selected_rows(self) -> list[Row]:
        """Return the selected tensors."""
        return self._view().selected_rows()

    def copy_rows(self) -> None:
        """Copy the selected tensors as lines with tabs, with a line of titles."""
        QGuiApplication.clipboard().setText(tab_lines(self.selected_rows()))

    def _view(self) -> TensorTable | TensorTree:
        return self.tree if self._modes.checkedId() else self.table

    def _reload(self) -> None:
        """Show the table as it is now; a plan that changes out of sight costs nothing."""
        self._stale = not self.isVisible()
        if not self._stale:
            opened = self._document.opened if self._document else None
            self.show_table(Table.of(opened) if opened else Table(()))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._reload()

    def _ask(self, query: Query) -> None:
        selected = self.selected_rows()
        try:
            self._flat_model.set_query(query)
        except ValueError as mistake:
            self.filters.show_mistake(str(mistake))
        else:
            self.filters.show_mistake("")
            if 0 < len(selected) <= _KEEP_SELECTED:
                self.table.select_rows(selected)

    def _update_counts(self) -> None:
        shown, everything = self._flat_model.rowCount(), len(self._flat_model.table.rows)
        self._count.setText(
            self.tr("{shown} of {all}").format(shown=text.count(shown), all=text.count(everything))
            if everything
            else ""
        )
        if self._modes.checkedId():
            self._fill_tree()
        self._update_selection()

    def _show_mode(self) -> None:
        if not self._flat_model.table.rows:
            self._views.setCurrentWidget(self._empty)
            return
        if self._modes.checkedId():
            self._fill_tree()
        self._views.setCurrentWidget(self._view())

    def _fill_tree(self) -> None:
        self._tree_model.show_rows(self._flat_model.rows_by_key())
        if self._flat_model.rowCount() <= _OPEN_BELOW:
            self.tree.expandAll()
        elif self._flat_model.rowCount() <= _OPEN_FOLDER_BELOW and self._tree_model.rowCount() == 1:
            self.tree.expandToDepth(0)

    def _update_selection(self) -> None:
        rows = self.selected_rows()
        total = totals(rows)
        selected = self.tr("{number} selected · {totals}").format(
            number=text.count(total.tensors), totals=total.text()
        )
        self._selected.set_text(selected if rows else "")

    def _open_menu(self, point: QPoint) -> None:
        rows = self.selected_rows()
        if rows:
            menu = context_menu(rows, self.filters, self.copy_rows, self)
            menu.popup(self._view().viewport().mapToGlobal(point))

    def _export_as(self, form: TableFormat) -> None:
        source = self._document.path if self._document else None
        suggested = (source or Path("tensors")).with_suffix(f".{form.suffix}")
        exported = export_text(self._flat_model.shown_rows(), form)
        try:
            save_text(self, self.tr("Export tensors"), suggested, exported)
        except WriteError as error:
            self.failed.emit(error)

    def _focus_filter(self) -> None:
        self.filters.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.field.selectAll()


def _file_text(table: Table) -> str:
    if not table.rows:
        return ""
    total = totals(table.rows)
    return f"{text.count(total.tensors)} tensors · {total.text()}"
