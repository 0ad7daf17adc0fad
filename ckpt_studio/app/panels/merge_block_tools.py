"""The two rows of tools around the curve of blocks: what is shown, and what the selected become."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from ckpt_studio.core.merging.methods import Parameter
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.merging.presets import presets
from ckpt_studio.core.merging.weights_text import Preset
from ckpt_studio.core.text import counted
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.number_box import NumberBox


class BlockTools(QWidget):
    """Which values are shown and how the model is divided; presets and text."""

    parameter_chosen = Signal(str)
    partition_chosen = Signal(str)
    preset_chosen = Signal(object)  # Preset
    import_requested = Signal()
    paste_requested = Signal()
    copy_requested = Signal()
    table_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._partition: Partition | None = None
        self._outside = 0.0
        self._own: tuple[Preset, ...] = ()
        self._parameter = ComboBox("mergeBlockParameter", self.tr("Number"))
        self._blocks = ComboBox("mergePartition", self.tr("Blocks"))
        self._menu = QMenu(self)
        self._presets = self._button("mergePresets", self.tr("&Presets"))
        self._paste = self._button("mergePaste", self.tr("Pa&ste"))
        self._copy = self._button("mergeCopy", self.tr("Cop&y"))
        self._table = self._button("mergeTable", self.tr("Table"))
        self._build()
        self._connect()

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setProperty("tool", True)
        return button

    def _build(self) -> None:
        self._menu.setObjectName("mergePresetMenu")
        self._presets.setProperty("menu", True)
        self._presets.setMenu(self._menu)
        self._presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._paste.setToolTip(
            self.tr("Take values from the clipboard: 0,0.25,… as SuperMerger writes them")
        )
        self._copy.setToolTip(self.tr("Copy the values with commas between, for SuperMerger"))
        self._table.setCheckable(True)
        self._table.setToolTip(self.tr("Show the same values as a table"))
        caption = label(self.tr("Blo&cks"), "dim")
        caption.setBuddy(self._blocks)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self._parameter, caption, self._blocks):
            row.addWidget(widget)
        row.addStretch()
        for button in (self._presets, self._paste, self._copy, self._table):
            row.addWidget(button)

    def _connect(self) -> None:
        self._parameter.currentIndexChanged.connect(
            lambda: self.parameter_chosen.emit(self._parameter.currentData())
        )
        self._blocks.currentIndexChanged.connect(
            lambda: self.partition_chosen.emit(self._blocks.currentData())
        )
        self._menu.aboutToShow.connect(self.fill_menu)
        self._paste.clicked.connect(self.paste_requested)
        self._copy.clicked.connect(self.copy_requested)
        self._table.toggled.connect(self.table_toggled)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        buttons = (self._presets, self._paste, self._copy, self._table)
        return (self._parameter, self._blocks, *buttons)

    def show_parameters(self, parameters: Sequence[Parameter], shown: Parameter) -> None:
        """Offer the numbers that have values for blocks."""
        with QSignalBlocker(self._parameter):
            self._parameter.clear()
            for parameter in parameters:
                self._parameter.add(parameter.name, parameter.id, parameter.sentence)
            self._parameter.choose(shown.id)
        self._parameter.setVisible(len(parameters) > 1)

    def show_partitions(self, partitions: Sequence[Partition], shown: Partition) -> None:
        """Offer the ways to divide the model."""
        self._partition = shown
        with QSignalBlocker(self._blocks):
            self._blocks.clear()
            for partition in partitions:
                self._blocks.add(partition.name, partition.id)
            self._blocks.choose(shown.id)

    def set_outside(self, value: float) -> None:
        """Say what presets give blocks outside of the diffusion model."""
        self._outside = value

    def set_own_presets(self, own: tuple[Preset, ...]) -> None:
        """Offer presets of a file of the user, too."""
        self._own = own

    def fill_menu(self) -> None:
        """List the presets for the blocks that are shown."""
        menu = self._menu
        menu.clear()
        if self._partition is not None:
            self._add(menu, presets(self._partition, self._outside))
        if self._own:
            own = menu.addMenu(self.tr("From your file"))
            menu.insertSeparator(own.menuAction())
            self._add(own, self._own)
        menu.addSeparator()
        action = menu.addAction(self.tr("&Import a file of presets…"))
        action.setObjectName("mergeImportPresets")
        action.triggered.connect(self.import_requested)

    def _add(self, menu: QMenu, found: Sequence[Preset]) -> None:
        for preset in found:
            action = menu.addAction(preset.name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, chosen=preset: self.preset_chosen.emit(chosen))


class SelectionTools(QWidget):
    """A number, and three ways to give it to the selected blocks."""

    set_requested = Signal(float)
    add_requested = Signal(float)
    multiply_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = label(role="dim")
        self._count.setObjectName("mergeSelected")
        self._number = NumberBox("mergeSelectedNumber", self.tr("Number for the selected blocks"))
        self._number.setValue(0.5)
        self._buttons = {
            "mergeSet": (QPushButton(self.tr("Set")), self.set_requested),
            "mergeAdd": (QPushButton(self.tr("Add")), self.add_requested),
            "mergeMultiply": (QPushButton(self.tr("M&ultiply")), self.multiply_requested),
        }
        keys = label(self.tr("drag points · arrows · Enter types a value"), "dim")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._count)
        row.addWidget(self._number)
        for name, (button, signal) in self._buttons.items():
            button.setObjectName(name)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, wanted=signal: wanted.emit(self._number.value()))
            row.addWidget(button)
        row.addStretch()
        row.addWidget(keys)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._number, *(button for button, _ in self._buttons.values()))

    def show_count(self, selected: int, blocks: int) -> None:
        """Say what the buttons change."""
        everything = selected in {0, blocks}
        chosen = self.tr("{blocks} selected").format(blocks=counted(selected, "block"))
        self._count.setText(self.tr("All blocks") if everything else chosen)
