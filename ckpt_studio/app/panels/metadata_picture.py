"""The pictures in a value of the metadata: looked at, copied, saved, dragged out."""

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.background import Background
from ckpt_studio.app.panels.save_text import save_bytes
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.text import binary_size
from ckpt_studio.qt.drag_out import DragStart, copy, drag, picture_data
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.pictures import Picture, pictures_in

_AT_ONCE = 128 * 1024
"""Characters up to which pictures are decoded at once."""

_DRAGGED = 96
_LEAST, _SHOWN = 64, 256
_MARGIN = 8


class PictureView(QScrollArea):
    """Shows pictures side by side; each can be dragged, the chosen one copied and saved."""

    refused = Signal()  # there is no picture in the value
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pictureView")
        self.setAccessibleName(self.tr("Pictures"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._value, self._name = "", "picture"
        self._pictures: tuple[Picture, ...] = ()
        self._chosen = 0
        self.labels: list[_PictureLabel] = []
        self._work = Background(self)
        self._about = label(role="dim")
        self._about.setObjectName("pictureAbout")
        self.tools = QWidget()
        self._copy = self._button("pictureCopy", self.tr("&Copy"))
        self._copy.clicked.connect(self._copy_picture)
        self._save = self._button("pictureSave", self.tr("&Save picture…"))
        self._save.clicked.connect(self._save_picture)
        top = QHBoxLayout(self.tools)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(8)
        for widget in (self._about, self._copy, self._save):
            top.addWidget(widget)
        page = QWidget()
        self._row = QHBoxLayout(page)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)
        self._row.addStretch()
        self.setWidget(page)

    def _button(self, name: str, title: str) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.setAccessibleName(title.replace("&", "").rstrip("…"))
        button.setProperty("role", "link")
        return button

    @property
    def busy(self) -> bool:
        """Whether something is still on its way."""
        return self._work.busy

    def stop(self) -> None:
        """Wait for what runs."""
        self._work.stop()

    def clear(self) -> None:
        """Forget the pictures."""
        self._value = ""
        self._work.drop()
        self._show(())

    def show_value(self, key: str, value: str, name: str) -> None:
        """Show the pictures of a value; ``name`` is that of the files, without their end."""
        self._name = name
        if value == self._value:
            return
        self.clear()
        self._value = value
        if len(value) <= _AT_ONCE:
            self._take(pictures_in(key, value))
            return
        self._about.setText(self.tr("Reading…"))
        self._work.request(lambda _: pictures_in(key, value), self._take)

    def _take(self, pictures: tuple[Picture, ...]) -> None:
        if pictures:
            self._show(pictures)
        else:
            self.refused.emit()

    def _show(self, pictures: tuple[Picture, ...]) -> None:
        for old in self.labels:
            self._row.removeWidget(old)
            old.deleteLater()
        self._pictures, self.labels = pictures, []
        for place in range(len(pictures)):
            shown = _PictureLabel()
            shown.setAccessibleName(self.tr("Picture {number}").format(number=place + 1))
            shown.chosen.connect(lambda place=place: self._choose(place))
            shown.drag_requested.connect(lambda place=place: self._drag_picture(place))
            self.labels.append(shown)
            self._row.insertWidget(place, shown)
        for button in (self._copy, self._save):
            button.setEnabled(bool(pictures))
        self._fit()
        self._choose(0)

    def _fit(self) -> None:
        """Let the pictures fill the height, without making them larger than they are."""
        room = max(_LEAST, min(_SHOWN, self.viewport().height() - _MARGIN))
        for shown, picture in zip(self.labels, self._pictures, strict=True):
            shown.setPixmap(_scaled(picture, min(room, picture.image.height())))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _choose(self, place: int) -> None:
        self._chosen = place
        if not self._pictures:
            self._about.clear()
            return
        picture = self._pictures[place]
        told = [
            f"{picture.kind.upper()} {picture.width} × {picture.height}",
            binary_size(len(picture.data)),
        ]
        if len(self._pictures) > 1:
            told.insert(0, f"{place + 1} / {len(self._pictures)}")
        self._about.setText(" · ".join(told))

    def _data(self, place: int) -> QMimeData:
        picture = self._pictures[place]
        name = self._name + picture.suffix
        return picture_data(name, picture.data, picture.kind, picture.image)

    def _drag_picture(self, place: int) -> None:
        drag(self, self._data(place), _scaled(self._pictures[place], _DRAGGED))

    def _copy_picture(self) -> None:
        if self._pictures:
            copy(self._data(self._chosen))

    def _save_picture(self) -> None:
        picture = self._pictures[self._chosen]
        suggested = Path(self._name + picture.suffix)
        try:
            save_bytes(self, self.tr("Save picture"), suggested, picture.data)
        except WriteError as error:
            self.failed.emit(error)


class _PictureLabel(QLabel):
    """One picture; a click or the Tab key chooses it."""

    chosen = Signal()
    drag_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("row", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._start = DragStart()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.chosen.emit()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._start.press(event)
        self.chosen.emit()
        super().mousePressEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start.dragged(event):
            self.drag_requested.emit()
        else:
            super().mouseMoveEvent(event)


def _scaled(picture: Picture, height: int) -> QPixmap:
    smooth = Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(picture.image.scaledToHeight(max(1, height), smooth))
