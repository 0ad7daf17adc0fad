"""Icons that take their colour from the theme each time they are painted."""

from typing import Any, cast

import qtawesome
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from typing_extensions import override

from ckpt_studio.qt import theme


class _TintedEngine(QIconEngine):
    """Paints one glyph in the colour of a role, dimmed where the control is disabled."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name, self._role = name, role

    @override
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role = "line" if mode is QIcon.Mode.Disabled else self._role
        if mode is QIcon.Mode.Selected:
            role = "on_accent"
        elif self._role == "dim" and state is QIcon.State.On:
            role = "accent"
        color = getattr(theme.current(), role)
        glyph = cast("QIcon", cast("Any", qtawesome).icon(self._name, color=color))
        glyph.paint(painter, rect)

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        image = QPixmap(size)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return image

    @override
    def clone(self) -> QIconEngine:
        return _TintedEngine(self._name, self._role)


def icon(name: str, role: str = "dim") -> QIcon:
    """Return a Material Design icon (``mdi6`` name without prefix) in the colour of a role."""
    return QIcon(_TintedEngine(f"mdi6.{name}", role))
