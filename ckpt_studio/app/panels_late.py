"""Panels that are built when they are first shown, so that the window opens at once."""

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget


class LatePanel(QWidget):
    """An empty place that builds its panel on the first visit."""

    def __init__(self, build: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build: Callable[[], QWidget] | None = build
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    def ensure_built(self) -> None:
        """Build the panel unless it is there."""
        if self._build is not None:
            build, self._build = self._build, None
            layout = self.layout()
            if layout is not None:
                layout.addWidget(build())
