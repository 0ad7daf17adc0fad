"""The Compare panel: two files beside each other, what they share and where they differ."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.job_log import Record
from ckpt_studio.app.panels.compare_filters import CompareFilters
from ckpt_studio.app.panels.compare_foot import CompareFoot
from ckpt_studio.app.panels.compare_head import CompareHead
from ckpt_studio.app.panels.compare_views import ComparedKeysView, ComparedView
from ckpt_studio.app.panels.plot_menu import PlotMenu
from ckpt_studio.core.comparison.compared_table import ComparedQuery, ComparedTable
from ckpt_studio.core.comparison.comparison_text import summary_text
from ckpt_studio.qt.compared_keys_model import ComparedKeysModel
from ckpt_studio.qt.compared_model import ComparedModel
from ckpt_studio.qt.heatmap import HeatMap
from ckpt_studio.qt.labels import label

_SORT_EVERY_S = 1.0
_LEAST_TABLE, _LEAST_KEYS = 84, 80
_SHARES = (4, 7, 3)  # of the height: map, table, metadata


class ComparePanel(QWidget):
    """Shows a table of a comparison; says upward what is to be compared."""

    pair_changed = Signal()
    files_dropped = Signal(str, object)  # "A" or "B", tuple[Path, ...]
    browse_requested = Signal(str)
    values_requested = Signal(object)  # ComparedTable
    stop_requested = Signal(object)  # ComparedTable
    export_requested = Signal(object)  # ComparedTable
    lora_requested = Signal(object)  # ComparedTable
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePanel")
        self._table: ComparedTable | None = None
        self._said: Sequence[str] = ()
        self._sorted_at = 0.0
        self.head = CompareHead()
        self.filters = CompareFilters()
        self.map = HeatMap()
        self.model, self._keys = ComparedModel(self), ComparedKeysModel(self)
        self.view, self.keys_view = ComparedView(self.model), ComparedKeysView(self._keys)
        self.foot = CompareFoot()
        self._note = label(role="dim", wrap=True)
        self._note.setObjectName("compareNote")
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._body, self._pages = QWidget(), QStackedWidget()
        self._scrolled = QScrollArea()  # a window that is very low shows it in parts
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._build()
        self._connect()
        self.show_nothing()

    def _build(self) -> None:
        for widget, share in zip((self.map, self.view, self.keys_view), _SHARES, strict=True):
            self._split.addWidget(widget)
            self._split.setStretchFactor(self._split.count() - 1, share)
        self._split.setSizes([100 * share for share in _SHARES])
        self._split.setObjectName("compareSplit")
        self._split.setHandleWidth(7)
        self.view.setMinimumHeight(_LEAST_TABLE)
        self.keys_view.setMinimumHeight(_LEAST_KEYS)
        self.keys_view.hide()
        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        inside.addWidget(self.filters)
        inside.addWidget(self._split, 1)
        inside.addWidget(self.foot)
        self._body.setObjectName("scrolled")
        self._scrolled.setWidgetResizable(True)
        self._scrolled.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scrolled.setWidget(self._body)
        self._pages.addWidget(self._note)
        self._pages.addWidget(self._scrolled)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 10)
        column.setSpacing(8)
        column.addWidget(self.head)
        column.addWidget(self._pages, 1)

    def _connect(self) -> None:
        head, filters, foot = self.head, self.filters, self.foot
        for letter, side in head.sides.items():
            side.document_chosen.connect(self.pair_changed)
            side.browse_requested.connect(lambda of=letter: self.browse_requested.emit(of))
            side.files_dropped.connect(lambda files, of=letter: self._drop(of, files))
        head.swapped.connect(self.pair_changed)
        head.values.clicked.connect(self._ask_values)
        filters.query_changed.connect(self._ask)
        filters.part_changed.connect(self._show_part)
        filters.metric_changed.connect(self.map.set_metric)
        filters.place_cleared.connect(lambda: self.map.choose(None))
        self.map.place_chosen.connect(filters.show_place)
        foot.metadata.toggled.connect(self.keys_view.setVisible)
        foot.export.clicked.connect(lambda: self.export_requested.emit(self._table))
        foot.lora.clicked.connect(lambda: self.lora_requested.emit(self._table))
        foot.copy.clicked.connect(self.copy_summary)
        PlotMenu(self.map).failed.connect(self.failed)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.view)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy_rows)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.filters.field.setFocus)

    @property
    def table(self) -> ComparedTable | None:
        """What is shown."""
        return self._table

    @property
    def part(self) -> str | None:
        """The part that is chosen, None for all."""
        return self.filters.part

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these files on both sides."""
        for side in self.head.sides.values():
            side.set_documents(documents)

    def show_nothing(self) -> None:
        """Show that two files are needed."""
        self._table = None
        self._show_note(
            self.tr("Choose two files, or drop them here, to see what they have in common.")
        )

    def show_waiting(self) -> None:
        """Show that two files are being compared."""
        self._table = None
        self._show_note(self.tr("Comparing…"))

    def show_failure(self, message: str) -> None:
        """Show why two files could not be compared."""
        self._table = None
        self._show_note(message)

    def _show_note(self, text: str) -> None:
        self._note.setText(text)
        self._pages.setCurrentWidget(self._note)
        self.head.show_table(None, (), None)

    def show_table(self, table: ComparedTable, said: Sequence[str], record: Record | None) -> None:
        """Show a comparison; ``record`` is the job that compares its values now."""
        self._table, self._said = table, said
        self.model.show_table(None, ComparedQuery())
        self.filters.show_parts(tuple(table.comparison.parts))
        self.model.show_table(table, self.filters.query())
        self.map.choose(None)
        self._keys.show_keys(table.comparison.metadata)
        self.foot.show_table(table)
        self._show_part()
        self.head.show_table(table, said, self.part)
        self.head.show_job(record)
        self.foot.show_shown(self.model.rowCount())
        self._pages.setCurrentWidget(self._scrolled)

    def show_said(self, said: Sequence[str]) -> None:
        """Show what the comparison comes to."""
        self._said = said
        self.head.show_said(said)

    def fill(self) -> None:
        """Show values that came in; order and choice of rows follow about once a second."""
        if self._table is None:
            return
        self.map.set_map(self._table.map.of_part(self.part))
        self.model.fill()
        if monotonic() - self._sorted_at > _SORT_EVERY_S:
            self.refresh()
        self.foot.show_shown(self.model.rowCount())

    def refresh(self) -> None:
        """Sort and filter by all values that are known."""
        self._sorted_at = monotonic()
        self.model.refresh()
        self.foot.show_shown(self.model.rowCount())

    def show_job(self, record: Record | None) -> None:
        """Show how the job that compares values stands."""
        self.head.show_table(self._table, self._said, self.part)
        self.head.show_job(record)

    def copy_summary(self) -> None:
        """Copy what the comparison comes to."""
        if self._table is not None:
            QGuiApplication.clipboard().setText(summary_text(self._table, self._said))

    def copy_rows(self) -> None:
        """Copy the selected rows as lines with tabs, with a line of titles."""
        lines = [self.model.titles()]
        places = sorted({index.row() for index in self.view.selectionModel().selectedRows()})
        lines += [self.model.texts(place) for place in places]
        QGuiApplication.clipboard().setText("".join("\t".join(line) + "\n" for line in lines))

    def _ask(self, query: ComparedQuery) -> None:
        self.model.set_query(query)
        self.foot.show_shown(self.model.rowCount())

    def _show_part(self) -> None:
        if self._table is not None:
            shown = self._table.map.of_part(self.part)
            self.map.set_map(shown)
            self.map.setVisible(bool(shown.columns))
            self.head.show_table(self._table, self._said, self.part)

    def _ask_values(self) -> None:
        if self._table is not None:
            wanted = self.stop_requested if self.head.running else self.values_requested
            wanted.emit(self._table)

    def _drop(self, letter: str, files: tuple[Path, ...]) -> None:
        self.files_dropped.emit(letter, files)
