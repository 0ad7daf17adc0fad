"""The bar above the tensor table: what to look for, and how much of it there is."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLineEdit, QToolButton, QWidget
from typing_extensions import override

from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.query import Query, Row
from ckpt_studio.core.text import count
from ckpt_studio.qt.delegates import part_icon
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import label, set_property

_KIB, _MIB = 1024, 1024 * 1024
_SIZES: Sequence[tuple[str, int, int | None]] = (
    ("Any size", 0, None),
    ("Under 1 KiB", 0, _KIB - 1),
    ("1 KiB to 1 MiB", _KIB, _MIB - 1),
    ("1 to 16 MiB", _MIB, 16 * _MIB - 1),
    ("16 to 64 MiB", 16 * _MIB, 64 * _MIB - 1),
    ("Over 64 MiB", 64 * _MIB, None),
)


class FilterField(QLineEdit):
    """A line in which Esc asks for everything again."""

    cleared = Signal()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cleared.emit()
        else:
            super().keyPressEvent(event)


class TensorFilters(QWidget):
    """Words or a pattern, part, type, size; says when any of them changed."""

    query_changed = Signal(object)  # Query

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._block: str | None = None
        self._names: frozenset[str] | None = None
        self.field = FilterField(placeholderText=self.tr("Filter: words in the key"))
        self.field.setObjectName("tensorFilter")
        self.field.setAccessibleName(self.tr("Filter tensors by key"))
        self.field.setClearButtonEnabled(True)
        self._regex = QToolButton()
        self._regex.setText(".*")
        self._regex.setCheckable(True)
        self._regex.setProperty("tool", True)
        self._regex.setObjectName("tensorFilterRegex")
        self._regex.setAccessibleName(self.tr("Regular expression"))
        self._regex.setToolTip(self.tr("Read the filter as a regular expression"))
        self._part = self._combo("tensorFilterPart", self.tr("Part"))
        self._dtype = self._combo("tensorFilterType", self.tr("Type"))
        self._size = self._combo("tensorFilterSize", self.tr("Size"))
        for title, least, most in _SIZES:
            self._size.addItem(self.tr(title), (least, most))
        self._reset = QToolButton()
        self._reset.setObjectName("tensorFilterReset")
        self._reset.setIcon(icon("filter-remove-outline"))
        self._reset.setAccessibleName(self.tr("Show all tensors"))
        self._reset.setToolTip(self.tr("Show all tensors (Esc)"))
        self._message = label(role="bad", wrap=True)
        self._message.setObjectName("tensorFilterMessage")
        self._message.hide()
        self._build()
        self.show_choices(())

    def _combo(self, name: str, title: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(name)
        combo.setAccessibleName(title)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return combo

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        for widget in (self._regex, self._part, self._dtype, self._size, self._reset):
            row.addWidget(widget)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.addLayout(row, 0, 0)
        grid.addWidget(self._message, 1, 0)
        for combo in (self._part, self._dtype, self._size):
            combo.currentIndexChanged.connect(self._announce)
        self.field.textChanged.connect(self._announce)
        self._regex.toggled.connect(self._regex_toggled)
        self._reset.clicked.connect(self.clear)
        self.field.cleared.connect(self.clear)

    def show_choices(self, rows: Sequence[Row]) -> None:
        """Offer the parts and types that some rows have; choices that still exist stay."""
        parts = dict.fromkeys(row.part for row in rows)
        dtypes = sorted({row.tensor.dtype.label for row in rows})
        chosen = self.query().part, self.query().dtype
        self._fill(self._part, self.tr("All parts"), list(parts), chosen[0])
        self._fill(self._dtype, self.tr("All types"), dtypes, chosen[1])
        for place, part in enumerate(parts, start=1):
            self._part.setItemText(place, part_name(part) or self.tr("Other"))
            self._part.setItemIcon(place, part_icon(part))
        self._block = None
        self._forget_names()
        self._announce()

    def _fill(
        self, combo: QComboBox, everything: str, values: list[str], chosen: str | None
    ) -> None:
        combo.blockSignals(True)
        combo.clear()
        combo.addItem(everything, None)
        for value in values:
            combo.addItem(value, value)
        combo.setCurrentIndex(max(0, combo.findData(chosen)) if chosen is not None else 0)
        combo.blockSignals(False)

    def query(self) -> Query:
        """Return what is asked for."""
        least, most = self._size.currentData() or (0, None)
        return Query(
            text=self.field.text(),
            regex=self._regex.isChecked(),
            part=self._part.currentData(),
            dtype=self._dtype.currentData(),
            least=least,
            most=most,
            block=self._block,
            names=self._names,
        )

    def narrow(self, *, part: str, block: str) -> None:
        """Show one block of one part."""
        self._block = block
        self._part.setCurrentIndex(self._part.findData(part))
        self._announce()

    def narrow_to_names(self, names: Iterable[str]) -> None:
        """Show only some tensors, of whatever part, type and size."""
        self.clear()
        self._names = frozenset(names)
        shown = self.tr("Filter: words in the key, among the {number} shown")
        self.field.setPlaceholderText(shown.format(number=count(len(self._names))))
        self._announce()

    def _forget_names(self) -> None:
        self._names = None
        self._show_placeholder(self._regex.isChecked())

    def narrow_to_type(self, dtype: str) -> None:
        """Show one element type."""
        self._dtype.setCurrentIndex(self._dtype.findData(dtype))

    def clear(self) -> None:
        """Ask for everything."""
        self._block = None
        self._forget_names()
        for combo in (self._part, self._dtype, self._size):
            combo.setCurrentIndex(0)
        self.field.clear()
        self._announce()

    def show_mistake(self, message: str) -> None:
        """Say under the field what is wrong with it; ``""`` for nothing."""
        self._message.setText(message)
        self._message.setVisible(bool(message))
        self.field.setAccessibleDescription(message)
        set_property(self.field, "state", "bad" if message else "")

    def _regex_toggled(self, checked: bool) -> None:
        self._show_placeholder(checked)
        self._announce()

    def _show_placeholder(self, pattern_wanted: bool) -> None:
        words, pattern = self.tr("Filter: words in the key"), self.tr(r"Pattern: attn\d\.to_[qk]")
        self.field.setPlaceholderText(pattern if pattern_wanted else words)

    def _announce(self) -> None:
        query = self.query()
        self._reset.setEnabled(query != Query(regex=query.regex))
        self.query_changed.emit(query)
