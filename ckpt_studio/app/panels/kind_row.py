"""What is written: one file, shards of one, a folder, or each part by itself."""

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from ckpt_studio.app.session import Session
from ckpt_studio.core.output_kinds import GIGABYTE, OutputKind, kind_of, unavailable
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import ElidedLabel, label

_LARGEST_GB = 500
_WIDTH = 264


class KindRow(QWidget):
    """A combo box over the kinds of output; those that are not possible now say why."""

    kind_chosen = Signal(object)  # OutputKind
    shard_bytes_chosen = Signal(object)  # int

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = ComboBox("outputKind", self.tr("Save as"))
        self._kind.setFixedWidth(_WIDTH)
        self._size = QSpinBox()
        self._size.setObjectName("shardSize")
        self._size.setAccessibleName(self.tr("Largest size of a shard in gigabytes"))
        self._size.setToolTip(self.tr("No file of the set holds more data than this"))
        self._size.setRange(1, _LARGEST_GB)
        self._size.setValue(5)
        self._size.setSuffix(self.tr(" GB"))
        self._size.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._hint = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        caption = label(self.tr("Save &as"), "dim")
        caption.setBuddy(self._kind)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(caption)
        row.addWidget(self._kind)
        row.addWidget(self._size)
        row.addWidget(self._hint, 1)
        self._kind.currentIndexChanged.connect(self._choose)
        self._size.valueChanged.connect(
            lambda gigabytes: self.shard_bytes_chosen.emit(gigabytes * GIGABYTE)
        )

    def show_session(self, session: Session) -> None:
        """Show what is chosen and what else could be."""
        output = session.recipe.output
        chosen = kind_of(output)
        if output.shard_bytes:
            with QSignalBlocker(self._size):
                self._size.setValue(max(1, round(output.shard_bytes / GIGABYTE)))
        self._size.setVisible(chosen is OutputKind.SHARDS)
        with QSignalBlocker(self._kind):
            self._kind.clear()
            for kind in OutputKind:
                reason = unavailable(kind, session.recipe, session.family)
                possible = not reason or kind is chosen
                self._kind.add(self._name(kind), kind, reason or tip(kind), enabled=possible)
            self._kind.choose(chosen)
        self._kind.setToolTip(tip(chosen))
        self._hint.set_text(tip(chosen))

    def _name(self, kind: OutputKind) -> str:
        return {
            OutputKind.SAFETENSORS: self.tr("One file (safetensors)"),
            OutputKind.CKPT: self.tr("One file (.ckpt, for old programs)"),
            OutputKind.SHARDS: self.tr("Shards of {size} GB").format(size=self._size.value()),
            OutputKind.DIFFUSERS: self.tr("diffusers folder"),
            OutputKind.PARTS: self.tr("Parts as separate files"),
        }[kind]

    def _choose(self) -> None:
        chosen = self._kind.currentData()
        if chosen is not None:
            self.kind_chosen.emit(OutputKind(chosen))


def tip(kind: OutputKind) -> str:
    """Return what a kind of output is good for."""
    tr = QCoreApplication.translate
    return {
        OutputKind.SAFETENSORS: tr("Kinds", "Loads in ComfyUI, A1111, Forge and others"),
        OutputKind.CKPT: tr("Kinds", "A PyTorch file, for programs that read nothing else"),
        OutputKind.SHARDS: tr("Kinds", "Several files with an index; ComfyUI cannot load them"),
        OutputKind.DIFFUSERS: tr("Kinds", "A folder that the library diffusers loads"),
        OutputKind.PARTS: tr("Kinds", "Each part goes where ComfyUI looks for it"),
    }[kind]
