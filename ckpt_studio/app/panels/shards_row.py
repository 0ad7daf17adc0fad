"""Says that a source lies in shards, and offers to make one file of it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, IconLabel


class ShardsRow(QFrame):
    """Hidden while no model is open in shards."""

    merge_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shardsRow")
        self._what = ElidedLabel(role="dim")
        self._merge = QPushButton(self.tr("&Merge shards into one file…"))
        self._merge.setObjectName("mergeShards")
        self._merge.setToolTip(self.tr("ComfyUI loads one file, not shards"))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(IconLabel(icon("information-outline", "dim")))
        row.addWidget(self._what, 1)
        row.addWidget(self._merge)
        self._merge.clicked.connect(self.merge_requested)
        self.hide()

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus."""
        return (self._merge,)

    def show_titles(self, titles: tuple[str, ...]) -> None:
        """Show which models lie in shards."""
        names = ", ".join(titles)
        self._what.set_text(self.tr("{names}: several files of one model").format(names=names))
        self.setVisible(bool(titles))
