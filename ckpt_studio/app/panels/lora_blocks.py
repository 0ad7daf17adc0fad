"""The factors of a LoRA for the blocks of the model, as a text; presets fill it in."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.merging.presets import presets
from ckpt_studio.core.merging.weights_text import Preset, format_weights, parse_weights
from ckpt_studio.qt.labels import label, set_property

WHOLE = 1.0
"""The factor of blocks that a text or a preset says nothing of, such as BASE."""


class LoraBlocks(QWidget):
    """Takes what SuperMerger writes; ``place`` is the end of the object names."""

    chosen = Signal(object, bool)  # tuple[float, ...], whether it was typed

    def __init__(self, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._partition: Partition | None = None
        self._field = QLineEdit()
        self._field.setObjectName(f"mergeLoraBlocks{place}")
        self._field.setPlaceholderText("1,1,0.5,…")
        self._presets = QToolButton()
        self._presets.setObjectName(f"mergeLoraPresets{place}")
        self._presets.setText(self.tr("Presets"))
        self._presets.setProperty("tool", True)
        self._presets.setProperty("menu", True)
        self._presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.setObjectName(f"mergeLoraPresetMenu{place}")
        self._presets.setMenu(self._menu)
        self._wrong = label(role="bad", wrap=True)
        self._wrong.setObjectName(f"mergeLoraWrong{place}")
        self._wrong.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label(self.tr("factor in each block"), "dim"))
        row.addWidget(self._field, 2)
        row.addWidget(self._presets)
        row.addWidget(self._wrong, 1)
        self._field.textEdited.connect(self._take)
        self._menu.aboutToShow.connect(self._fill_menu)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._field, self._presets)

    def show_blocks(self, name: str, values: tuple[float, ...], partition: Partition) -> None:
        """Show the factors of a LoRA with that name for the blocks of the model."""
        self._partition = partition
        self._field.setAccessibleName(self.tr("Factors of {name} per block").format(name=name))
        self._field.setToolTip(
            self.tr("{blocks}, with commas between, as SuperMerger writes them").format(
                blocks=", ".join(partition.blocks)
            )
        )
        if not (self._field.hasFocus() and self._read(self._field.text()) == values):
            self._field.setText(format_weights(values))
            self._field.setCursorPosition(0)
            self._show_wrong("")

    def _read(self, text: str) -> tuple[float, ...] | None:
        try:
            return parse_weights(text, self._partition, WHOLE) if self._partition else None
        except PlanError:
            return None

    def _take(self, text: str) -> None:
        if self._partition is None:
            return
        try:
            values = parse_weights(text, self._partition, WHOLE)
        except PlanError as error:
            self._show_wrong(error.message)
            return
        self._show_wrong("")
        self.chosen.emit(values, True)

    def _show_wrong(self, words: str) -> None:
        set_property(self._field, "state", "bad" if words else "")
        self._wrong.setText(words)
        self._wrong.setVisible(bool(words))

    def _fill_menu(self) -> None:
        self._menu.clear()
        for preset in presets(self._partition, WHOLE) if self._partition else ():
            action = self._menu.addAction(preset.name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, chosen=preset: self._choose(chosen))

    def _choose(self, preset: Preset) -> None:
        self.chosen.emit(preset.values, False)
