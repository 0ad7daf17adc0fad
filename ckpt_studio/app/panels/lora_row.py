"""One LoRA of a merge: its name, what it reaches, and its strengths."""

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core import text
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
    """Shows a LoRA and says what is wanted; ``place`` is the end of the object names."""

    strength_chosen = Signal(float)
    te_strength_chosen = Signal(object)  # float, or None for the same strength
    remove_requested = Signal()

    def __init__(self, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"mergeLora{place}")
        self.setProperty("row", True)
        self._name = ElidedLabel()
        self._reach = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._reach.setObjectName(f"mergeLoraReach{place}")
        self._show = QPushButton(self.tr("Show"))
        self._strength = NumberBox(f"mergeLoraStrength{place}", most=_MOST)
        self._encoders = NumberBox(f"mergeLoraEncoders{place}", most=_MOST)
        self._remove = QToolButton()
        self._unmatched: tuple[str, ...] = ()
        self._build(place)
        self._strength.valueChanged.connect(
            lambda value: self.strength_chosen.emit(round(value, 4))
        )
        self._encoders.valueChanged.connect(self._choose_encoders)
        self._remove.clicked.connect(self.remove_requested)
        self._show.clicked.connect(self._show_names)

    def _build(self, place: int) -> None:
        self._show.setObjectName(f"mergeLoraShow{place}")
        self._show.setProperty("role", "link")
        self._show.setAutoDefault(False)
        self._show.hide()
        self._encoders.setRange(_SAME, _MOST)
        self._encoders.setSpecialValueText(self.tr("the same"))
        self._encoders.setToolTip(
            self.tr("Strength for the text encoders; below −10 it is that of the model")
        )
        self._remove.setObjectName(f"mergeLoraRemove{place}")
        self._remove.setIcon(icon("close"))
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self._name)
        names.addWidget(self._reach)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addLayout(names, 1)
        row.addWidget(self._show)
        for words, number in (
            (self.tr("strength"), self._strength),
            (self.tr("text encoders"), self._encoders),
        ):
            row.addWidget(label(words, "dim"))
            row.addWidget(number)
        row.addWidget(self._remove)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._show, self._strength, self._encoders, self._remove)

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
        self._remove.setAccessibleName(self.tr("Remove {name}").format(name=name))
        self._remove.setToolTip(self._remove.accessibleName())
        self._show_reach(coverage, total)

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
