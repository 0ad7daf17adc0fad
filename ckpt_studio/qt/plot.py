"""What all plots share: drawn on screen, as a picture and as SVG; told to screen readers."""

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from ckpt_studio.qt import theme

_PICTURE_SCALE = 2.0


class Plot(QWidget):
    """A drawing of some data; what a subclass draws looks the same everywhere it goes."""

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Draw the data into an area."""
        raise NotImplementedError

    def csv_text(self) -> str:
        """Return the data behind the plot, a line for each value."""
        raise NotImplementedError

    @property
    def file_name(self) -> str:
        """What a file with the plot may be called, without an ending."""
        return "plot"

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.draw(painter, QRectF(self.rect()))
        if self.hasFocus():
            painter.setPen(theme.current().color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def picture(self) -> QImage:
        """Return the plot as a picture of twice the size on screen."""
        image = QImage(self.size() * _PICTURE_SCALE, QImage.Format.Format_ARGB32)
        image.fill(theme.current().color("window"))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(_PICTURE_SCALE, _PICTURE_SCALE)
        self.draw(painter, QRectF(self.rect()))
        painter.end()
        return image

    def svg(self) -> bytes:
        """Return the plot as a scalable picture."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(QSize(self.width(), self.height()))
        generator.setViewBox(self.rect())
        generator.setTitle(self.accessibleName())
        painter = QPainter(generator)
        painter.fillRect(self.rect(), theme.current().color("window"))
        self.draw(painter, QRectF(self.rect()))
        painter.end()
        return bytes(data.data())
