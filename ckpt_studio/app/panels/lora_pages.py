"""What can be done with LoRAs: a page for each, which says the recipe that it is set to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.lora_row import LoraRow
from ckpt_studio.app.panels.model_slot import ModelSlot
from ckpt_studio.app.panels.rank_choice import RankChoice
from ckpt_studio.core.lora.recipes import ExtractLora, MergeLoras, ResizeLora
from ckpt_studio.core.recipe import LoraUse
from ckpt_studio.qt.drop import DropFrame
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.whole_box import WholeBox

_MOST_RANK, _USUAL_RANK, _WIDTH = 4096, 32, 150
_SAME, _NONE = -1, 0
"""What the box of convolutions holds for the same rank, and to leave them out."""


class _Page(QWidget):
    """Files that are dropped or browsed for are told upward, with what is to be done with them."""

    changed = Signal()
    files_wanted = Signal(object, object)  # tuple[Path, ...], empty to ask; take(paths)

    def _slot(
        self, name: str, title: str, role: str, take: Callable[[Path | None], None]
    ) -> ModelSlot:
        slot = ModelSlot(name, title, owner="lora")
        slot.show_title(title, role)

        def take_first(paths: tuple[Path, ...]) -> None:
            take(paths[0])

        slot.file_chosen.connect(take)
        slot.browse_requested.connect(lambda: self.files_wanted.emit((), take_first))
        slot.files_dropped.connect(lambda paths: self.files_wanted.emit(paths, take_first))
        return slot

    def _column(self) -> QVBoxLayout:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 4)
        column.setSpacing(8)
        return column


class ExtractPage(_Page):
    """What changed from one model to another becomes a LoRA."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.a: Path | None = None
        self.b: Path | None = None
        self._a = self._slot("A", "A", self.tr("the model it started from"), self._take_a)
        self._b = self._slot("B", "B", self.tr("the model it became"), self._take_b)
        self._size = RankChoice("lora", _USUAL_RANK)
        self._size.changed.connect(self.changed)
        self._conv = WholeBox(
            "loraConvRank", self.tr("Rank of convolutions"), _SAME, _MOST_RANK, width=_WIDTH
        )
        self._conv.setValue(_SAME)
        self._conv.valueChanged.connect(self.changed)
        self._conv.setSpecialValueText(self.tr("the same"))
        self._conv.setToolTip(
            self.tr("Of convolutions larger than 1 × 1; 0 leaves them out, −1 is the same rank")
        )
        self._encoders = QCheckBox(self.tr("&Text encoders"))
        self._encoders.setObjectName("loraEncoders")
        self._encoders.setChecked(True)
        self._vectors = QCheckBox(self.tr("&Norms and biases"))
        self._vectors.setObjectName("loraVectors")
        self._vectors.setToolTip(self.tr("Kept whole; ComfyUI reads them, not every program does"))
        self._encoders.toggled.connect(self.changed)
        self._vectors.toggled.connect(self.changed)
        caption = label(self.tr("Con&volutions"), "dim")
        caption.setBuddy(self._conv)
        more = QHBoxLayout()
        more.setSpacing(10)
        for widget in (caption, self._conv, self._encoders, self._vectors):
            more.addWidget(widget)
        more.addStretch()
        outer = self._column()
        outer.addWidget(self._a)
        outer.addWidget(self._b)
        outer.addWidget(self._size)
        outer.addLayout(more)

    @property
    def lacking(self) -> str:
        """What is to be chosen first; nothing where all is there."""
        if self.a is None or self.b is None:
            return self.tr("Choose both models: what B has learned becomes a LoRA for A.")
        return ""

    @property
    def recipe(self) -> ExtractLora | None:
        """What is to be done; None while something lacks."""
        if self.a is None or self.b is None:
            return None
        conv = self._conv.value()
        return ExtractLora(
            self.a,
            self.b,
            rank=self._size.rank or _USUAL_RANK,
            energy=self._size.energy,
            conv_rank=None if conv == _SAME else conv,
            te=self._encoders.isChecked(),
            vectors=self._vectors.isChecked(),
        )

    def show_documents(self, documents: Sequence[Document]) -> None:
        """Offer the open files."""
        self._a.show_file(self.a, documents)
        self._b.show_file(self.b, documents)

    def choose(self, a: Path | None, b: Path | None) -> None:
        """Begin with these models."""
        self.a, self.b = a, b
        self.changed.emit()

    def _take_a(self, path: Path | None) -> None:
        self.choose(path, self.b)

    def _take_b(self, path: Path | None) -> None:
        self.choose(self.a, path)


class JoinPage(_Page):
    """Several LoRAs become one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loras: tuple[LoraUse, ...] = ()
        self._rows: list[LoraRow] = []
        self._add = QPushButton(self.tr("&Add LoRAs…"))
        self._add.setObjectName("loraAdd")
        self._add.setAutoDefault(False)
        self._add.clicked.connect(lambda: self.files_wanted.emit((), self.add))
        self._size = RankChoice("loraJoin", _USUAL_RANK, exact=True)
        self._size.changed.connect(self.changed)
        frame = DropFrame()
        frame.setProperty("card", True)
        frame.files_dropped.connect(lambda paths: self.files_wanted.emit(paths, self.add))
        head = QHBoxLayout()
        head.addWidget(
            ElidedLabel(self.tr("added up with their strengths; drop files here"), "dim"), 1
        )
        head.addWidget(self._add)
        self._list = QVBoxLayout(frame)
        self._list.setContentsMargins(12, 10, 12, 10)
        self._list.setSpacing(6)
        self._list.addLayout(head)
        outer = self._column()
        outer.addWidget(frame)
        outer.addWidget(self._size)

    @property
    def lacking(self) -> str:
        """What is to be chosen first; nothing where all is there."""
        return "" if self.loras else self.tr("Add two LoRAs or more.")

    @property
    def recipe(self) -> MergeLoras | None:
        """What is to be done; None while something lacks."""
        if not self.loras:
            return None
        return MergeLoras(self.loras, rank=self._size.rank, energy=self._size.energy)

    def show_documents(self, _: Sequence[Document]) -> None:
        """Show the LoRAs that are chosen."""
        while len(self._rows) > len(self.loras):
            row = self._rows.pop()
            self._list.removeWidget(row)
            row.hide()
            row.setParent(None)  # its names are free for a row that comes at once
            row.deleteLater()
        while len(self._rows) < len(self.loras):
            row = self._row(len(self._rows))
            self._rows.append(row)
            self._list.addWidget(row)
            row.show()
        for row, lora in zip(self._rows, self.loras, strict=True):
            row.show_lora(lora, None, 0)

    def add(self, paths: tuple[Path, ...]) -> None:
        """Take more LoRAs."""
        self.loras = (*self.loras, *map(LoraUse, paths))
        self.changed.emit()

    def _row(self, place: int) -> LoraRow:
        row = LoraRow(place, owner="loraJoin", baked=False)
        row.strength_chosen.connect(
            lambda value: self._set(place, replace(self.loras[place], strength=value))
        )
        row.te_strength_chosen.connect(
            lambda value: self._set(place, replace(self.loras[place], te_strength=value))
        )
        row.remove_requested.connect(lambda: self._set(place, None))
        return row

    def _set(self, place: int, lora: LoraUse | None) -> None:
        new = () if lora is None else (lora,)
        self.loras = (*self.loras[:place], *new, *self.loras[place + 1 :])
        self.changed.emit()


class ResizePage(_Page):
    """A LoRA gets another rank."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source: Path | None = None
        self._source = self._slot("Source", self.tr("LoRA"), "", self.choose)
        self._size = RankChoice("loraNew", _USUAL_RANK // 2)
        self._size.changed.connect(self.changed)
        outer = self._column()
        outer.addWidget(self._source)
        outer.addWidget(self._size)

    @property
    def lacking(self) -> str:
        """What is to be chosen first; nothing where all is there."""
        return "" if self.source else self.tr("Choose a LoRA.")

    @property
    def recipe(self) -> ResizeLora | None:
        """What is to be done; None while something lacks."""
        if self.source is None:
            return None
        return ResizeLora(self.source, self._size.rank, energy=self._size.energy)

    def show_documents(self, documents: Sequence[Document]) -> None:
        """Offer the open LoRAs."""
        loras = [
            each for each in documents if each.opened and each.opened.recognition.kind == "lora"
        ]
        self._source.show_file(self.source, loras)

    def choose(self, path: Path | None) -> None:
        """Take this LoRA."""
        self.source = path
        self.changed.emit()
