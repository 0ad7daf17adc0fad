"""The values of a selection as a histogram, as the numbers behind it, or tensor by tensor."""

from collections.abc import Callable, Sequence
from math import inf

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.known_values import Collected
from ckpt_studio.app.panels.plot_menu import PlotMenu
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.statistics import (
    LOWEST,
    Histogram,
    TensorStatistics,
    Values,
    bin_limits,
)
from ckpt_studio.core.statistics_text import COLUMNS, Cell, real
from ckpt_studio.core.text import count
from ckpt_studio.qt.histogram import ValueHistogram
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.sheet_model import Field, SheetModel

PLOT, BINS, TENSORS = range(3)
_CLOSER, _WIDER = 0.8, 1.25
_PADDING = 8
_WORDS = frozenset({"Key", "Type"})


class ValuePlot(QWidget):
    """The same values in three ways; a double click or Enter on a tensor chooses it."""

    tensor_chosen = Signal(str)
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = ValueHistogram()
        self._menu = PlotMenu(self.plot)
        self._menu.failed.connect(self.failed)
        self._bins, self._tensors = SheetModel(_bin_fields(), self), SheetModel(_fields(), self)
        self._bin_table = _table(self._bins, "valueBins", self.tr("Counts of the histogram"))
        self._tensor_table = _table(self._tensors, "valueTensors", self.tr("Values by tensor"))
        self._pages = QStackedWidget()
        for page in (self.plot, self._bin_table, self._tensor_table):
            self._pages.addWidget(page)
        self._modes = QButtonGroup(self)
        self._tools: list[QToolButton] = []
        self._shown = Collected(0)
        self.head = QHBoxLayout()
        self.head.setSpacing(6)
        self._fill_head()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self._modes.idToggled.connect(self._show_page)
        self._tensor_table.activated.connect(self._choose)

    def _fill_head(self) -> None:
        titles = (self.tr("Plot"), self.tr("Bins"), self.tr("Tensors"))
        tips = (
            self.tr("How many values have which magnitude"),
            self.tr("The numbers behind the plot"),
            self.tr("A line for each tensor; sort it to find the odd ones"),
        )
        for place, (title, tip) in enumerate(zip(titles, tips, strict=True)):
            mode = _button(("valuePlotMode", "valueBinsMode", "valueTensorsMode")[place], tip)
            mode.setText(title)
            mode.setCheckable(True)
            mode.setChecked(place == PLOT)
            self._modes.addButton(mode, place)
            self.head.addWidget(mode)
        self._log = _button("valueLog", self.tr("Logarithmic heights: rare values show (L)"))
        self._log.setText(self.tr("Log"))
        self._log.setCheckable(True)
        self._log.toggled.connect(self.plot.set_logarithmic)
        self.plot.scale_changed.connect(self._log.setChecked)
        self._add_tool(self._log)
        zooms: Sequence[tuple[str, str, str, Callable[[], None]]] = (
            ("valueZoomOut", "minus", self.tr("Zoom out (−)"), lambda: self.plot.zoom(_WIDER)),
            ("valueZoomIn", "plus", self.tr("Zoom in (+)"), lambda: self.plot.zoom(_CLOSER)),
            ("valueZoomAll", "fit-to-page-outline", self.tr("Show all (0)"), self.plot.show_all),
        )
        for name, sign, tip, act in zooms:
            zoom = _button(name, tip)
            zoom.setIcon(icon(sign))
            zoom.clicked.connect(act)
            self._add_tool(zoom)

    def _add_tool(self, button: QToolButton) -> None:
        self._tools.append(button)
        self.head.addWidget(button)

    def start_over(self) -> None:
        """Forget the zoom; it stays only while values of the same tensors come in."""
        self.plot.set_values(Values())

    def show_values(self, collected: Collected) -> None:
        """Show other values, or more of the same."""
        self._shown = collected
        self.plot.set_values(collected.values)
        self._fill_tables()

    def _fill_tables(self) -> None:
        """Fill the table that is seen; the other one can wait."""
        page = self._modes.checkedId()
        if page == BINS:
            self._bins.show_rows(_bins(self._shown.values.histogram))
        elif page == TENSORS:
            self._tensors.show_rows(self._shown.tensors)

    def _show_page(self, page: int, chosen: bool) -> None:
        if chosen:
            self._fill_tables()
            self._pages.setCurrentIndex(page)
            for tool in self._tools:
                tool.setEnabled(page == PLOT)

    def _choose(self) -> None:
        one = self._tensors.row_at(self._tensor_table.currentIndex().row())
        if isinstance(one, TensorStatistics):
            self.tensor_chosen.emit(one.name)


def _button(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setProperty("tool", True)
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    return button


def _table(model: SheetModel, name: str, accessible: str) -> QTableView:
    table = QTableView()
    table.setObjectName(name)
    table.setAccessibleName(accessible)
    table.setModel(model)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
    table.setTextElideMode(Qt.TextElideMode.ElideLeft)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + _PADDING)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    # a header looks up every cell to know whether a column is selected
    header.setSelectionModel(QItemSelectionModel(model, header))
    header.setDefaultSectionSize(88)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    if name == "valueBins":
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    else:
        header.resizeSection(0, 260)
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    table.setSortingEnabled(True)
    return table


def _bins(histogram: Histogram) -> list[tuple[int, int, int]]:
    first, last = histogram.span or (0, -1)
    return [
        (exponent, histogram.positive[exponent - LOWEST], histogram.negative[exponent - LOWEST])
        for exponent in range(first, last + 1)
    ]


def _bin_fields() -> tuple[Field, ...]:
    return (
        Field("From", lambda row: bin_limits(row[0])[0], real),
        Field("To", lambda row: bin_limits(row[0])[1], _end),
        Field("Positive", lambda row: row[1], count),
        Field("Negative", lambda row: row[2], count),
    )


def _end(high: float) -> str:
    return "and more" if high == inf else real(high)


def _fields() -> tuple[Field, ...]:
    return tuple(
        Field(title, value, _shown, number=title not in _WORDS) for title, value in COLUMNS.items()
    )


def _shown(value: Cell) -> str:
    if isinstance(value, float):
        return real(value)
    return count(value) if isinstance(value, int) else one_line(str(value))
