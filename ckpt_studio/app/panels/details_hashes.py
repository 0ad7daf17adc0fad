"""The hashes of a file, taken when asked for, with those that its metadata claim."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.core.progress import Progress
from ckpt_studio.engine.hashing import Hashes
from ckpt_studio.qt.labels import ElidedLabel, label

_NAMES = (
    ("SHA-256", "sha256"),
    ("AutoV1", "autov1"),
    ("AutoV2", "autov2"),
    ("AutoV3", "autov3"),
    ("CRC-32", "crc32"),
    ("BLAKE3", "blake3"),
)


class DetailsHashes(QWidget):
    """A button until hashes are known; knows which file they belong to."""

    requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._hashes: Hashes | None = None
        self._take = QPushButton(self.tr("Compute hashes"))
        self._take.setObjectName("detailsHash")
        self._take.setToolTip(self.tr("Read the whole file once"))
        self._copy = QPushButton(self.tr("Copy"))
        self._copy.setObjectName("detailsCopyHashes")
        self._copy.setAccessibleName(self.tr("Copy hashes"))
        self._copy.setProperty("role", "link")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Hashes"), "h2"), 1)
        head.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._take, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self._grid)
        self._take.clicked.connect(self.requested)
        self._copy.clicked.connect(self._copy_all)
        self.show_file(None)

    def show_file(self, path: Path | None) -> None:
        """Belong to another file; hashes of the one before are forgotten."""
        if path != self._path:
            self._path, self._hashes = path, None
            self._show()
        self.setVisible(path is not None)

    def forget(self) -> None:
        """The file changed: what was known of it is not true any more."""
        self._hashes = None
        self._show()

    def show_progress(self, path: Path, progress: Progress) -> None:
        """Show how far the file is read."""
        if path == self._path and progress.total:
            self._take.setEnabled(False)
            share = self.tr("Reading… {percent} %")
            self._take.setText(share.format(percent=100 * progress.done // progress.total))

    def show_hashes(self, path: Path, hashes: Hashes | None) -> None:
        """Show the hashes of a file, None when they could not be taken."""
        if path == self._path:
            self._hashes = hashes
            self._show()

    def _show(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._take.setText(self.tr("Compute hashes"))
        self._take.setEnabled(True)
        self._take.setVisible(self._hashes is None)
        self._copy.setVisible(self._hashes is not None)
        for row, (name, value) in enumerate(self._known()):
            line = ElidedLabel(value)
            line.setObjectName(f"details{name.replace('-', '')}")
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label(name, "dim"), row, 0)
            self._grid.addWidget(line, row, 1)

    def _known(self) -> list[tuple[str, str]]:
        hashes = self._hashes
        if hashes is None:
            return []
        return [(name, value) for name, field in _NAMES if (value := getattr(hashes, field))]

    def _copy_all(self) -> None:
        lines = [f"{name}: {value}" for name, value in self._known()]
        QGuiApplication.clipboard().setText("\n".join(lines))
