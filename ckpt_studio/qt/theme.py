"""Colours by role, read from ``resources/themes``, and how they reach Qt's palette and style."""

import tomllib
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from ckpt_studio.core import data_files

_TEXT_PIXELS = 13


class Scheme(StrEnum):
    """What the user chose; ``system`` follows the desktop, also while the program runs."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb`` by role; ``parts`` are the colours of the parts of a checkpoint.

    ``heat`` leads from the smallest of some numbers to the largest.
    """

    name: str
    dark: bool
    window: str
    surface: str
    raised: str
    hover: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str
    parts: tuple[str, ...]
    on_part: str
    heat: tuple[str, ...]

    def color(self, role: str) -> QColor:
        """Return the colour of a role, such as ``dim`` or ``accent``."""
        return QColor(str(getattr(self, role)))

    def part_color(self, index: int) -> QColor:
        """Return the colour of the part with this index; colours repeat after the last."""
        return QColor(self.parts[index % len(self.parts)])

    def heat_color(self, share: float) -> QColor:
        """Return the colour of a number between the smallest (0) and the largest (1)."""
        place = min(1.0, max(0.0, share)) * (len(self.heat) - 1)
        step = min(int(place), len(self.heat) - 2)
        low, high, part = QColor(self.heat[step]), QColor(self.heat[step + 1]), place - step
        return QColor.fromRgbF(
            low.redF() + part * (high.redF() - low.redF()),
            low.greenF() + part * (high.greenF() - low.greenF()),
            low.blueF() + part * (high.blueF() - low.blueF()),
        )


_PALETTE = (
    (QPalette.ColorRole.Window, "window"),
    (QPalette.ColorRole.WindowText, "text"),
    (QPalette.ColorRole.Base, "surface"),
    (QPalette.ColorRole.AlternateBase, "raised"),
    (QPalette.ColorRole.Button, "raised"),
    (QPalette.ColorRole.Text, "text"),
    (QPalette.ColorRole.ButtonText, "text"),
    (QPalette.ColorRole.BrightText, "bad"),
    (QPalette.ColorRole.Highlight, "accent"),
    (QPalette.ColorRole.HighlightedText, "on_accent"),
    (QPalette.ColorRole.Accent, "accent"),
    (QPalette.ColorRole.Link, "accent"),
    (QPalette.ColorRole.PlaceholderText, "dim"),
    (QPalette.ColorRole.Light, "hover"),
    (QPalette.ColorRole.Mid, "line"),
    (QPalette.ColorRole.Dark, "line"),
    (QPalette.ColorRole.ToolTipBase, "raised"),
    (QPalette.ColorRole.ToolTipText, "text"),
)
_FADED = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)


@cache
def load(name: str) -> Theme:
    """Return the theme called ``dark`` or ``light``."""
    values = tomllib.loads(data_files.read_text(f"themes/{name}.toml"))
    lists = {key: tuple(values[key]) for key in ("parts", "heat")}
    return Theme(name=name, **values | lists)


class _Current:
    """The theme in use; like the palette, there is one for the process."""

    theme: Theme | None = None


def current() -> Theme:
    """Return the theme in use, for widgets that paint themselves."""
    return _Current.theme or load("light")


def resolve(scheme: Scheme) -> Theme:
    """Return the theme for a choice; the desktop decides where the user did not."""
    if scheme is Scheme.SYSTEM:
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return load("dark" if dark else "light")
    return load(scheme.value)


def apply(application: QApplication, scheme: Scheme) -> Theme:
    """Colour the whole program."""
    hints = QGuiApplication.styleHints()
    wanted = {Scheme.LIGHT: Qt.ColorScheme.Light, Scheme.DARK: Qt.ColorScheme.Dark}
    hints.setColorScheme(wanted.get(scheme, Qt.ColorScheme.Unknown))
    theme = resolve(scheme)
    if _Current.theme == theme and application.styleSheet():
        return theme
    _Current.theme = theme
    if not application.styleSheet():  # each of these styles all widgets again
        application.setStyle("Fusion")
        font = application.font()
        font.setPixelSize(max(_TEXT_PIXELS, QFontInfo(font).pixelSize()))
        application.setFont(font)
    application.setPalette(palette(theme))
    application.setStyleSheet("")  # from one sheet to another takes five times as long
    application.setStyleSheet(style_sheet(theme))
    return theme


def palette(theme: Theme) -> QPalette:
    """Return the theme as a palette."""
    result = QPalette()
    for role, name in _PALETTE:
        result.setColor(role, theme.color(name))
    for role in _FADED:
        result.setColor(QPalette.ColorGroup.Disabled, role, theme.color("dim"))
    return result


def style_sheet(theme: Theme) -> str:
    """Return the rules for shapes and spacing, with the theme's colours filled in."""
    values = {key: str(value) for key, value in asdict(theme).items()}
    for icon in ("chevron", "check"):
        values[icon] = data_files.path(f"icons/{icon}_{theme.name}.svg")
    return Template(data_files.read_text("themes/style.qss")).substitute(values)
