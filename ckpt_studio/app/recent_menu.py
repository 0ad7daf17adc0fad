"""The menu of the files opened last; those that are gone are greyed, not removed."""

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMenu

from ckpt_studio.app.settings import Settings

_WIDTH = 420


class RecentMenu(QObject):
    """Fills the menu each time it is opened."""

    chosen = Signal(object)  # Path

    def __init__(self, menu: QMenu, settings: Settings) -> None:
        super().__init__(menu)
        self._menu, self._settings = menu, settings
        menu.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List the files as they are now."""
        menu = self._menu
        menu.clear()
        metrics = menu.fontMetrics()
        for number, path in enumerate(self._settings.recent_files, start=1):
            shown = metrics.elidedText(str(path), Qt.TextElideMode.ElideMiddle, _WIDTH)
            mark = f"&{number}  " if number <= 9 else ""  # noqa: PLR2004 - one digit
            action = menu.addAction(mark + shown.replace("&", "&&"))
            action.setToolTip(str(path))
            action.setEnabled(path.exists())
            action.triggered.connect(lambda _=False, file=path: self.chosen.emit(file))
        if menu.isEmpty():
            menu.addAction(self.tr("No files yet")).setEnabled(False)
            return
        menu.addSeparator()
        menu.addAction(self.tr("&Clear")).triggered.connect(self._settings.clear_recent)
