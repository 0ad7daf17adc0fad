"""The menu of a plot: copy it, save it as a picture, save the numbers behind it."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QPoint, Signal
from PySide6.QtGui import QGuiApplication, QImageWriter
from PySide6.QtWidgets import QMenu

from ckpt_studio.app.panels.save_text import save_bytes, save_text
from ckpt_studio.core.errors import WriteError
from ckpt_studio.qt.plot import Plot


class PlotMenu(QObject):
    """Opens at the mouse, or by the menu key."""

    failed = Signal(Exception)

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._plot = plot
        plot.customContextMenuRequested.connect(self.open)

    def open(self, place: QPoint) -> None:
        """Show the menu."""
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._plot.mapToGlobal(place))

    def menu(self) -> QMenu:
        """Return a menu of what can be done with the plot."""
        menu = QMenu(self._plot)
        for name, title, act in (
            ("plotCopy", self.tr("Copy picture"), self.copy),
            ("plotPng", self.tr("Save as PNG…"), self.save_png),
            ("plotSvg", self.tr("Save as SVG…"), self.save_svg),
            ("plotCsv", self.tr("Save numbers as CSV…"), self.save_csv),
        ):
            action = menu.addAction(title)
            action.setObjectName(name)
            action.triggered.connect(act)
        return menu

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self._plot.picture())

    def save_png(self) -> None:
        """Save the picture."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"png")).write(self._plot.picture())
        self._save(".png", bytes(data.data()))

    def save_svg(self) -> None:
        """Save the scalable picture."""
        self._save(".svg", self._plot.svg())

    def save_csv(self) -> None:
        """Save the numbers."""
        self._save(".csv", self._plot.csv_text())

    def _save(self, ending: str, content: str | bytes) -> None:
        suggested = Path(self._plot.file_name + ending)
        try:
            if isinstance(content, str):
                save_text(self._plot, self.tr("Save numbers"), suggested, content)
            else:
                save_bytes(self._plot, self.tr("Save picture"), suggested, content)
        except WriteError as error:
            self.failed.emit(error)
