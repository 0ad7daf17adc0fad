"""Metadata of several open files at once: tick the files, edit what they share, apply to each."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata_editing import MetadataEditing
from ckpt_studio.app.panels.metadata_keys import MetadataKeys
from ckpt_studio.core.editing.metadata_several import (
    KEEP,
    check_kept,
    count_shared,
    edits_for,
    matching_shared,
    merged,
    replaced_shared,
)
from ckpt_studio.core.editing.replacing import Found, Replaced, Search
from ckpt_studio.core.metadata import Edit, Metadata, apply_all
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.telling_apart import told_apart
from ckpt_studio.core.text import counted
from ckpt_studio.qt.labels import ElidedLabel, label, plain_tip, set_property
from ckpt_studio.qt.question import confirmed

_LONGEST_PATH = 2_000


class SharedEditing(MetadataEditing):
    """Edits what files share; ``<keep>`` is not written, and each file is searched by itself."""

    def __init__(
        self, parent: QWidget, files: Sequence[Document], ticked: Callable[[], Sequence[int]]
    ) -> None:
        """``ticked`` gives the places of the files that are to be edited."""
        super().__init__(parent)
        self._files, self._ticked = files, ticked
        self._own: dict[str, tuple[str | None, ...]] = {}  # what names stand for in each file

    def edits_for(self, place: int) -> tuple[Edit, ...]:
        """Return the edits of one file."""
        edits = self.document.edits_since_original() if self.document else ()
        own = {name: values[place] for name, values in self._own.items()}
        return edits_for(self._files[place].metadata, edits, own)

    def _edited(self, places: Sequence[int]) -> list[Metadata]:
        return [apply_all(self.edits_for(at), self._files[at].metadata) for at in places]

    @override
    def edit(self, *edits: Edit, title: str = "", merge: int = -1, ask: bool = True) -> bool:
        try:
            check_kept(edits, self._own)
        except ValueError as mistake:
            self.tell(str(mistake), "bad")
            return False
        return super().edit(*edits, title=title, merge=merge, ask=ask)

    @override
    def count(self, search: Search) -> Found:
        return count_shared(search, self._edited(self._ticked()))

    @override
    def matching_keys(self, search: Search) -> list[str]:
        return matching_shared(search, self.metadata, self._edited(self._ticked()))

    @override
    def replaced(self, search: Search, replacement: str) -> Replaced:
        several, ticked = self._edited(range(len(self._files))), self._ticked()
        done = replaced_shared(
            search, replacement, self.metadata, several, ticked=ticked, names=len(self._own)
        )
        self._own |= done.own
        return done.replaced

    @override
    def is_placeholder(self, value: str) -> bool:
        return value == KEEP or value in self._own


class SeveralDialog(QDialog):
    """Edits a document of its own; applying gives each ticked file one step that can be undone."""

    save_requested = Signal(object)  # Document

    def __init__(self, documents: Sequence[Document], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("severalDialog")
        self.setWindowTitle(self.tr("Edit several files"))
        self._documents = tuple(documents)
        self._shared = Document(self.tr("Several files"), original={}, parent=self)
        self._editing = SharedEditing(self, self._documents, self._ticked)
        self._editing.document = self._shared
        self._keys = MetadataKeys(self._editing)
        self._files = QListWidget()
        self._files.setObjectName("severalFiles")
        self._files.setAccessibleName(self.tr("Files to edit"))
        self._notice = ElidedLabel(role="dim")
        self._notice.setObjectName("severalNotice")
        self._apply = self._button("severalApply", self.tr("&Apply"))
        self._save = self._button("severalSave", self.tr("Apply and &save"))
        self._cancel = self._button("severalCancel", self.tr("&Cancel"))
        self._fill()
        self._build()
        self._connect()
        self._merge()

    def _button(self, name: str, title: str) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button

    def _fill(self) -> None:
        titles = [document.title for document in self._documents]
        names = told_apart(titles, [document.path for document in self._documents])
        for name, document in zip(names, self._documents, strict=True):
            item = QListWidgetItem(one_line(name))
            item.setToolTip(plain_tip(one_line(str(document.path or ""), _LONGEST_PATH)))
            item.setCheckState(Qt.CheckState.Checked)
            self._files.addItem(item)

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self._files)
        split.addWidget(self._keys)
        split.setStretchFactor(1, 1)
        split.setSizes([220, 680])
        buttons = QHBoxLayout()
        buttons.addWidget(self._notice, 1)
        for button in (self._cancel, self._apply, self._save):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        told = self.tr(
            "{keep} stands for values that differ; they stay as they are. Find and replace changes "
            "each of them in its own file."
        )
        column.addWidget(label(told.format(keep=KEEP), "dim", wrap=True))
        column.addWidget(split, 1)
        column.addLayout(buttons)
        self.resize(940, 560)

    def _connect(self) -> None:
        self._files.itemChanged.connect(self._merge)
        self._shared.metadata_changed.connect(self._refresh)
        self._editing.told.connect(self._tell)
        self._cancel.clicked.connect(self.reject)
        self._apply.clicked.connect(self._apply_edits)
        self._save.clicked.connect(self._apply_and_save)
        for keys, act in (
            ("Ctrl+F", self._keys.start_finding),
            ("Ctrl+H", self._keys.start_finding),
            ("Ctrl+Z", self._editing.undo),
            ("Ctrl+Y", self._editing.redo),
            ("Ctrl+Shift+Z", self._editing.redo),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)

    def _ticked(self) -> tuple[int, ...]:
        return tuple(
            row
            for row in range(len(self._documents))
            if self._files.item(row).checkState() is Qt.CheckState.Checked
        )

    def _merge(self) -> None:
        self._shared.set_original(merged([self._documents[row].metadata for row in self._ticked()]))
        self._refresh()

    def _refresh(self) -> None:
        self._keys.refresh()
        ready = bool(self._ticked() and self._shared.edits_since_original())
        for button in (self._apply, self._save):
            button.setEnabled(ready)

    def _tell(self, message: str, role: str) -> None:
        set_property(self._notice, "role", role)
        self._notice.set_text(message)

    def _apply_edits(self) -> tuple[Document, ...]:
        self._keys.finish()
        changed = []
        for row in self._ticked():
            document, fitting = self._documents[row], self._editing.edits_for(row)
            if fitting:
                title = self.tr("Edit {files}").format(files=counted(len(self._ticked()), "file"))
                document.edit(*fitting, title=title)
                changed.append(document)
        self.accept()
        return tuple(changed)

    def _apply_and_save(self) -> None:
        for document in self._apply_edits():
            self.save_requested.emit(document)

    @override
    def reject(self) -> None:
        """Close without applying; Esc and the cross come here too."""
        self._keys.finish()
        if not self._shared.edits_since_original() or self._may_drop():
            super().reject()

    def _may_drop(self) -> bool:
        told = self.tr("The edits were not applied to the files.")
        go, stay = self.tr("&Drop them"), self.tr("&Go back")
        return confirmed(self, "severalQuestion", self.windowTitle(), told, go=go, stay=stay)
