"""The hashes of a file, taken when asked for, held against those that its metadata claim."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.core.checkpoint import Checkpoint, SourceFile
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.progress import Progress
from ckpt_studio.core.stored_hashes import StoredHash
from ckpt_studio.engine.file_hashes import FileHashes
from ckpt_studio.engine.hashing import Hashes
from ckpt_studio.qt.labels import ElidedLabel, label, plain_tip

_NAMES = (
    ("SHA-256", "sha256"),
    ("AutoV1", "autov1"),
    ("AutoV2", "autov2"),
    ("AutoV3", "autov3"),
    ("CRC-32", "crc32"),
    ("BLAKE3", "blake3"),
)
_FULL_DIGITS = 16

Files = tuple[SourceFile, ...]
"""The files of a model as they were when it was opened: hashes belong to those."""


class DetailsHashes(QWidget):
    """A button until hashes are known; knows which files they belong to."""

    requested = Signal(object)  # Files
    lookup_wanted = Signal(object)  # Files; nothing is to be read for it

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files: Files = ()
        self._found: Sequence[FileHashes] = ()
        self._take = QPushButton(self.tr("Compute hashes"))
        self._take.setObjectName("detailsHash")
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
        self._take.clicked.connect(lambda: self.requested.emit(self._files))
        self._copy.clicked.connect(self._copy_all)
        self.show_file(None)

    def show_file(self, checkpoint: Checkpoint | None) -> None:
        """Belong to another file, or to one that changed: hashes from before are forgotten."""
        files = checkpoint.files if checkpoint is not None else ()
        if files != self._files:
            self._files, self._found = files, ()
            self._show()
            if files:
                self.lookup_wanted.emit(files)
        self.setVisible(bool(files))

    def show_progress(self, files: Files, progress: Progress) -> None:
        """Show how far the files are read."""
        if files == self._files and progress.total:
            self._take.setEnabled(False)
            share = self.tr("Reading… {percent} %")
            self._take.setText(share.format(percent=100 * progress.done // progress.total))

    def show_hashes(self, files: Files, found: Sequence[FileHashes]) -> None:
        """Show the hashes of each file, none when they could not be taken."""
        if files == self._files:
            self._found = found
            self._show()

    def _show(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        several = len({file.path for file in self._files}) > 1
        one, more = self.tr("Read the whole file once"), self.tr("Read each of the files once")
        self._take.setText(self.tr("Compute hashes"))
        self._take.setToolTip(more if several else one)
        self._take.setEnabled(True)
        self._take.setVisible(not self._found)
        self._copy.setVisible(bool(self._found))
        for each in self._found:
            if several:
                self._add_whole(ElidedLabel(one_line(each.path.name)))
            self._add(each)

    def _add(self, found: FileHashes) -> None:
        for name, value in _known(found.hashes):
            row = self._grid.rowCount()
            line = ElidedLabel(value)
            line.setObjectName(f"details{name.replace('-', '')}")
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label(name, "dim"), row, 0)
            self._grid.addWidget(line, row, 1)
        for stored in found.stored:
            self._add_whole(self._judgement(stored, found.hashes.data_sha256 or ""))

    def _judgement(self, stored: StoredHash, true: str) -> QLabel:
        if stored.right:
            said = label(self.tr("{key} in the metadata is right.").format(key=stored.key), "dim")
        else:
            wrong = self.tr("{key} in the metadata is wrong: it says {value}, but it is {true}.")
            value = one_line(stored.value.strip()) or self.tr("nothing")
            words = wrong.format(key=stored.key, value=_short(value), true=_short(true))
            said = label(words, "bad")
            said.setToolTip(plain_tip(wrong.format(key=stored.key, value=value, true=true)))
        said.setObjectName("detailsStoredHash")
        said.setWordWrap(True)
        return said

    def _add_whole(self, widget: QWidget) -> None:
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 2)

    def _copy_all(self) -> None:
        lines: list[str] = []
        for each in self._found:
            if len(self._found) > 1:
                lines.append(one_line(each.path.name))
            lines += [f"{name}: {value}" for name, value in _known(each.hashes)]
        QGuiApplication.clipboard().setText("\n".join(lines))


def _known(hashes: Hashes) -> Iterator[tuple[str, str]]:
    for name, field in _NAMES:
        value = getattr(hashes, field)
        if value:
            yield name, value


def _short(value: str) -> str:
    return value if len(value) <= _FULL_DIGITS else f"{value[:8]}…{value[-4:]}"
