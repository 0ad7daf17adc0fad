"""The details of a file: what it is, what is in it, where it belongs, what it lacks."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.details_hashes import DetailsHashes
from ckpt_studio.app.panels.source_links import SourceLinks
from ckpt_studio.core import text
from ckpt_studio.core.details import Details, PartDetails, describe
from ckpt_studio.core.json_values.json_text import describe as describe_json
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.recognition import Opened
from ckpt_studio.qt.labels import Dot, ElidedLabel, label
from ckpt_studio.qt.part_colors import part_index
from ckpt_studio.qt.pictures import image_of
from ckpt_studio.qt.size_bar import Segment, SizeBar

_PICTURE = 160
_WIDTH = 260
_SHOWN_KEYS = ("modelspec.title", "modelspec.author", "modelspec.description")
_DESCRIBE_BELOW = 256 * 1024
_PAUSE_MS = 150
_MAY_BREAK = "\u200b"  # the names of tensors are one long word


class DetailsPanel(QScrollArea):
    """Shows one document; rebuilt when the file or its metadata change."""

    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPanel")
        self.setAccessibleName(self.tr("Details"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(_WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._document: Document | None = None
        self.hashes = DetailsHashes()
        self.sources = SourceLinks(self.tr("For hashes and values, look at a file itself:"))
        self._evidence_open = False
        self._described: tuple[Opened, Details] | None = None
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._refresh)
        self._page = QWidget()
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(16, 16, 16, 16)
        self._column.setSpacing(14)
        self._top = QVBoxLayout()
        self._top.setSpacing(14)
        self._column.addLayout(self._top)
        self._column.addWidget(self.sources)
        self._column.addWidget(self.hashes)
        self._column.addStretch()
        self.setWidget(self._page)
        self.show_document(None)

    def show_document(self, document: Document | None) -> None:
        """Show another document and follow it."""
        if self._document is not None:
            self._document.opened_changed.disconnect(self._refresh)
            self._document.metadata_changed.disconnect(self._soon)
        self._document = document
        if document is not None:
            document.opened_changed.connect(self._refresh)
            document.metadata_changed.connect(self._soon)
        self._refresh()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pause.stop()

    def _soon(self) -> None:
        """Follow typing after a pause; what is hidden is filled when it is shown."""
        if self.isVisible():
            self._pause.start()

    def _description(self, opened: Opened) -> Details:
        if self._described is None or self._described[0] is not opened:
            self._described = (opened, describe(opened))
        return self._described[1]

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        _empty(self._top)
        document = self._document
        opened = document.opened if document else None
        in_file = opened is not None and document is not None and not document.assembled
        self.hashes.show_file(opened.checkpoint if opened and in_file else None)
        if document is None or opened is None:
            self._top.addWidget(label(self.tr("Open a file to see what it is."), "dim", wrap=True))
            return
        found, checkpoint = self._description(opened), opened.checkpoint
        head = QVBoxLayout()
        head.setSpacing(3)
        head.addWidget(ElidedLabel(one_line(document.title), "h1"))
        head.addWidget(label(f"{found.title} · {found.kind}", wrap=True))
        facts = (
            text.binary_size(checkpoint.size or sum(found.precisions.values())),  # no file yet
            text.counted(len(checkpoint.tensors), "tensor"),
            self.tr("{number} parameters").format(number=text.short_count(checkpoint.parameters)),
        )
        head.addWidget(label(" · ".join(facts), "dim", wrap=True))
        self._top.addLayout(head)
        self._add_picture(document.metadata)
        self._top.addLayout(self._parts(found))
        self._top.addLayout(self._precisions(found))
        self._add_place(found)
        self._add_metadata(document.metadata)
        self._add_evidence(found)

    def _add_picture(self, metadata: Metadata) -> None:
        image = image_of(metadata.get("modelspec.thumbnail", ""))
        if image is None:
            return
        picture = QLabel()
        picture.setObjectName("detailsPicture")
        picture.setAccessibleName(self.tr("Thumbnail"))
        mode = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        picture.setPixmap(QPixmap.fromImage(image).scaled(_PICTURE, _PICTURE, *mode))
        self._top.addWidget(picture)

    def _parts(self, found: Details) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for part in found.parts:
            self._add_part(grid, part)
        return grid

    def _add_part(self, grid: QGridLayout, part: PartDetails) -> None:
        row = grid.rowCount()
        dot = Dot(part_index(part.part))
        dot.set_filled(filled=True)
        size = label(text.binary_size(part.bytes))
        grid.addWidget(dot, row, 0)
        grid.addWidget(label(part.name), row, 1)
        grid.addWidget(size, row, 2, Qt.AlignmentFlag.AlignRight)
        kinds = ", ".join(list(part.precisions)[:3])
        told = f"{text.counted(part.tensors, 'tensor')} · {kinds}"
        grid.addWidget(ElidedLabel(told, "dim"), row + 1, 1, 1, 2)
        if part.wrong:
            grid.addWidget(label(part.wrong, "warn", wrap=True), row + 2, 1, 1, 2)

    def _precisions(self, found: Details) -> QVBoxLayout:
        box = self._section(self.tr("Precision"))
        bar = SizeBar()
        bar.setObjectName("detailsPrecision")
        bar.setAccessibleName(self.tr("Size by precision"))
        segments = [
            Segment(kind, size, place)
            for place, (kind, size) in enumerate(found.precisions.items())
        ]
        bar.set_segments(tuple(segments))
        box.addWidget(bar)
        total = sum(found.precisions.values()) or 1
        shares = [f"{kind} {100 * size / total:.0f} %" for kind, size in found.precisions.items()]
        box.addWidget(label(" · ".join(shares), "dim", wrap=True))
        return box

    def _add_place(self, found: Details) -> None:
        if found.folder:
            box = self._section(self.tr("Belongs in"))
            place = label(f"ComfyUI/models/{found.folder}")
            place.setObjectName("detailsFolder")
            place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            box.addWidget(place)
            self._top.addLayout(box)
        if found.lacks:
            box = self._section(self.tr("Lacks to be a whole checkpoint"))
            lacks = label(", ".join(found.lacks), wrap=True)
            lacks.setObjectName("detailsLacks")
            box.addWidget(lacks)
            self._top.addLayout(box)

    def _add_metadata(self, metadata: Metadata) -> None:
        box = self._section(self.tr("Metadata"))
        for key in _SHOWN_KEYS:
            if key in metadata:
                box.addWidget(ElidedLabel(one_line(metadata[key])))
        told = [text.counted(len(metadata), "key")] if metadata else [self.tr("none")]
        workflow = metadata.get("workflow", "")
        if workflow and len(workflow) < _DESCRIBE_BELOW and describe_json(workflow):
            told.append(self.tr("workflow of {nodes}").format(nodes=describe_json(workflow)))
        elif workflow:
            told.append(self.tr("workflow"))
        box.addWidget(label(" · ".join(told), "dim", wrap=True))
        self._top.addLayout(box)

    def _add_evidence(self, found: Details) -> None:
        if not found.evidence:
            return
        button = QPushButton(self.tr("Why it is taken for that"))
        button.setObjectName("detailsEvidence")
        button.setProperty("role", "link")
        button.setCheckable(True)
        button.setChecked(self._evidence_open)
        lines = "\n".join(f"· {line}" for line in found.evidence)
        said = label(lines.replace(".", f".{_MAY_BREAK}"), "dim", wrap=True)
        said.setObjectName("detailsEvidenceText")
        said.setVisible(self._evidence_open)
        button.toggled.connect(said.setVisible)
        button.toggled.connect(self._keep_evidence)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch()
        self._top.addLayout(row)
        self._top.addWidget(said)

    def _keep_evidence(self, shown: bool) -> None:
        self._evidence_open = shown

    def _section(self, title: str) -> QVBoxLayout:
        box = QVBoxLayout()
        box.setSpacing(4)
        box.addWidget(label(title, "h2"))
        return box


def _empty(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        if inner is not None:
            _empty(inner)
