"""Taking files that are dropped or pasted: which ones count, and a zone that says so."""

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget
from typing_extensions import override

from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import IconLabel, label, set_property


def dropped_files(data: QMimeData) -> tuple[Path, ...]:
    """Return the local files in dragged or copied data, in order."""
    return tuple(Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())


class DropFrame(QFrame):
    """A frame that lights up while files hover over it, and takes them."""

    files_dropped = Signal(object)  # tuple[Path, ...]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()
            set_property(self, "drop", True)

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        set_property(self, "drop", False)

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        set_property(self, "drop", False)
        files = dropped_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)


class DropZone(DropFrame):
    """A dashed zone; a click or Enter asks for files by dialog instead."""

    browse_requested = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dropZone")
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.addStretch()
        row.addWidget(IconLabel(icon("tray-arrow-down"), 20))
        row.addWidget(label(text, "dim"))
        row.addStretch()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.browse_requested.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.browse_requested.emit()
        else:
            super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().event(event)
