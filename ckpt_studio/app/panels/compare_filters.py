"""The bar above map and table: which tensors to show, and by which number to colour."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from ckpt_studio.app.panels.tensor_filters import FilterField
from ckpt_studio.core.comparison.compared_table import ComparedQuery, Show
from ckpt_studio.core.comparison.difference_map import Metric, Place
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.heatmap_text import place_text
from ckpt_studio.qt.icons import icon

_SHOWN = (
    (Show.ALL, "compareShowAll", "All"),
    (Show.DIFFERENT, "compareShowDifferent", "Different"),
    (Show.ONLY_A, "compareShowOnlyA", "Only A"),
    (Show.ONLY_B, "compareShowOnlyB", "Only B"),
)

_LEAST_WIDTH = 64


class CompareFilters(QWidget):
    """Words, all or some, part, cell of the map; says when any of them changed."""

    query_changed = Signal(object)  # ComparedQuery
    part_changed = Signal(object)  # str, or None for all
    metric_changed = Signal(object)  # Metric
    place_cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place: Place | None = None
        self.field = FilterField(placeholderText=self.tr("Filter: words in the key"))
        self.field.setObjectName("compareFilter")
        self.field.setAccessibleName(self.tr("Filter tensors by key"))
        self.field.setClearButtonEnabled(True)
        self._shown = QButtonGroup(self)
        self._part = ComboBox("comparePart", self.tr("Part"))
        self._metric = ComboBox("compareMetric", self.tr("Colour of the map"))
        for metric in Metric:
            self._metric.add(self.tr(metric.value), metric)
        self._cell = QToolButton()
        self._cell.setObjectName("compareCell")
        self._cell.setProperty("tool", True)
        self._cell.setIcon(icon("close"))
        self._cell.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._cell.setToolTip(self.tr("Show the other cells of the map, too"))
        self._cell.hide()
        self._build()
        self._connect()
        self.show_parts(())

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        row.addWidget(self._cell)
        for number, (_, name, title) in enumerate(_SHOWN):
            button = QToolButton()
            button.setText(self.tr(title))
            button.setObjectName(name)
            button.setAccessibleName(self.tr("Show {which}").format(which=button.text().lower()))
            button.setCheckable(True)
            button.setChecked(not number)
            button.setProperty("tool", True)
            self._shown.addButton(button, number)
            row.addWidget(button)
        row.addWidget(self._part)
        row.addWidget(self._metric)
        for squeezable in (self._part, self._metric, self._cell):
            squeezable.setMinimumWidth(_LEAST_WIDTH)  # for small windows

    def _connect(self) -> None:
        self.field.textChanged.connect(self._announce)
        self.field.cleared.connect(self.clear)
        self._shown.idToggled.connect(self._show_toggled)
        self._part.activated.connect(self._part_chosen)
        self._metric.activated.connect(
            lambda _: self.metric_changed.emit(self._metric.currentData())
        )
        self._cell.clicked.connect(self._clear_place)

    @property
    def part(self) -> str | None:
        """The part that is chosen, None for all of them."""
        part: str | None = self._part.currentData()
        return part

    def query(self) -> ComparedQuery:
        """Return what is asked for."""
        show = _SHOWN[max(0, self._shown.checkedId())][0]
        return ComparedQuery(self.field.text(), show, self.part, self._place)

    def show_parts(self, parts: Sequence[str]) -> None:
        """Offer the parts of other files; everything is shown."""
        self._part.clear()
        self._part.add(self.tr("All parts"), None)
        for part in parts:
            self._part.add(part_name(part) or self.tr("Other"), part)
        self._part.setVisible(len(parts) > 1)
        self.show_place(None)

    def show_place(self, place: Place | None) -> None:
        """Show one cell of the map, or all."""
        self._place = place
        text = place_text(place) if place else ""
        self._cell.setText(text)
        self._cell.setAccessibleName(self.tr("Stop showing only {cell}").format(cell=text))
        self._cell.setVisible(place is not None)
        self._announce()

    def clear(self) -> None:
        """Ask for everything of the part."""
        self.field.clear()
        self._shown.button(0).setChecked(True)
        if self._place is not None:
            self._clear_place()

    def _clear_place(self) -> None:
        self.show_place(None)
        self.place_cleared.emit()

    def _part_chosen(self) -> None:
        if self._place is not None:
            self._clear_place()
        self.part_changed.emit(self.part)
        self._announce()

    def _show_toggled(self, _: int, checked: bool) -> None:
        if checked:
            self._announce()

    def _announce(self) -> None:
        self.query_changed.emit(self.query())
