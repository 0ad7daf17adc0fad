"""The numbers of a merge method: a slider with words at both ends and a field for each."""

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QWidget

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.merging.draft import Draft, read_values
from ckpt_studio.core.merging.methods import Parameter
from ckpt_studio.core.text import listed
from ckpt_studio.qt.labels import label, set_property
from ckpt_studio.qt.slider import Slider

_FIELD_WIDTH, _SHORTEST = 120, 90
_LONGEST_NAME = 14


class NumberRow:
    """The widgets of one parameter, for a grid; ``name`` is the end of the object names."""

    def __init__(self, parameter: Parameter, name: str) -> None:
        self.parameter = parameter
        self.field_tip = ""
        self.caption = label(parameter.name, "dim")
        self.low, self.high = label(), label()
        self.slider = Slider(f"mergeSlider{name}", parameter.name)
        self.field = QLineEdit()
        self.field.setObjectName(f"mergeNumber{name}")
        self.by_block = QCheckBox()
        self.by_block.setObjectName(f"mergeByBlock{name}")
        self.slider.set_scale(parameter.low, parameter.high, parameter.step)
        self.slider.setMinimumWidth(_SHORTEST)
        self.field.setFixedWidth(_FIELD_WIDTH)
        self.low.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for widget in (self.caption, self.slider, self.field):
            widget.setToolTip(parameter.sentence)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """The widgets in the order of the columns."""
        return (self.caption, self.low, self.slider, self.high, self.field, self.by_block)

    def show_ends(self, draft: Draft, value: float) -> None:
        """Say what the ends of the slider mean; of a mixture, how much of each there is."""
        parameter = self.parameter
        names = {
            letter.lower(): _name_of(path, letter) for letter, path in _lettered(draft) if letter
        }
        low = _filled(parameter.low_end, {name: name.upper() for name in names})
        high = _filled(parameter.high_end, {name: name.upper() for name in names})
        if _is_mixture(parameter):
            low = f"{100 * (1 - value):.3g} % {names.get('a', 'A')}"
            high = f"{100 * value:.3g} % {names.get('b', 'B')}"
        self.low.setText(low or f"{parameter.low:g}")
        self.high.setText(high or f"{parameter.high:g}")
        self.low.setToolTip(_filled(parameter.low_end, names))
        self.high.setToolTip(_filled(parameter.high_end, names))
        for end in (self.low, self.high):
            _keep_width(end)

    def show_outside(self, low: str, high: str, tip: str, *, counts: bool) -> None:
        """Say what the value is for while blocks have their own; it may count for nothing."""
        self.low.setText(low)
        self.high.setText(high)
        for widget in (self.low, self.high, self.slider, self.field):
            widget.setToolTip(tip)
        self.slider.setEnabled(counts)
        self.field.setEnabled(counts)

    def show_usual(self) -> None:
        """Let the value be chosen for the whole model."""
        for widget in (self.slider, self.field):
            widget.setEnabled(True)
        self.slider.setToolTip(self.parameter.sentence)
        self.field.setToolTip(self.field_tip or self.parameter.sentence)


class MergeNumbers(QWidget):
    """Shows the parameters of a draft and says which values are wanted."""

    values_chosen = Signal(object, object)  # Parameter, tuple[float, ...]
    by_block_chosen = Signal(object, bool)  # Parameter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[NumberRow] = []
        self._wrong = label(role="bad", wrap=True)
        self._wrong.setObjectName("mergeNumberWrong")
        self._wrong.hide()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return tuple(
            widget
            for row in self._rows
            for widget in (row.slider, row.field, row.by_block)
            if not widget.isHidden()
        )

    def show_draft(self, draft: Draft, *, divided: bool, outside: tuple[str, ...] = ()) -> None:
        """Show the values; without ``divided`` model A is not known, and has no blocks.

        ``outside`` are parts that lie in no block, for which alone a value counts that blocks have
        their own of.
        """
        if tuple(row.parameter for row in self._rows) != draft.parameters:
            self._rebuild(draft)
        for place, row in enumerate(self._rows):
            value = draft.value(row.parameter)
            series = draft.series if place == 0 else ()
            shown = ", ".join(f"{each:g}" for each in series or (value,))
            row.slider.show_number(value)
            if not (row.field.hasFocus() and _same(row.field.text(), series or (value,))):
                row.field.setText(shown)
            set_property(row.field, "state", "")
            row.show_ends(draft, value)
            if row.parameter.id in draft.recipe.blocks:
                self._show_outside(row, outside)
            else:
                row.show_usual()
            self._show_by_block(row, draft, divided=divided)
        self._wrong.hide()

    def _show_outside(self, row: NumberRow, outside: tuple[str, ...]) -> None:
        """Say what the value counts for beside those of the blocks."""
        parts = listed([part_name(part) for part in outside]) if outside else ""
        high = self.tr("for {parts} alone") if outside else self.tr("see the blocks below")
        tip = self.tr("The blocks have values of their own. This one is for {parts} alone.")
        nothing = self.tr("The blocks have values of their own, and all of the model lies in them.")
        tip = tip.format(parts=parts) if outside else nothing
        row.show_outside("", high.format(parts=parts), tip, counts=bool(outside))

    def _show_by_block(self, row: NumberRow, draft: Draft, *, divided: bool) -> None:
        box, on = row.by_block, row.parameter.id in draft.recipe.blocks
        box.setVisible(row.parameter.by_block)
        box.setEnabled(divided or on)
        box.setToolTip(
            self.tr("Another value for each block of the model")
            if divided
            else self.tr("Choose model A first: the blocks are those of its family.")
        )
        with QSignalBlocker(box):
            box.setChecked(on)

    def _rebuild(self, draft: Draft) -> None:
        self._grid.removeWidget(self._wrong)
        for row in self._rows:
            for widget in row.widgets:
                self._grid.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        self._rows = []
        for place, parameter in enumerate(draft.parameters):
            row = NumberRow(parameter, "".join(map(str.capitalize, parameter.id.split("_"))))
            row.by_block.setText(self.tr("per bloc&k") if place == 0 else self.tr("per block"))
            self._name(row)
            self._connect(row, several=place == 0)
            for column, widget in enumerate(row.widgets):
                self._grid.addWidget(widget, place, column)
            self._rows.append(row)
        self._grid.addWidget(self._wrong, len(self._rows), 1, 1, 5)

    def _name(self, row: NumberRow) -> None:
        name = row.parameter.name
        row.field.setAccessibleName(self.tr("Value of {name}").format(name=name))
        row.by_block.setAccessibleName(self.tr("{name} per block").format(name=name))
        row.slider.setAccessibleDescription(row.parameter.sentence)

    def _connect(self, row: NumberRow, *, several: bool) -> None:
        row.slider.value_moved.connect(
            lambda value: self.values_chosen.emit(row.parameter, (value,))
        )
        row.field.textEdited.connect(lambda text: self._type(row, text, several=several))
        row.by_block.toggled.connect(lambda on: self.by_block_chosen.emit(row.parameter, on))
        if several:
            row.field.setPlaceholderText("0.2, 0.3")
            several_values = self.tr("Several values, such as 0.2, 0.3, make several files.")
            row.field_tip = f"{row.parameter.sentence}. {several_values}"

    def _type(self, row: NumberRow, text: str, *, several: bool) -> None:
        try:
            values = read_values(text)
            if len(values) > 1 and not several:
                values = read_values("")
        except PlanError as error:
            set_property(row.field, "state", "bad")
            self._wrong.setText(f"{error.message} {error.hint}")
            self._wrong.show()
            return
        set_property(row.field, "state", "")
        self._wrong.hide()
        self.values_chosen.emit(row.parameter, values)


def _lettered(draft: Draft) -> list[tuple[str, Path | None]]:
    return [(draft.letter(place), path) for place, path in enumerate(draft.slots)]


def _name_of(path: Path | None, letter: str) -> str:
    if path is None:
        return letter
    stem = path.stem
    return f"{letter} {stem if len(stem) <= _LONGEST_NAME else stem[: _LONGEST_NAME - 1] + '…'}"


def _filled(words: str, names: dict[str, str]) -> str:
    for letter, name in names.items():
        words = words.replace(f"{{{letter}}}", name)
    return words


def _is_mixture(parameter: Parameter) -> bool:
    return (parameter.low_end, parameter.high_end) == ("all {a}", "all {b}")


def _keep_width(end: QLabel) -> None:
    """Have room for the longest share, so that the slider does not move under the mouse."""
    metrics = QFontMetrics(end.font())
    text = end.text()
    share, sign, rest = text.partition(" % ")
    widest = f"{'−' if share.startswith('-') else ''}99.9 % {rest}" if sign else text
    end.setMinimumWidth(max(metrics.horizontalAdvance(text), metrics.horizontalAdvance(widest)))


def _same(typed: str, values: tuple[float, ...]) -> bool:
    try:
        return read_values(typed) == values
    except PlanError:
        return False
