"""One open checkpoint, or the one being assembled: its metadata, and the history of its edits."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack
from typing_extensions import override

from ckpt_studio.core.editing.metadata_rules import checked, difference, same
from ckpt_studio.core.metadata import Edit, Metadata, SetValue, apply_all
from ckpt_studio.core.recognition import Opened

Edits = tuple[Edit, ...]


class Document(QObject):
    """Metadata as a starting point plus edits; every edit can be undone.

    ``original`` is what the file holds (or what is written by itself into a new checkpoint) and
    ``metadata`` what it will hold. ``undo_stack.isClean()`` says whether it is saved.
    """

    metadata_changed = Signal(object)  # the new mapping
    original_changed = Signal()
    opened_changed = Signal()
    title_changed = Signal(str)

    def __init__(
        self,
        title: str,
        opened: Opened | None = None,
        original: Metadata | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Start without edits; ``original`` is the file's own metadata unless given."""
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self._title, self._opened = title, opened
        self._assembled = opened is None
        if original is None:
            original = opened.checkpoint.metadata if opened else {}
        self._base: Metadata = dict(original)
        self._edits: Edits = ()
        self._saved_edits: Edits | None = ()  # None: no run of edits gives the file
        self._original: Metadata = self._base
        self._metadata: Metadata = self._base

    @property
    def title(self) -> str:
        """What the document is called on screen."""
        return self._title

    def set_title(self, title: str) -> None:
        """Give the document another name on screen."""
        if title != self._title:
            self._title = title
            self.title_changed.emit(title)

    @property
    def opened(self) -> Opened | None:
        """The file behind it, or the table that a plan will write, if there is one."""
        return self._opened

    def set_opened(self, opened: Opened | None) -> None:
        """Put another table of tensors behind the document; its metadata stays."""
        self._opened = opened
        self.opened_changed.emit()

    def reload(self, opened: Opened) -> None:
        """Take the file as it is now; edits stay.

        When the file holds exactly what the edits say, they are saved; when somebody else changed
        its metadata, the edits start from those.
        """
        found = opened.checkpoint.metadata
        self._opened = opened
        if not same(found, self._original):
            if same(found, self._metadata):
                self.mark_saved()
            else:
                self._start_from(found)
        self.opened_changed.emit()

    @property
    def assembled(self) -> bool:
        """Whether this is a checkpoint that is being assembled, and no file yet."""
        return self._assembled

    @property
    def path(self) -> Path | None:
        """Where the file is, if there is one."""
        return self._opened.checkpoint.path if self._opened else None

    @property
    def original(self) -> Mapping[str, str]:
        """The metadata before the edits."""
        return self._original

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata with the edits."""
        return self._metadata

    def edit(self, *edits: Edit, title: str = "", merge: int = -1) -> None:
        """Apply edits as one step that can be undone; one that changes nothing leaves no trace.

        Steps in a row with the same ``merge`` number are one step: typing a word is undone at once.

        Raises:
            ValueError: one sentence, when an edit cannot be applied; then none of them is.
        """
        metadata: Metadata = self._metadata
        kept = self._edits
        for edit in edits:
            allowed = checked(edit, metadata)
            if allowed is not None:
                metadata = allowed.apply(metadata)
                kept = _appended(kept, allowed)
        if not same(metadata, self._metadata):
            self.undo_stack.push(_Change(self, title or edits[0].title, kept, merge))

    def take_back(self) -> None:
        """Undo the last step for good: it cannot be made again."""
        last = self.undo_stack.command(self.undo_stack.index() - 1)
        last.undo()  # the stack does not undo what is obsolete
        last.setObsolete(True)
        self.undo_stack.undo()

    def edits_since_original(self) -> Edits:
        """Return the edits that turn ``original`` into ``metadata``, for a recipe."""
        saved = self._saved_edits
        if saved is not None and self._edits[: len(saved)] == saved:
            return self._edits[len(saved) :]
        return difference(self._original, self._metadata)

    def set_original(self, original: Metadata) -> None:
        """Start from other metadata (the plan of a new checkpoint changed); edits stay."""
        self._base = self._original = dict(original)
        self._saved_edits = ()
        self._show(self._edits)
        self.original_changed.emit()

    def _start_from(self, found: Metadata) -> None:
        """Put what is not saved, and only that, on top of other metadata."""
        saved = self.undo_stack.isClean()
        kept = () if saved else self.edits_since_original()
        self.set_original(found)
        if self._edits != kept:
            self.undo_stack.push(_Change(self, self.tr("Reload from the file"), kept))
        if saved:
            self.mark_saved()

    def mark_saved(self, metadata: Metadata | None = None, opened: Opened | None = None) -> None:
        """Say that the file now holds ``metadata``, by default all edits made so far.

        ``metadata`` is what was written; edits made while it was being written stay unsaved. For a
        checkpoint being assembled, whose edits belong to its recipe, use ``undo_stack.setClean``.
        """
        written = self._metadata if metadata is None else metadata
        if same(written, self._metadata):
            self._saved_edits = self._edits
            self.undo_stack.setClean()
        else:
            self._saved_edits = None
            self.undo_stack.resetClean()
        self._original = dict(written)
        if opened is not None:
            self._opened = opened
            self.opened_changed.emit()
        self.original_changed.emit()

    def drop_edits(self) -> None:
        """Take the metadata of the file as they are, as one step that can be undone."""
        back = difference(self._metadata, self._original)
        if back:
            title = self.tr("Reload from the file")
            self.undo_stack.push(_Change(self, title, (*self._edits, *back)))
        self.mark_saved()

    def restore_edits(self, edits: Edits) -> None:
        """Replace all edits, as one step that can be undone; for sessions and recipes."""
        if edits != self._edits:
            self.undo_stack.push(_Change(self, self.tr("Restore edits"), edits))

    def _show(self, edits: Edits) -> None:
        self._edits = edits
        self._metadata = apply_all(edits, self._base)
        self.metadata_changed.emit(self._metadata)


class _Change(QUndoCommand):
    """Swap the edits before for the edits after; enough for every change there is."""

    def __init__(self, document: Document, title: str, after: Edits, merge: int = -1) -> None:
        super().__init__(title)
        self._document, self._merge = document, merge
        self._before, self._after = document._edits, after  # noqa: SLF001 - one unit

    @override
    def id(self) -> int:
        return self._merge

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Change):
            return False
        self._after = other._after  # noqa: SLF001 - one unit
        return True

    @override
    def redo(self) -> None:
        self._document._show(self._after)  # noqa: SLF001 - one unit

    @override
    def undo(self) -> None:
        self._document._show(self._before)  # noqa: SLF001 - one unit


def _appended(edits: Edits, edit: Edit) -> Edits:
    """Add an edit; of several values for one key in a row only the last one counts."""
    last = edits[-1] if edits else None
    if isinstance(edit, SetValue) and isinstance(last, SetValue) and edit.key == last.key:
        return (*edits[:-1], edit)
    return (*edits, edit)
