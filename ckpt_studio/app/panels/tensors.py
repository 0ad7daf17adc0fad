"""The Tensors panel: every tensor of a file, to filter, sort, copy and export."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
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

from ckpt_studio.app.background import Background
from ckpt_studio.app.document import Document
from ckpt_studio.app.known_values import Wanted
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels.health_pane import HealthPane
from ckpt_studio.app.panels.pane_switch import PaneSwitch
from ckpt_studio.app.panels.save_text import save_text
from ckpt_studio.app.panels.tensor_filters import TensorFilters
from ckpt_studio.app.panels.tensor_map import TensorMap
from ckpt_studio.app.panels.tensor_menu import ExportButton, add_sources, context_menu
from ckpt_studio.app.panels.tensor_views import TensorTable, TensorTree
from ckpt_studio.app.panels.value_pane import ValuePane
from ckpt_studio.core import text
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.query import Query, Row, Table
from ckpt_studio.core.table_export import TableFormat, export_text, tab_lines
from ckpt_studio.core.tensor_groups import totals
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.tensor_model import TensorModel
from ckpt_studio.qt.tensor_tree import TensorTreeModel
from ckpt_studio.qt.wrapping_row import WrappingRow

FLAT, TREE, MAP = range(3)
_PAUSE_MS = 150
_AT_ONCE = 4_000
"""The table of so many tensors is made in the time of a few frames."""
_KEEP_SELECTED = 200
_OPEN_BELOW = 60
_OPEN_FOLDER_BELOW = 2_000


class TensorsPanel(QWidget):
    """Shows the table of tensors of one document, flat or as a tree."""

    document_chosen = Signal(object)  # Document
    values_wanted = Signal(object)  # Wanted; None for tensors that are in no file yet
    health_wanted = Signal(object)  # Document
    array_requested = Signal(object, str)  # Checkpoint, the name of a tensor
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tensorsPanel")
        self.picker = DocumentPicker()
        self.picker.setObjectName("tensorsDocument")
        self.filters = TensorFilters()
        self._document: Document | None = None
        self._sources: tuple[Document, ...] = ()
        self._background = Background(self)
        self._stale = True
        self._flat_model, self._tree_model = TensorModel(self), TensorTreeModel(self)
        self.table, self.tree = TensorTable(self._flat_model), TensorTree(self._tree_model)
        self.map = TensorMap()
        self.values, self.health = ValuePane(), HealthPane()
        self._panes = PaneSwitch(self.values, self.health)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._empty = label(self.tr("Open or drop a checkpoint to see its tensors."), "dim")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._views = QStackedWidget()
        self._count = label(role="dim")
        self._selected, self._all = ElidedLabel(role="dim"), ElidedLabel(role="dim")
        self._all.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
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
        head = WrappingRow(8)
        head.add(label(self.tr("Tensors"), "h1"))
        head.push_right()
        for place, title in enumerate((self.tr("Flat"), self.tr("Tree"), self.tr("Map"))):
            head.add(self._mode(place, title))
        head.add(self._panes.check)
        head.add(self.picker)
        tools = QHBoxLayout()
        tools.setSpacing(6)
        tools.addWidget(self.filters, 1)
        tools.setAlignment(self.filters, Qt.AlignmentFlag.AlignTop)
        tools.addWidget(self._export, 0, Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.addWidget(self._count)
        foot.addSpacing(16)
        foot.addWidget(self._selected)
        foot.addWidget(self._all, 1)
        foot.addSpacing(8)
        foot.addWidget(self._panes.look)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 12)
        column.setSpacing(10)
        column.addWidget(head)
        column.addLayout(tools)
        column.addWidget(self._panes, 1)
        column.addLayout(foot)
        self._panes.add_view(self._views)
        for view in (self.table, self.tree, self.map, self._empty):
            self._views.addWidget(view)

    def _mode(self, place: int, title: str) -> QToolButton:
        button = QToolButton()
        button.setText(title)
        button.setCheckable(True)
        button.setChecked(place == 0)
        button.setProperty("tool", True)
        button.setObjectName(("tensorFlat", "tensorTreeMode", "tensorMapMode")[place])
        button.setAccessibleName(
            (
                self.tr("Show as a flat table"),
                self.tr("Show as a tree"),
                self.tr("Show as a map of sizes"),
            )[place]
        )
        button.setToolTip(button.accessibleName())
        self._modes.addButton(button, place)
        return button

    def _connect(self) -> None:
        self.filters.query_changed.connect(self._ask)
        self._modes.idToggled.connect(self._take_mode)
        self.picker.document_chosen.connect(self.document_chosen)
        self._flat_model.modelReset.connect(self._update_counts)
        for view in (self.table, self.tree):
            view.selectionModel().selectionChanged.connect(self._update_selection)
            view.customContextMenuRequested.connect(self._open_menu)
            copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), view)
            copy.setContext(Qt.ShortcutContext.WidgetShortcut)
            copy.activated.connect(self.copy_rows)
        self._export.format_chosen.connect(self._export_as)
        self.map.selection_changed.connect(self._update_selection)
        self.map.row_chosen.connect(lambda row: self.show_tensor(row.tensor.name))
        self.values.plot.tensor_chosen.connect(self.show_tensor)
        self.health.show_requested.connect(self._show_named)
        self.health.sources.chosen.connect(self.document_chosen)
        self._panes.values_shown.connect(self._want_values)
        self._panes.health_shown.connect(self._want_health)
        self._pause.timeout.connect(self._want_values)
        for part in (self.map, self.values):
            part.failed.connect(self.failed)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._focus_filter)

    def stop(self) -> None:
        """Wait for what runs in the background."""
        self._background.stop()

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these documents for choice."""
        self.picker.set_documents(documents)

    def set_sources(self, documents: Sequence[Document]) -> None:
        """Offer the files that a new checkpoint is made of, for what is told of files only."""
        self._sources = tuple(documents)
        self.health.sources.show_documents(self._offered)

    @property
    def _offered(self) -> tuple[Document, ...]:
        return self._sources if self._document is not None and self._document.assembled else ()

    def show_document(self, document: Document | None) -> None:
        """Show the tensors of a document; one without a table shows none."""
        if self._document is not None:
            self._document.opened_changed.disconnect(self._reload)
        self._document = document
        if document is not None:
            document.opened_changed.connect(self._reload)
        self.picker.show_current(document)
        self.health.sources.show_documents(self._offered)
        self._reload()

    def show_table(self, table: Table) -> None:
        """Show rows that are in no open file, such as those of a plan."""
        self._flat_model.show_table(table, Query())
        self.filters.show_choices(table.rows)
        self._all.set_text(_file_text(table))
        for widget in (self.filters, self._export, self._panes.check, self._panes.look):
            widget.setEnabled(bool(table.rows))
        self._show_mode()
        self._want_health()

    def selected_rows(self) -> list[Row]:
        """Return the selected tensors."""
        return self._view().selected_rows()

    def copy_rows(self) -> None:
        """Copy the selected tensors as lines with tabs, with a line of titles."""
        QGuiApplication.clipboard().setText(tab_lines(self.selected_rows()))

    def show_tensor(self, name: str) -> None:
        """Select a tensor in the flat table, where it is told in full."""
        self._modes.button(FLAT).setChecked(True)
        if not self.table.choose(name):
            self.filters.clear()
            self.table.choose(name)
        self.table.setFocus()

    def _show_named(self, names: Sequence[str]) -> None:
        self._modes.button(FLAT).setChecked(True)
        self.filters.narrow_to_names(names)

    def _view(self) -> TensorTable | TensorTree | TensorMap:
        return (self.table, self.tree, self.map)[self._modes.checkedId()]

    @property
    def _checkpoint(self) -> Checkpoint | None:
        """The file that the tensors are in, None where they are only planned."""
        document = self._document
        if document is None or document.assembled or document.opened is None:
            return None
        return document.opened.checkpoint

    def _want_values(self) -> None:
        """Ask for the values of what is selected, or offer those of all that are shown."""
        self._pause.stop()
        if not self.values.isVisible():
            return
        checkpoint = self._checkpoint
        selected = self.selected_rows()
        rows = selected or self._flat_model.shown_rows()
        names = tuple(row.tensor.name for row in rows)
        wanted = Wanted(checkpoint, names, bool(selected)) if checkpoint is not None else None
        self.values_wanted.emit(wanted)

    def _want_health(self) -> None:
        if self.health.isVisible() and self._document is not None:
            self.health_wanted.emit(self._document)

    def _on_bytes(self, rows: Sequence[Row]) -> dict[str, Callable[[], None]]:
        """Return what can be done with the bytes of tensors; nothing before they are in a file."""
        checkpoint, found = self._checkpoint, dict[str, Callable[[], None]]()
        if checkpoint is not None:
            found["values"] = self._panes.show_values
            if len(rows) == 1:
                name = rows[0].tensor.name
                found["save_array"] = lambda: self.array_requested.emit(checkpoint, name)
        return found

    def _reload(self) -> None:
        """Show the table as it is now; a plan that changes out of sight costs nothing."""
        self._stale = not self.isVisible()
        self._background.drop()
        if self._stale:
            return
        opened = self._document.opened if self._document else None
        if opened is not None and len(opened.checkpoint.tensors) > _AT_ONCE:
            self._background.request(lambda _: Table.of(opened).prepare(), self.show_table)
        else:
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
        self._fill_view()
        self._update_selection()

    def _take_mode(self, _: int, chosen: bool) -> None:
        if chosen:  # the other button tells that it is not, any more
            self._show_mode()

    def _show_mode(self) -> None:
        if not self._flat_model.table.rows:
            self._views.setCurrentWidget(self._empty)
            return
        self._fill_view()
        self._views.setCurrentWidget(self._view())
        self._update_selection()

    def _fill_view(self) -> None:
        """Fill the tree or the map where it is shown; the table follows by itself."""
        if self._modes.checkedId() == TREE:
            self._fill_tree()
        elif self._modes.checkedId() == MAP:
            self.map.show_rows(self._flat_model.shown_rows())

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
        if self.values.isVisible():
            self._pause.start()

    def _open_menu(self, point: QPoint) -> None:
        rows, view = self.selected_rows(), self._view()
        if rows and not isinstance(view, TensorMap):
            menu = context_menu(rows, self.filters, self.copy_rows, self, self._on_bytes(rows))
            add_sources(menu, self._offered, self.document_chosen.emit)
            menu.popup(view.viewport().mapToGlobal(point))

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
