"""Words in small frames, one beside the other."""

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from ckpt_studio.qt.labels import label

_SPACING = 8


class Badges(QWidget):
    """Shows as many whole words as there is room for; gives way to everything else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[QLabel] = []
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_badges(self, words: tuple[str, ...]) -> None:
        """Show other words."""
        for old in self._labels:
            old.hide()
            old.deleteLater()
        self._labels = [label(word, "badge") for word in words]
        for shown in self._labels:
            shown.setParent(self)
            shown.show()
        self.updateGeometry()
        self._arrange()

    @override
    def sizeHint(self) -> QSize:
        sizes = [shown.sizeHint() for shown in self._labels]
        width = sum(size.width() for size in sizes) + _SPACING * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        left = 0
        for shown in self._labels:
            shown.resize(shown.sizeHint())
            fits = left + shown.width() <= self.width()
            shown.move(QPoint(left, 0) if fits else QPoint(-shown.width(), 0))
            left += shown.width() + _SPACING
