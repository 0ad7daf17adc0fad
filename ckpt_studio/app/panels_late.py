"""Panels that are built when they are first wanted, so that the window opens at once."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override


class LatePanel(QWidget):
    """An empty place that builds its panel on the first visit, or before.

    The panel is told its parent from the start: a widget that changes its parent is styled again
    with everything in it.
    """

    visited = Signal()  # the panel is about to be seen

    def __init__(self, build: Callable[[QWidget], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build: Callable[[QWidget], QWidget] | None = build
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    @property
    def built(self) -> bool:
        """Whether the panel is there."""
        return self._build is None

    def ensure_built(self) -> None:
        """Build the panel unless it is there."""
        if self._build is not None:
            build, self._build = self._build, None
            layout = self.layout()
            if layout is not None:
                layout.addWidget(build(self))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ensure_built()
        self.visited.emit()
