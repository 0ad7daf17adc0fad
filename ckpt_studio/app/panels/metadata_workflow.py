"""A workflow in the metadata as a list of its nodes to read, with its prompts above."""

from PySide6.QtCore import QItemSelectionModel, QMimeData, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.background import Background
from ckpt_studio.app.panels.metadata_prompts import Prompts
from ckpt_studio.core import text
from ckpt_studio.core.generation import GraphReading, graph_reading
from ckpt_studio.qt.drag_out import DragButton, copy, drag, json_data
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.node_model import NODE_COLUMNS, NodeColumn, NodeModel

_AT_ONCE = 32 * 1024
"""Characters up to which a workflow is read at once; more takes over 20 ms."""

_PADDING = 8
_LOW, _HIGH = 240, 400  # pixels
_WIDTHS = {NodeColumn.NODE: 200, NodeColumn.TYPE: 180, NodeColumn.PLACE: 110}


class WorkflowView(QWidget):
    """Reads a graph, on a thread where it is large; nothing can be changed here."""

    refused = Signal()  # the text is no graph

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("workflowView")
        self._text, self._name = "", "workflow"
        self._work = Background(self)
        self._model = NodeModel(self)
        self.prompts, self.table = Prompts(), QTableView()
        self._about = label(role="dim")
        self._about.setObjectName("workflowAbout")
        self._search = QLineEdit()
        self._search.setObjectName("workflowSearch")
        self._search.setAccessibleName(self.tr("Find nodes"))
        self._search.setPlaceholderText(self.tr("Find nodes"))
        self._search.setClearButtonEnabled(True)
        self._copy = QPushButton(self.tr("&Copy"))
        self._copy.setObjectName("workflowCopy")
        self._copy.setAccessibleName(self.tr("Copy the workflow"))
        self._copy.setProperty("role", "link")
        self._drag = DragButton()
        self._drag.setObjectName("workflowDrag")
        self._drag.setText(self.tr("Drag workflow"))
        self._drag.setIcon(icon("drag"))
        self._drag.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._drag.setAccessibleName(self._drag.text())
        self._drag.setToolTip(
            self.tr("Drag it onto ComfyUI or into a folder, as a .json file; a click copies it")
        )
        self.tools = QWidget()
        self._prepare_table()
        self._build()
        self._connect()

    def _prepare_table(self) -> None:
        table = self.table
        table.setObjectName("workflowNodes")
        table.setAccessibleName(self.tr("Nodes of the workflow"))
        table.setModel(self._model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setDragEnabled(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + _PADDING)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        for place, column in enumerate(NODE_COLUMNS):
            if column in _WIDTHS:
                header.resizeSection(place, _WIDTHS[column])
            else:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        action = QAction(self.tr("&Copy"), table)
        action.setObjectName("workflowCopyNodes")
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(self.copy_nodes)
        table.addAction(action)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _build(self) -> None:
        top = QHBoxLayout(self.tools)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(8)
        self._search.setMinimumWidth(70)
        self._search.setMaximumWidth(150)
        for widget in (self._about, self._search, self._copy, self._drag):
            top.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.prompts)
        column.addWidget(self.table, 1)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._find)
        self._copy.clicked.connect(self._copy_workflow)
        self._drag.clicked.connect(self._copy_workflow)
        self._drag.drag_requested.connect(lambda: drag(self._drag, self._data()))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.prompts.set_lines(1 if self.height() < _LOW else 2 if self.height() < _HIGH else 4)

    @property
    def busy(self) -> bool:
        """Whether something is still on its way."""
        return self._work.busy

    def stop(self) -> None:
        """Wait for what runs."""
        self._work.stop()

    def clear(self) -> None:
        """Forget the workflow."""
        self._text = ""
        self._work.drop()
        self._show(GraphReading(()))

    def show_graph(self, graph: str, name: str) -> None:
        """Show a graph; ``name`` is that of the file it is dragged out as, without its end."""
        self._name = name
        if graph == self._text:
            return
        self.clear()
        self._text = graph
        if len(graph) <= _AT_ONCE:
            self._take(graph_reading(graph))
            return
        self._about.setText(self.tr("Reading…"))
        self._work.request(lambda _: graph_reading(graph), self._take)

    def _take(self, reading: GraphReading | None) -> None:
        if reading is None:
            self.refused.emit()
        else:
            self._show(reading)

    def _show(self, reading: GraphReading) -> None:
        self._model.show_rows(reading.rows)
        self.prompts.show_reading(reading)
        self._about.setToolTip("\n".join(reading.oddities))
        self._count()

    def _find(self, words: str) -> None:
        self._model.search(words)
        self._count()

    def _count(self) -> None:
        shown, every = self._model.rowCount(), self._model.total
        if shown < every:
            told = self.tr("{shown} of {nodes}").format(
                shown=text.count(shown), nodes=text.counted(every, "node")
            )
        else:
            told = text.counted(every, "node")
        self._about.setText(told)

    def _data(self) -> QMimeData:
        return json_data(f"{self._name}.json", self._text)

    def _copy_workflow(self) -> None:
        copy(self._data())

    def copy_nodes(self) -> None:
        """Copy the selected nodes with their values."""
        model: QItemSelectionModel = self.table.selectionModel()
        if model.hasSelection():
            copy(self._model.mimeData(model.selectedRows()))
