"""What leaves the window by drag or copy: texts, and files made for the purpose."""

import atexit
import re
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from PySide6.QtCore import QByteArray, QCoreApplication, QMimeData, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QGuiApplication, QImage, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from typing_extensions import override

_HALVES = re.compile(r"[\ud800-\udfff]")
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_LONGEST_NAME = 80
_NUMBERS = count(1)
_COPIED: list[QMimeData] = []  # the last one


@cache
def _folder() -> Path:
    """Return the folder of the files made here; it goes when the program ends."""
    folder = tempfile.TemporaryDirectory(prefix="checkpoint-studio-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def passing_file(name: str, content: bytes) -> Path:
    """Write a file that lasts as long as the program, in a folder of its own."""
    folder = _folder() / str(next(_NUMBERS))
    folder.mkdir(mode=0o700)
    path = folder / (_UNSAFE.sub("_", name)[-_LONGEST_NAME:].strip(". ") or "file")
    path.write_bytes(content)
    return path


def text_data(text: str) -> QMimeData:
    """Return a text to drag or copy."""
    data = QMimeData()
    data.setText(_HALVES.sub("\ufffd", text))
    return data


def json_data(name: str, text: str) -> QMimeData:
    """Return JSON to drag or copy, as a text and as a file of that name."""
    escaped = _HALVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    data = text_data(escaped)
    path = passing_file(name, escaped.encode())
    data.setUrls([QUrl.fromLocalFile(str(path))])
    return data


def picture_data(name: str, content: bytes, kind: str, image: QImage) -> QMimeData:
    """Return a picture to drag or copy: decoded, as it was encoded, and as a file."""
    data = QMimeData()
    data.setImageData(image)
    data.setData(f"image/{kind}", QByteArray(content))
    data.setUrls([QUrl.fromLocalFile(str(passing_file(name, content)))])
    return data


def copy(data: QMimeData) -> None:
    """Put what would be dragged on the clipboard."""
    if data.formats() == ["text/plain"]:
        QGuiApplication.clipboard().setText(data.text())
        return
    QGuiApplication.clipboard().setMimeData(data)
    _COPIED[:] = [data]
    _leave_to_qt_in_the_end()


@cache
def _leave_to_qt_in_the_end() -> None:
    """See to it that the clipboard holds nothing made here when the program ends.

    Qt takes the clipboard down after Python, and PySide crashes on data that Python made. The
    files go as well, so the text or the picture is all that is worth leaving.
    """
    atexit.register(_simplify)
    application = QCoreApplication.instance()
    if application is not None:
        application.aboutToQuit.connect(_simplify)


def _simplify() -> None:
    if QCoreApplication.instance() is None:
        return
    clipboard = QGuiApplication.clipboard()
    if clipboard.mimeData() not in _COPIED:
        return
    if clipboard.mimeData().hasImage():
        clipboard.setImage(clipboard.image())
    else:
        clipboard.setText(clipboard.text())
    _COPIED.clear()


def drag(source: QWidget, data: QMimeData, shown: QPixmap | None = None) -> None:
    """Let the user carry something out of the window."""
    carried = QDrag(source)
    carried.setMimeData(data)
    if shown is not None:
        carried.setPixmap(shown)
    carried.exec(Qt.DropAction.CopyAction)


class DragStart:
    """Tells a drag from a click."""

    def __init__(self) -> None:
        self._pressed: QPoint | None = None

    def press(self, event: QMouseEvent) -> None:
        """Note where the button went down."""
        left = event.button() is Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if left else None

    def dragged(self, event: QMouseEvent) -> bool:
        """Whether the pointer has gone far enough with the button down; true once."""
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return False
        way = event.position().toPoint() - self._pressed
        far = way.manhattanLength() >= QApplication.startDragDistance()
        if far:
            self._pressed = None
        return far


class DragButton(QToolButton):
    """Is dragged out of the window; a click copies instead."""

    drag_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tool", True)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._start = DragStart()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._start.press(event)
        super().mousePressEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start.dragged(event):
            self.setDown(False)
            self.drag_requested.emit()
        else:
            super().mouseMoveEvent(event)
