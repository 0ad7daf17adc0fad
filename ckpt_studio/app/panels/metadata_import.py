"""Import: what a picture, a video, a JSON text or another model offers, to tick off and take."""

from collections import deque
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFontDatabase, QImage, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.problems import message_of
from ckpt_studio.core import text
from ckpt_studio.core.editing.metadata_import import THUMBNAIL_KEY, Proposal, edits
from ckpt_studio.core.editing.metadata_rows import preview, summary
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plain_text import lines, one_line
from ckpt_studio.engine import Imported, read_import
from ckpt_studio.formats.media import Media, Sort
from ckpt_studio.formats.pictures import without_comf
from ckpt_studio.qt.job import Job, leave
from ckpt_studio.qt.labels import ElidedLabel, label, plain_tip, set_property
from ckpt_studio.qt.pictures import THUMBNAIL, can_decode, decoded, thumbnail_of

_PROPOSAL = Qt.ItemDataRole.UserRole
_PICTURE = 200
_AT_ONCE = 200  # rows
_MOST_PICTURE_BYTES = 256 << 20
_VALUE_CHARACTERS = 20_000
Source = Path | bytes


class ImportDialog(QDialog):
    """Reads the source on a thread; ``imported`` carries the edits that were chosen."""

    imported = Signal(tuple)  # of Edit

    def __init__(self, source: Source, metadata: Metadata, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("importDialog")
        self.setWindowTitle(self.tr("Import into metadata"))
        self._source, self._metadata = source, dict(metadata)
        name = one_line(source.name) if isinstance(source, Path) else self.tr("Copied picture")
        self._title = ElidedLabel(name, "h1")
        self._about = label(self.tr("Reading…"), "dim", wrap=True)
        self._about.setObjectName("importAbout")
        self._picture = QLabel()
        self._picture.setObjectName("importPicture")
        self._picture.setAccessibleName(self.tr("Picture"))
        self._picture.setFixedWidth(_PICTURE)
        self._tree = QTreeWidget()
        self._text = QPlainTextEdit(readOnly=True)
        self._waiting: deque[Proposal] = deque()
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._add_some)
        self._take = QPushButton(self.tr("&Import"))
        self._cancel = QPushButton(self.tr("&Cancel"))
        self._prepare()
        self._build()
        self._job: Job | None = Job(lambda _progress, _cancel: _read(source, metadata), parent=self)
        self._job.succeeded.connect(self._show)
        self._job.failed.connect(self._show_failure)
        self._job.finished.connect(self._forget_job)
        self._job.start()

    def _prepare(self) -> None:
        self._tree.setObjectName("importProposals")
        self._tree.setAccessibleName(self.tr("What can be imported"))
        self._tree.setHeaderLabels(
            [self.tr("Key"), self.tr("Now"), self.tr("New"), self.tr("Size")]
        )
        self._tree.setRootIsDecorated(False)
        self._tree.setUniformRowHeights(True)
        self._tree.itemChanged.connect(self._show_ticked)
        self._tree.currentItemChanged.connect(self._show_value)
        self._text.setObjectName("importValue")
        self._text.setAccessibleName(self.tr("Value"))
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setTabChangesFocus(True)
        self._text.setMaximumHeight(150)
        self._take.setObjectName("importTake")
        self._take.setProperty("role", "primary")
        self._take.setEnabled(False)
        self._cancel.setObjectName("importCancel")
        self._take.clicked.connect(self._import)
        self._cancel.clicked.connect(self.reject)

    def _build(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self._tree, 1)
        right.addWidget(self._text)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        middle.addLayout(right, 1)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._take)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addWidget(self._title)
        column.addWidget(self._about)
        column.addLayout(middle, 1)
        column.addLayout(buttons)
        self._picture.hide()
        self.resize(860, 560)

    @Slot()
    def _forget_job(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None

    @Slot(object)
    def _show(self, found: tuple[Imported, QImage | None]) -> None:
        imported, image = found
        self._about.setText(self._description(imported))
        if image is not None:
            mode = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._picture.setPixmap(QPixmap.fromImage(image).scaled(_PICTURE, _PICTURE, *mode))
            self._picture.show()
        self._waiting = deque(imported.proposals)
        header = self._tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.ResizeToContents)
        self._tree.setFocus()
        self._add_some()
        first = self._tree.topLevelItem(0)
        if first is not None:
            self._tree.setCurrentItem(first)

    @Slot()
    def _add_some(self) -> None:
        """Add rows until it takes too long; the others are added in the next turn."""
        self._tree.blockSignals(True)
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            self._add(self._waiting.popleft())
        self._tree.blockSignals(False)
        self._tree.viewport().update()
        if self._waiting:
            self._turn.start()
        else:
            self._show_ticked()

    @Slot(Exception)
    def _show_failure(self, error: Exception) -> None:
        message = message_of(error)
        set_property(self._about, "role", "bad")
        self._about.setText(f"{message.what} {message.todo}".strip())

    def _description(self, imported: Imported) -> str:
        said = []
        media = imported.media
        if media is not None:
            size = f" {media.width} × {media.height}" if media.width else ""
            said.append(media.kind.upper() + size)
        info = imported.info
        if info is not None and info.program:
            said.append(self.tr("made by {program}").format(program=one_line(info.program)))
        if not any(proposal.key != THUMBNAIL_KEY for proposal in imported.proposals):
            said.append(self.tr("says nothing about how it was made"))
        lines = [" · ".join(said), *(problem.message for problem in imported.problems)]
        offered = {proposal.key for proposal in imported.proposals}
        if media is not None and THUMBNAIL_KEY not in offered:
            lines.append(self._no_thumbnail(media))
        return "\n".join(line for line in lines if line)

    def _no_thumbnail(self, media: Media) -> str:
        match media.sort:
            case Sort.PICTURE if can_decode(media.kind):
                return self.tr("It cannot be the thumbnail: it is too large or damaged.")
            case Sort.VIDEO:
                why = self.tr("only its texts are read, not its frames")
            case Sort.SOUND:
                why = self.tr("a sound has no picture")
            case _:
                why = self.tr("{kind} cannot be drawn here").format(kind=media.kind.upper())
        told = self.tr("It cannot be the thumbnail: {why}. A PNG, JPEG or WebP picture can.")
        return told.format(why=why)

    def _add(self, proposal: Proposal) -> None:
        item = QTreeWidgetItem(
            [
                one_line(proposal.key),
                "" if proposal.replaces is None else _short(proposal.replaces),
                _short(proposal.value),
                text.binary_size(proposal.size),
            ]
        )
        item.setData(0, _PROPOSAL, proposal)
        item.setToolTip(0, plain_tip(proposal.note))
        item.setTextAlignment(3, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setCheckState(0, Qt.CheckState.Checked if proposal.ticked else Qt.CheckState.Unchecked)
        self._tree.addTopLevelItem(item)

    def _chosen(self) -> tuple[Proposal, ...]:
        items = [self._tree.topLevelItem(row) for row in range(self._tree.topLevelItemCount())]
        return tuple(
            replace(item.data(0, _PROPOSAL), ticked=True)
            for item in items
            if item and item.checkState(0) is Qt.CheckState.Checked
        )

    @Slot()
    def _show_ticked(self) -> None:
        if self._waiting:
            return
        keys = len([one for one in self._chosen() if one.changes])
        self._take.setEnabled(bool(keys))
        told = self.tr("&Import {keys}").format(keys=text.counted(keys, "key"))
        self._take.setText(told if keys else self.tr("&Import"))

    @Slot()
    def _show_value(self) -> None:
        item = self._tree.currentItem()
        proposal = item.data(0, _PROPOSAL) if item else None
        if isinstance(proposal, Proposal):
            shown = lines(proposal.value, _VALUE_CHARACTERS)
            self._text.setPlainText(f"{proposal.note}\n\n{shown}" if proposal.note else shown)

    @Slot()
    def _import(self) -> None:
        self.imported.emit(edits(self._chosen(), self.tr("Import")))
        self.accept()

    @override
    def done(self, result: int) -> None:
        self._turn.stop()
        if self._job is not None:
            leave(self._job)
        super().done(result)


def _short(value: str) -> str:
    told = summary(value)
    return f"{told} · {preview(value)}" if told else preview(value)


def _read(source: Source, metadata: Metadata) -> tuple[Imported, QImage | None]:
    """Read a source and, where it is a picture, decode it and offer it as the thumbnail."""
    imported = read_import(source, metadata)
    media = imported.media
    if media is None or media.sort is not Sort.PICTURE or not can_decode(media.kind):
        return imported, None
    image = decoded(without_comf(_picture_bytes(source)), 2 * THUMBNAIL)
    if image is None:
        return imported, None
    proposal = Proposal(
        THUMBNAIL_KEY,
        thumbnail_of(image),
        ticked=THUMBNAIL_KEY not in metadata,
        replaces=metadata.get(THUMBNAIL_KEY),
        note="The picture as the preview of the model, 256 x 256.",
    )
    return replace(imported, proposals=(*imported.proposals, proposal)), image


def _picture_bytes(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    with source.open("rb") as file:
        return file.read(_MOST_PICTURE_BYTES)
