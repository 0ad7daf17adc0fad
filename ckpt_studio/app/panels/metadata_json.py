"""All metadata as one JSON text, checked while it is typed."""

from dataclasses import dataclass
from itertools import count as numbers

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_studio.core.editing.metadata_document import (
    long_values,
    read_document,
    shown_document,
)
from ckpt_studio.core.editing.metadata_rules import difference, same
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.qt.labels import ElidedLabel, set_property
from ckpt_studio.qt.value_edit import ValueEdit

_PAUSE_MS = 300
_RUNS = 2_000_000  # runs of typing here are told apart from those elsewhere in the panel


@dataclass(frozen=True, slots=True)
class Draft:
    """A text with a mistake in it, and the metadata it was typed over."""

    text: str
    metadata: Metadata


class MetadataJson(QWidget):
    """Emits the edits that turn the metadata into what the text says; mistakes are only shown."""

    edited = Signal(tuple, int)  # of Edit, number of the run of typing
    finished = Signal()  # the run has ended
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("metadataJson")
        self._metadata: Metadata = {}
        self._long: dict[str, str] = {}  # all that were shown: a line that was cut is pasted later
        self._broken = False  # the text has a mistake, so what it says is not in the metadata
        self._runs = numbers(_RUNS)
        self._run = next(self._runs)
        self.edit = ValueEdit()
        self.edit.setObjectName("metadataJsonText")
        self.edit.setAccessibleName(self.tr("Metadata as JSON"))
        self._check = ElidedLabel(role="dim")
        self._check.setObjectName("metadataJsonCheck")
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.edit, 1)
        column.addWidget(self._check)
        self.edit.text_edited.connect(lambda _: self._pause.start())
        self.edit.undo_requested.connect(self._undo)
        self.edit.redo_requested.connect(self.redo_requested)
        self.edit.left.connect(self.finish)
        self._pause.timeout.connect(self._commit)

    def show_metadata(self, metadata: Metadata) -> None:
        """Show other metadata; a text that says the same already stays as it was typed."""
        self._long |= long_values(metadata)
        if self._pause.isActive() or self._says(metadata):
            self._metadata = metadata
            return
        broken = self._broken
        if broken and same(metadata, self._metadata):
            return
        self._metadata, self._broken = metadata, False
        self.edit.show_text(shown_document(metadata))
        replaced = self.tr(
            "The text had a mistake; it went when the metadata was changed elsewhere."
        )
        self._tell(replaced if broken else "", "bad" if broken else "dim")

    def finish(self) -> None:
        """Pass on what was typed last."""
        self._pass_on()
        self.finished.emit()

    def _pass_on(self) -> None:
        if self._pause.isActive():
            self._pause.stop()
            self._commit()
        self._run = next(self._runs)

    @property
    def draft(self) -> Draft | None:
        """The text as it stands when it has a mistake in it."""
        return Draft(self.edit.exact_text(), self._metadata) if self._broken else None

    def start_with(self, draft: Draft | None) -> None:
        """Make ready for another document, with the text that was left there before."""
        self._pause.stop()
        self._broken = draft is not None
        self._metadata = draft.metadata if draft else {}
        self.edit.show_text(draft.text if draft else "")
        self._tell("")
        if draft is not None:
            self._commit()

    def _says(self, metadata: Metadata) -> bool:
        try:
            return same(read_document(self.edit.exact_text(), metadata, self._long), metadata)
        except ValueError:
            return False

    def _commit(self) -> None:
        try:
            said = read_document(self.edit.exact_text(), self._metadata, self._long)
        except ValueError as mistake:
            self._broken = True
            self._tell(self.tr("Not taken over yet. {reason}").format(reason=mistake), "bad")
            return
        self._broken = False
        self._tell(self.tr("✔ valid"), "good")
        edits = difference(self._metadata, said)
        if edits:
            self.edited.emit(edits, self._run)

    def _undo(self) -> None:
        self._pass_on()
        broken, self._broken = self._broken, False
        self.edit.show_text("")
        if not broken:  # else the step that is taken back is the text with its mistake
            self.undo_requested.emit()
        self.show_metadata(self._metadata)  # else the text stays away where nothing is undone

    def _tell(self, message: str, role: str = "dim") -> None:
        set_property(self._check, "role", role)
        self._check.set_text(message)
