"""The picture of a model: shown, chosen from a file, pasted, or removed."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from ckpt_studio.core.text import binary_size
from ckpt_studio.formats.pictures import without_comf
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.qt.drop import dropped_files
from ckpt_studio.qt.labels import label, set_property
from ckpt_studio.qt.pictures import THUMBNAIL, decoded, image_of, thumbnail_of

_SHOWN = 128
_MOST_BYTES = 256 << 20


class ThumbnailField(QWidget):
    """Emits the picture as a data address; a picture file or a copied picture is made small."""

    value_edited = Signal(str)

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setAcceptDrops(True)
        self._picture = QLabel()
        self._picture.setObjectName(f"{name}Picture")
        self._picture.setFixedSize(_SHOWN, _SHOWN)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setProperty("card", True)
        self._about = label(role="dim", wrap=True)
        self._about.setObjectName(f"{name}About")
        choose = self._button(f"{name}Choose", self.tr("Choose picture…"))
        choose.clicked.connect(self._choose)
        paste = self._button(f"{name}Paste", self.tr("Paste picture"))
        paste.clicked.connect(self._paste)
        self._remove = self._button(f"{name}Remove", self.tr("Remove picture"))
        self._remove.clicked.connect(lambda: self.value_edited.emit(""))
        column = QVBoxLayout()
        for widget in (choose, paste, self._remove, self._about):
            column.addWidget(widget)
        column.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        self._shown: str | None = None  # the address that is shown
        self.show_text("")

    def _button(self, name: str, title: str) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.setAccessibleName(title)
        return button

    def show_text(self, text: str) -> None:
        """Show the picture that a data address holds."""
        if text is self._shown:
            return
        self._shown = text
        image = image_of(text) if text else None
        self._remove.setEnabled(bool(text))
        if image is None:
            self._picture.setPixmap(QPixmap())
            self._picture.setText(self.tr("No preview") if text else self.tr("No picture"))
            self._tell("")
            return
        pixmap = QPixmap.fromImage(image).scaled(
            _SHOWN,
            _SHOWN,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        self._picture.setPixmap(pixmap)
        size = self.tr("{size} in the header").format(size=binary_size(len(text)))
        self._tell(size)

    def _tell(self, message: str, role: str = "dim") -> None:
        set_property(self._about, "role", role)
        self._about.setText(message)

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose picture"), "", self.tr("Pictures (*.png *.jpg *.jpeg *.webp)")
        )
        if name:
            self._take_file(Path(name))

    def _take_file(self, path: Path) -> None:
        try:
            data = without_comf(path.read_bytes()) if _is_small(path) else b""
            image = decoded(data, 2 * THUMBNAIL)
        except OSError as problem:
            self._tell(f"{shown_name(path)}: {problem.strerror}", "bad")
            return
        if image is None:
            told = self.tr("{name} is no picture that can be shown.")
            self._tell(told.format(name=shown_name(path)), "bad")
            return
        self.value_edited.emit(thumbnail_of(image))

    def _paste(self) -> None:
        clipboard = QGuiApplication.clipboard()
        files = dropped_files(clipboard.mimeData())
        image: QImage = clipboard.image()
        if not image.isNull():
            self.value_edited.emit(thumbnail_of(image))
        elif files:
            self._take_file(files[0])
        else:
            self._tell(self.tr("There is no picture on the clipboard."), "bad")

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()) or event.mimeData().hasImage():
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        files = dropped_files(event.mimeData())
        if files:
            self._take_file(files[0])
            return
        image = event.mimeData().imageData()
        if isinstance(image, QImage) and not image.isNull():
            self.value_edited.emit(thumbnail_of(image))


def _is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= _MOST_BYTES
