"""What the window remembers between starts: where it stood, and which panel was open."""

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from ckpt_studio.app.settings import Settings

_SIZE = (1280, 800)
_LEAST = (760, 480)
_PANELS = 6
_TITLE_BAR = 40  # at most; its height is not known before the window is shown


class WindowState:
    """Restores the window when it is made; ``save`` is called when it closes."""

    def __init__(self, window: QMainWindow, settings: Settings) -> None:
        self._window, self._settings = window, settings
        window.setMinimumSize(*_LEAST)
        self._resize()
        if not settings.geometry.isEmpty():
            window.restoreGeometry(settings.geometry)
        self._keep_on_screen()

    @property
    def panel(self) -> int:
        """The panel that was open."""
        return self._settings.panel if self._settings.panel in range(_PANELS) else 0

    def save(self, panel: int) -> None:
        """Remember the window as it stands."""
        self._settings.geometry = self._window.saveGeometry()
        self._settings.panel = panel
        self._settings.store.sync()

    def reset(self) -> None:
        """Go back to the size of a first start."""
        self._settings.geometry = QByteArray()
        self._window.showNormal()
        self._resize()
        self._keep_on_screen()

    def _resize(self) -> None:
        """Take the usual size; on a low screen less, so that its lower end is seen."""
        width, height = _SIZE
        room = QGuiApplication.primaryScreen().availableGeometry().height() - _TITLE_BAR
        self._window.resize(width, min(height, room))

    def _keep_on_screen(self) -> None:
        screen = QGuiApplication.primaryScreen()
        on_any = any(
            each.availableGeometry().intersects(self._window.geometry())
            for each in QGuiApplication.screens()
        )
        if not on_any:
            self._window.move(screen.availableGeometry().topLeft())
