"""The theme the user chose, and following the desktop where that is the choice."""

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication

from ckpt_studio.app.settings import Settings
from ckpt_studio.qt import theme
from ckpt_studio.qt.theme import Scheme


class Appearance(QObject):
    """Applies the theme at once, and again when the choice or the desktop changes."""

    def __init__(self, application: QApplication, settings: Settings) -> None:
        super().__init__()
        self._application, self._settings = application, settings
        self.apply()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.apply)

    @property
    def scheme(self) -> Scheme:
        """What the user chose."""
        known = self._settings.theme in tuple(Scheme)
        return Scheme(self._settings.theme) if known else Scheme.SYSTEM

    @Slot()
    def apply(self) -> None:
        """Colour the program as the settings say."""
        theme.apply(self._application, self.scheme)

    def connect_actions(self, actions: dict[Scheme, QAction]) -> None:
        """Let the actions of the menu choose."""
        for scheme, action in actions.items():
            action.setChecked(scheme is self.scheme)
            action.triggered.connect(lambda _=False, wanted=scheme: self._choose(wanted))

    def _choose(self, scheme: Scheme) -> None:
        self._settings.theme = scheme.value
        self.apply()
