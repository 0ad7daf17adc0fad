"""The values of the blocks: a curve, presets, text of other programs, and a table of the same."""

from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.merge_block_tools import BlockTools, SelectionTools
from ckpt_studio.app.panels.plot_menu import PlotMenu
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.methods import Parameter
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.merging.weights_text import Preset, fit_weights, format_weights, parse_weights
from ckpt_studio.qt.block_curve import BlockCurve
from ckpt_studio.qt.block_curve_layout import Scale
from ckpt_studio.qt.block_values_model import BlockValuesModel
from ckpt_studio.qt.labels import label

_STROKES = 10_000
"""Steps of the curve have numbers above this; those of one stroke share theirs."""
_TABLE_HEIGHT, _TABLE_WIDTH = 190, 200


class MergeBlocks(QFrame):
    """Shown while a number of the method has its own value in each block."""

    import_requested = Signal()
    failed = Signal(Exception)

    def __init__(self, choices: MergeChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mergeBlocks")
        self.setProperty("card", True)
        self._choices = choices
        self._shown = ""  # the parameter whose values are shown
        self.tools, self.selection = BlockTools(), SelectionTools()
        self.curve = BlockCurve()
        self._model = BlockValuesModel(self)
        self._table = QTableView()
        self._wrong = label(role="bad", wrap=True)
        self._wrong.setObjectName("mergeBlocksWrong")
        self._build()
        self._connect()
        for before, after in pairwise(self.controls):
            QWidget.setTabOrder(before, after)

    def _build(self) -> None:
        table = self._table
        table.setObjectName("mergeBlockTable")
        table.setAccessibleName(self.tr("Values of the blocks as a table"))
        table.setModel(self._model)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.setFixedWidth(_TABLE_WIDTH)
        table.setMinimumHeight(_TABLE_HEIGHT)
        table.setTabKeyNavigation(False)
        table.hide()
        self._wrong.hide()
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.curve, 1)
        middle.addWidget(table)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(self.tools)
        column.addLayout(middle)
        column.addWidget(self.selection)
        column.addWidget(self._wrong)

    def _connect(self) -> None:
        tools, selection, curve = self.tools, self.selection, self.curve
        tools.parameter_chosen.connect(self._show_parameter)
        tools.partition_chosen.connect(self._choose_partition)
        tools.preset_chosen.connect(self._take_preset)
        tools.import_requested.connect(self.import_requested)
        tools.paste_requested.connect(self.paste)
        tools.copy_requested.connect(self.copy)
        tools.table_toggled.connect(self._table.setVisible)
        selection.set_requested.connect(curve.set_selected)
        selection.add_requested.connect(curve.add_to_selected)
        selection.multiply_requested.connect(curve.multiply_selected)
        curve.edited.connect(self._take)
        curve.selection_changed.connect(lambda: selection.show_count(*curve.counted))
        self._model.value_typed.connect(self._type)
        PlotMenu(curve).failed.connect(self.failed)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (*self.tools.controls, self.curve, self._table, *self.selection.controls)

    def refresh(self) -> None:
        """Show what is chosen."""
        draft, partition = self._choices.draft, self._choices.partition
        parameters = [each for each in draft.parameters if each.id in draft.recipe.blocks]
        self.setVisible(bool(parameters) and partition is not None)
        if not parameters or partition is None:
            return
        names = [parameter.id for parameter in parameters]
        if self._shown not in names:
            self._shown = names[0]
        parameter = parameters[names.index(self._shown)]
        values = draft.recipe.blocks[parameter.id]
        self.tools.show_parameters(parameters, parameter)
        self.tools.show_partitions(self._choices.partitions, partition)
        self.tools.set_outside(draft.value(parameter))
        self.curve.set_blocks(partition.blocks, partition.outside, _scale(parameter, values))
        self.curve.setAccessibleName(self.tr("{name} per block").format(name=parameter.name))
        self.curve.set_values(values)
        self._model.show_values(partition.blocks, values)
        self.selection.show_count(*self.curve.counted)

    def paste(self) -> None:
        """Take the values on the clipboard, as SuperMerger and others write them."""
        text = QGuiApplication.clipboard().text()
        partition = self._choices.partition
        if partition is None:
            return
        try:
            values = parse_weights(text, partition, self._plain)
        except PlanError as error:
            if not self._paste_elsewhere(text, partition):
                self._show_wrong(error)
            return
        self._take(values, -1, self.tr("Paste block weights"))

    def _paste_elsewhere(self, text: str, partition: Partition) -> bool:
        """Take values for another division of the same model, where their number is just that."""
        for other in self._choices.partitions:
            try:
                values = parse_weights(text, other, self._plain)
            except PlanError:
                continue
            if other is not partition and len(values) == len(text.rpartition("\t")[2].split(",")):
                draft = drafts.with_partition(self._choices.draft, other.id)
                changed = drafts.with_blocks(draft, self._shown, values)
                self._choices.change(changed, self.tr("Paste block weights"))
                return True
        return False

    def copy(self) -> None:
        """Put the values on the clipboard, with commas between."""
        QGuiApplication.clipboard().setText(format_weights(self.curve.values))

    @property
    def _plain(self) -> float:
        """The value for the whole model, of the parameter that is shown."""
        draft = self._choices.draft
        found = (each for each in draft.parameters if each.id == self._shown)
        parameter = next(found, None)
        return draft.value(parameter) if parameter else 0.0

    def _take(self, values: tuple[float, ...], stroke: int, title: str = "") -> None:
        self._wrong.hide()
        changed = drafts.with_blocks(self._choices.draft, self._shown, values)
        number = _STROKES + stroke if stroke >= 0 else -1
        self._choices.change(changed, title or self.tr("Block weights"), number)

    def _take_preset(self, preset: Preset) -> None:
        partition = self._choices.partition
        if partition is None:
            return
        try:
            values = fit_weights(preset.values, partition, self._plain)
        except PlanError as error:
            self._show_wrong(error)
            return
        self._take(values, -1, self.tr("Preset {name}").format(name=preset.name))

    def _type(self, row: int, value: float) -> None:
        values = list(self.curve.values)
        values[row] = value
        self._take(tuple(values), -1)

    def _show_wrong(self, error: PlanError) -> None:
        self._wrong.setText(f"{error.message} {error.hint}")
        self._wrong.show()

    def _show_parameter(self, name: str) -> None:
        self._shown = name
        self.refresh()

    def _choose_partition(self, name: str) -> None:
        draft = self._choices.draft
        partition = next(each for each in self._choices.partitions if each.id == name)
        changed = drafts.with_partition(draft, name)
        for parameter in draft.parameters:
            if parameter.id in draft.recipe.blocks:
                flat = (draft.value(parameter),) * len(partition.blocks)
                changed = drafts.with_blocks(changed, parameter.id, flat)
        self._choices.change(changed, self.tr("Division into blocks"))


def _scale(parameter: Parameter, values: tuple[float, ...]) -> Scale:
    """Return the scale of a parameter, wider where values lie off it."""
    low, high = min(parameter.low, *values), max(parameter.high, *values)
    return Scale(low, high, parameter.step)
