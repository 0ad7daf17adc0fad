"""How large the factors of a LoRA may be: a rank, or the share of the changes that they keep."""

from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.number_box import NumberBox
from ckpt_studio.qt.whole_box import WholeBox

_MOST_RANK, _PERCENT = 4096, 100


class RankKind(StrEnum):
    """What is chosen."""

    EXACT = "exact"
    RANK = "rank"
    SHARE = "share"


class RankChoice(QWidget):
    """``name`` begins the object names; with ``exact`` nothing need be cut off."""

    changed = Signal()

    def __init__(
        self, name: str, rank: int, parent: QWidget | None = None, *, exact: bool = False
    ) -> None:
        super().__init__(parent)
        self._kind = ComboBox(f"{name}Kind", self.tr("Size of the factors"))
        if exact:
            words = self.tr("Exact: the ranks add up")
            self._kind.add(words, RankKind.EXACT, self.tr("Nothing is lost"))
        self._kind.add(self.tr("Rank"), RankKind.RANK, self.tr("The nearest LoRA of that rank"))
        self._kind.add(
            self.tr("Share of the changes"),
            RankKind.SHARE,
            self.tr("Each layer gets the least rank that keeps this share of its change"),
        )
        self._share = NumberBox(f"{name}Share", self.tr("Share of the changes in percent"))
        self._share.setRange(1, _PERCENT)
        self._share.setSingleStep(1)
        self._share.setValue(95)
        self._share.setSuffix(self.tr(" %"))
        self._most = label(self.tr("at most rank"), "dim")
        self._rank = WholeBox(f"{name}Rank", self.tr("Rank"), 1, _MOST_RANK)
        self._rank.setValue(rank)
        self._note = label(self.tr("measured when it is saved; the plan shows the most"), "dim")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for widget in (self._kind, self._share, self._most, self._rank, self._note):
            row.addWidget(widget)
        self._kind.currentIndexChanged.connect(self._choose)
        self._share.valueChanged.connect(self.changed)
        self._rank.valueChanged.connect(self.changed)
        self._choose()

    @property
    def rank(self) -> int | None:
        """The rank, or the largest one; None for an exact sum."""
        return None if self._chosen is RankKind.EXACT else self._rank.value()

    @property
    def energy(self) -> float | None:
        """The share that is to be kept, above 0 up to 1; None where a rank is chosen."""
        return round(self._share.value() / _PERCENT, 6) if self._chosen is RankKind.SHARE else None

    @property
    def _chosen(self) -> RankKind:
        return RankKind(self._kind.currentData())

    def _choose(self) -> None:
        share = self._chosen is RankKind.SHARE
        for widget in (self._share, self._most, self._note):
            widget.setVisible(share)
        self._rank.setVisible(self._chosen is not RankKind.EXACT)
        self.changed.emit()
