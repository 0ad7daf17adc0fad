"""One LoRA: its name, what it reaches, its strengths, and its place among others."""

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.panels.lora_blocks import WHOLE, LoraBlocks
from ckpt_studio.core import text
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.plan import AdapterCoverage
from ckpt_studio.core.recipe import LoraUse
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.name_list import NameList
from ckpt_studio.qt.number_box import NumberBox

_MOST = 10.0
_SAME = -_MOST - 0.05
"""What the field of the text encoders holds while they take the strength of the model."""


class LoraRow(QFrame):
    """Shows a LoRA and says what is wanted.

    ``owner`` begins the object names, ``place`` ends them. Factors for blocks and the order are
    offered for a LoRA that goes into a model alone, ``baked``.
    """

    strength_chosen = Signal(float)
    te_strength_chosen = Signal(object)  # float, or None for the same strength
    blocks_chosen = Signal(object, bool)  # tuple[float, ...], empty without; whether it was typed
    move_requested = Signal(int)  # -1 up, 1 down
    remove_requested = Signal()

    def __init__(
        self,
        place: int,
        parent: QWidget | None = None,
        *,
        owner: str = "mergeLora",
        baked: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{owner}{place}")
        self._owner, self._baked = owner, baked
        self._partition: Partition | None = None
        self.setProperty("row", True)
        self._name = ElidedLabel()
        self._reach = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._reach.setObjectName(f"{owner}Reach{place}")
        self._show = QPushButton(self.tr("Show"))
        self._strength = NumberBox(f"{owner}Strength{place}", most=_MOST)
        self._encoders = NumberBox(f"{owner}Encoders{place}", most=_MOST)
        self._by_block = QCheckBox(self.tr("per block"))
        self._up = self._button(f"{owner}Up{place}", "arrow-up")
        self._down = self._button(f"{owner}Down{place}", "arrow-down")
        self._remove = self._button(f"{owner}Remove{place}", "close")
        self._blocks = LoraBlocks(place)
        self._unmatched: tuple[str, ...] = ()
        self._build(place)
        self._connect()

    def _button(self, name: str, picture: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setIcon(icon(picture))
        return button

    def _connect(self) -> None:
        self._strength.valueChanged.connect(
            lambda value: self.strength_chosen.emit(round(value, 4))
        )
        self._encoders.valueChanged.connect(self._choose_encoders)
        self._by_block.toggled.connect(self._choose_by_block)
        self._blocks.chosen.connect(self.blocks_chosen)
        self._up.clicked.connect(lambda: self.move_requested.emit(-1))
        self._down.clicked.connect(lambda: self.move_requested.emit(1))
        self._remove.clicked.connect(self.remove_requested)
        self._show.clicked.connect(self._show_names)

    def _build(self, place: int) -> None:
        self._show.setObjectName(f"{self._owner}Show{place}")
        self._show.setProperty("role", "link")
        self._show.setAutoDefault(False)
        self._show.hide()
        self._encoders.setRange(_SAME, _MOST)
        self._encoders.setSpecialValueText(self.tr("the same"))
        self._encoders.setToolTip(
            self.tr("Strength for the text encoders; below −10 it is that of the model")
        )
        self._by_block.setObjectName(f"{self._owner}ByBlock{place}")
        for widget in (self._reach, self._by_block, self._up, self._down):
            widget.setVisible(self._baked)
        self._blocks.hide()
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(8)
        first.addWidget(self._name, 1)
        for words, number in (
            (self.tr("strength"), self._strength),
            (self.tr("text encoders"), self._encoders),
        ):
            first.addWidget(label(words, "dim"))
            first.addWidget(number)
        first.addWidget(self._remove)
        second.addWidget(self._reach, 1)
        for control in (self._show, self._by_block, self._up, self._down):
            second.addWidget(control)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 8, 6)
        column.setSpacing(2)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self._blocks)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        first = (self._strength, self._encoders, self._remove)
        second = (self._show, self._by_block, self._up, self._down)
        return (*first, *second, *self._blocks.controls)

    def show_lora(self, lora: LoraUse, coverage: AdapterCoverage | None, total: int) -> None:
        """Show a LoRA and what it does to the model, where that is known."""
        name = lora.path.name
        self._name.set_text(name, str(lora.path))
        for number, value in ((self._strength, lora.strength), (self._encoders, lora.te_strength)):
            with QSignalBlocker(number):
                number.setValue(_SAME if value is None else value)
        self._strength.setAccessibleName(self.tr("Strength of {name}").format(name=name))
        self._encoders.setAccessibleName(
            self.tr("Strength of {name} for the text encoders").format(name=name)
        )
        for button, words in (
            (self._up, self.tr("Bake in {name} earlier")),
            (self._down, self.tr("Bake in {name} later")),
            (self._remove, self.tr("Remove {name}")),
        ):
            button.setAccessibleName(words.format(name=name))
            button.setToolTip(button.accessibleName())
        self._show_reach(coverage, total)

    def show_place(self, place: int, count: int) -> None:
        """Say where it stands among others."""
        self._up.setEnabled(place > 0)
        self._down.setEnabled(place + 1 < count)

    def show_blocks(self, lora: LoraUse, partition: Partition | None) -> None:
        """Show the factors for blocks; without a partition model A is not known."""
        self._partition = partition
        on = bool(lora.blocks)
        with QSignalBlocker(self._by_block):
            self._by_block.setChecked(on)
        self._by_block.setEnabled(on or partition is not None)
        self._by_block.setToolTip(
            self.tr("Another share of the strength in each block of the model")
            if partition is not None
            else self.tr("Choose model A first: the blocks are those of its family.")
        )
        self._by_block.setAccessibleName(self.tr("{name} per block").format(name=lora.path.name))
        self._blocks.setVisible(on and partition is not None)
        if on and partition is not None:
            self._blocks.show_blocks(lora.path.name, lora.blocks, partition)

    def _choose_by_block(self, on: bool) -> None:
        count = len(self._partition.blocks) if on and self._partition else 0
        self.blocks_chosen.emit((WHOLE,) * count, False)

    def _show_reach(self, coverage: AdapterCoverage | None, total: int) -> None:
        self._unmatched = (*coverage.unmatched, *coverage.skipped) if coverage else ()
        self._show.setVisible(bool(self._unmatched))
        self._reach.set_text(reach(coverage, total) if coverage else "")

    def _choose_encoders(self, value: float) -> None:
        self.te_strength_chosen.emit(None if value < -_MOST else round(value, 4))

    def _show_names(self) -> None:
        NameList(self._reach.full_text, self._unmatched, self.window()).exec()


def tr(sentence: str) -> str:
    """Translate a text of the LoRAs."""
    return QCoreApplication.translate("Loras", sentence)


def reach(coverage: AdapterCoverage, total: int) -> str:
    """Return what a LoRA reaches in one line: "touches 264 of 1,680 tensors, 0 unmatched"."""
    said = tr("touches {touched} of {total} tensors, {unmatched} unmatched").format(
        touched=text.count(coverage.touched),
        total=text.count(total),
        unmatched=text.count(len(coverage.unmatched)),
    )
    if coverage.skipped:
        said += tr(", {count} of another shape").format(count=text.count(len(coverage.skipped)))
    return f"{', '.join(coverage.kinds)} · {said}" if coverage.kinds else said
