"""Icons that take their colour from the theme each time they are painted.

The glyphs are those of Material Design in the fonts of qtawesome. Importing that package costs a
fifth of a second (it imports all of Qt through qtpy), so its font and character map are read here.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap
from typing_extensions import override

from ckpt_studio.qt import theme

_FONT = "materialdesignicons6-webfont"


@cache
def _glyphs() -> tuple[str, dict[str, str]]:
    """Return the family of the font and the code point of each glyph in hexadecimal.

    Raises:
        FileNotFoundError: qtawesome is not installed, or without its fonts.
    """
    spec = find_spec("qtawesome")
    folder = Path(spec.origin).parent / "fonts" if spec and spec.origin else Path()
    font = next(iter(sorted(folder.glob(f"{_FONT}*.ttf"))), None)
    names = next(iter(sorted(folder.glob(f"{_FONT}*charmap*.json"))), None)
    if font is None or names is None:
        raise FileNotFoundError(f"The icons of qtawesome are not in {folder}.")
    known = QFontDatabase.addApplicationFont(str(font))
    family = QFontDatabase.applicationFontFamilies(known)[0]
    return family, json.loads(names.read_text(encoding="utf-8"))


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
        family, points = _glyphs()
        font = QFont(family)
        font.setPixelSize(max(1, round(0.875 * rect.height())))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setPen(theme.current().color(role))
        painter.setFont(font)
        glyph = chr(int(points[self._name], 16))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), glyph)
        painter.restore()

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        image = QPixmap(size)
        if image.isNull():  # asked for while there is no room for it
            return image
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
    return icon_of(_TintedEngine(name, role))


def icon_of(engine: QIconEngine) -> QIcon:
    """Return an icon that an engine of ours paints.

    The icon made of an engine crashes the program when it ends in a cycle of objects that the
    garbage collector takes apart: the engine is deleted twice. A copy of it does not.
    """
    made = QIcon(engine)
    return QIcon(made)
