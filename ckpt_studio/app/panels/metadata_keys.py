"""The metadata as a table of keys before and after, with the value of one of them below."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from ckpt_studio.app.panels.metadata_bar import MetadataBar
from ckpt_studio.app.panels.metadata_editing import MetadataEditing
from ckpt_studio.app.panels.metadata_find_bar import FindBar, places
from ckpt_studio.app.panels.metadata_key_bar import KeyBar
from ckpt_studio.app.panels.metadata_needed import may_lose
from ckpt_studio.app.panels.metadata_sources import import_sources
from ckpt_studio.app.panels.metadata_table import MetadataTable
from ckpt_studio.app.panels.metadata_value import MetadataValue
from ckpt_studio.core import text
from ckpt_studio.core.editing.metadata_rows import MetadataRow, State, rows_of
from ckpt_studio.core.editing.metadata_rules import (
    check_new_key,
    difference,
    duplicates,
    library_clash,
    moved,
)
from ckpt_studio.core.editing.pasted_metadata import Pasted, parse_pasted
from ckpt_studio.core.editing.replacing import Replaced, Search
from ckpt_studio.core.json_values.json_text import check
from ckpt_studio.core.metadata import RemoveKeys, RenameKey, ReplaceAll, SetValue
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt.drag_out import copy
from ckpt_studio.qt.metadata_model import MetadataModel


class MetadataKeys(QWidget):
    """One row for each key; keys are added, removed, renamed, pasted, found and replaced here."""

    import_requested = Signal(tuple)  # of Path or bytes
    failed = Signal(Exception)

    def __init__(self, editing: MetadataEditing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self._new_key = ""
        self._model = MetadataModel(self)
        self.table = MetadataTable(self._model, editing.is_placeholder)
        self.bar, self.value = MetadataBar(), MetadataValue()
        self.editor = self.value.editor
        self.key_bar, self.find_bar = KeyBar(self._key_mistake), FindBar(editing.count)
        self._build()
        self._connect()
        self.setFocusProxy(self.table)

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        self.table.setMinimumHeight(90)
        self.value.setMinimumHeight(130)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for widget in (self.bar, self.key_bar, self.find_bar):
            column.addWidget(widget)
        column.addWidget(split, 1)
        for place, pane in enumerate((self.table, self.value)):
            split.addWidget(pane)
            split.setStretchFactor(place, 1)

    def _connect(self) -> None:
        bar, table, editor = self.bar, self.table, self.editor
        bar.json_requested.connect(self._add_json)
        bar.find_requested.connect(self.start_finding)
        for source in (bar, table):
            source.add_requested.connect(self._start_adding)
            source.remove_requested.connect(self.remove_selected)
            source.rename_requested.connect(self._start_renaming)
            source.paste_requested.connect(self.paste)
        table.duplicate_requested.connect(self.duplicate_selected)
        table.up_requested.connect(lambda: self.move_selected(down=False))
        table.down_requested.connect(lambda: self.move_selected(down=True))
        table.copy_requested.connect(self.copy_selected)
        table.edit_requested.connect(self.value.focus_value)
        table.chosen.connect(self._show_value)
        editor.value_edited.connect(self._set_value)
        editor.emptied.connect(self._remove_emptied)
        editor.finished.connect(self._editing.settle_soon)
        editor.restore_requested.connect(self._restore)
        editor.undo_requested.connect(self._editing.undo)
        editor.redo_requested.connect(self._editing.redo)
        self.value.failed.connect(self.failed)
        self.key_bar.confirmed.connect(self._name_key)
        self.find_bar.next_requested.connect(self._select_next)
        self.find_bar.replace_requested.connect(self._replace)

    def finish(self) -> None:
        """Pass on what was typed last, and ask about it what is to be asked."""
        self.editor.finish()
        self._editing.settle()

    def stop(self) -> None:
        """Wait for what runs."""
        self.value.stop()

    def forget(self) -> None:
        """Make ready for another document."""
        self.finish()
        self._new_key = ""
        self.key_bar.hide()

    def selected_values(self) -> dict[str, str]:
        """Return the selected keys with their values; all keys when none is selected."""
        rows = [row for row in self.table.selected() if row.new is not None]
        return {row.key: row.value for row in rows} or dict(self._editing.metadata)

    def refresh(self) -> None:
        """Show the document as it is now; the selection stays."""
        document = self._editing.document
        path = document.path if document else None
        self.value.set_file_name(path.stem if path else "")
        rows: list[MetadataRow] = []
        if document is not None:
            edits = document.edits_since_original()
            rows = rows_of(document.original, document.metadata, edits, self._model.rows)
        keys = [row.key for row in self.table.selected()]
        self._model.show_rows(rows)
        if self._new_key and self._new_key in self._editing.metadata:
            keys, self._new_key = [self._new_key], ""
        self.table.select_keys(keys)
        self._show_value()
        self.find_bar.refresh()

    def _show_value(self) -> None:
        rows = self.table.selected()
        self.bar.remove.setEnabled(any(row.new is not None for row in rows))
        self.bar.rename.setEnabled(len(rows) == 1 and rows[0].new is not None)
        if len(rows) == 1:
            self._new_key = ""
            self._show_row(rows[0])
        elif rows:
            chosen = self.tr("{number} keys selected").format(number=text.count(len(rows)))
            self.value.show_nothing(chosen)
        elif not self._new_key:
            self.value.show_nothing(self.tr("Choose a key to see its value."))

    def _show_row(self, row: MetadataRow) -> None:
        needed = self.tr("Needed: {reason}.").format(reason=row.needed) if row.needed else ""
        note = needed or library_clash(row.key)
        if row.state is State.REMOVED:
            note = self.tr("Removed when the file is saved.")
        value = row.value
        if self._editing.is_placeholder(value):
            value, note = "", self.tr("Values that differ; what is typed here goes to all files.")
        self.value.show_value(
            row.key,
            value,
            editable=row.new is not None,
            changed=row.original is not None and row.new != row.original,
            note=note,
        )

    def start_finding(self) -> None:
        """Open the bar to find and replace."""
        self.key_bar.hide()
        self.find_bar.start()

    def _start_adding(self) -> None:
        self.find_bar.hide()
        self.key_bar.start()

    def _start_renaming(self) -> None:
        rows = self.table.selected()
        if len(rows) == 1 and rows[0].new is not None and may_lose(frozenset({rows[0].key}), self):
            self.find_bar.hide()
            self.key_bar.start(rows[0].key)

    def _key_mistake(self, old: str, new: str) -> str:
        try:
            check_new_key(new, {key: "" for key in self._editing.metadata if key != old})
        except ValueError as mistake:
            return str(mistake)
        return ""

    def _name_key(self, old: str, new: str) -> None:
        if not old:
            self._open_new(new)
        elif self._editing.edit(RenameKey(old, new), ask=False):
            self.table.select_keys([new])
            self.table.setFocus()

    def _open_new(self, key: str) -> None:
        self._new_key = key
        self.table.clearSelection()
        note = self.tr("The key is added once it has a value.")
        self.value.show_value(key, "", editable=True, note=note)
        self.value.focus_value()

    def _add_json(self, key: str) -> None:
        copied = QGuiApplication.clipboard().text().strip()
        if copied.startswith("{") and check(copied) is None:
            if self._editing.edit(SetValue(key, copied)):
                self.table.select_keys([key])
                self._editing.tell(self.tr("“{key}” was taken from the clipboard.").format(key=key))
        elif key in self._editing.metadata:
            self.table.select_keys([key])
            self.value.focus_value()
        else:
            self._open_new(key)
            self._editing.tell(
                self.tr("There is no JSON on the clipboard; type or paste it below.")
            )

    def _set_value(self, key: str, value: str, run: int) -> None:
        self._editing.typed(SetValue(key, value), run=run)

    def _remove_emptied(self, key: str, run: int) -> None:
        self._editing.typed(RemoveKeys(frozenset({key})), run=run)

    def remove_selected(self) -> None:
        """Remove the selected keys, asking first about those that are needed."""
        rows = [row for row in self.table.selected() if row.new is not None]
        keys = frozenset(row.key for row in rows)
        if keys:
            self._editing.edit(RemoveKeys(keys))

    def duplicate_selected(self) -> None:
        """Add the selected keys once more under new names."""
        rows = [row for row in self.table.selected() if row.new is not None]
        copied = {row.key: row.value for row in rows if not self._editing.is_placeholder(row.value)}
        copies = duplicates(copied, self._editing.metadata)
        title = self.tr("Duplicate {keys}").format(keys=text.counted(len(copies), "key"))
        if copies and self._editing.edit(ReplaceAll(copies, title)):
            self.table.select_keys(list(copies))

    def move_selected(self, *, down: bool) -> None:
        """Put the selected keys one place further up or down."""
        metadata = self._editing.metadata
        keys = {row.key for row in self.table.selected() if row.new is not None}
        edits = difference(metadata, moved(keys, metadata, down=down))
        if edits:
            title = self.tr("Move {keys}").format(keys=text.counted(len(keys), "key"))
            self._editing.edit(*edits, title=title)

    def _restore(self, key: str) -> None:
        place = self._model.place_of(key)
        original = None if place is None else self._model.row_at(place).original
        if original is not None:
            self._editing.edit(
                SetValue(key, original), title=self.tr("Use original value"), ask=False
            )

    def copy_selected(self) -> None:
        """Copy the selected keys with their values."""
        if self.table.selected():
            copy(self.table.selected_text())

    def paste(self) -> None:
        """Set every key that the text on the clipboard names; a picture is imported."""
        sources = import_sources(QGuiApplication.clipboard().mimeData())
        if sources:
            self.import_requested.emit(sources)
            return
        try:
            pasted = parse_pasted(QGuiApplication.clipboard().text())
        except ValueError as mistake:
            self._editing.tell(
                self.tr("Nothing was pasted. {reason}").format(reason=mistake), "bad"
            )
            return
        title = self.tr("Paste {number} keys").format(number=len(pasted.values))
        if self._editing.edit(ReplaceAll(pasted.values, title)):
            self.table.select_keys(list(pasted.values))
            self._editing.tell(self._about(pasted))

    def _about(self, pasted: Pasted) -> str:
        told = self.tr("{number} keys pasted.").format(number=text.count(len(pasted.values)))
        if pasted.encoded:
            keys = ", ".join(map(one_line, pasted.encoded))
            told += " " + self.tr("Written as JSON, because no text: {keys}.").format(keys=keys)
        if pasted.repeated:
            keys = ", ".join(map(one_line, pasted.repeated))
            told += " " + self.tr("Named more than once, the last one counts: {keys}.").format(
                keys=keys
            )
        return told

    def _select_next(self, search: Search) -> None:
        keys = self._editing.matching_keys(search)
        current = [row.key for row in self.table.selected()][-1:]
        place = keys.index(current[0]) + 1 if current and current[0] in keys else 0
        if keys:
            self.table.select_keys([keys[place % len(keys)]])

    def _replace(self, search: Search, replacement: str) -> None:
        try:
            done = self._editing.replaced(search, replacement)
        except ValueError as mistake:
            self.find_bar.show_mistake(str(mistake))
            return
        title = self.tr("Replace “{text}”").format(text=one_line(search.text, 30))
        if done.edits and not self._editing.edit(*done.edits, title=title):
            return
        if done.edits or done.unfit:
            self._editing.tell(self._about_replaced(done, search), "warn" if done.unfit else "dim")

    def _about_replaced(self, done: Replaced, search: Search) -> str:
        found = done.found
        told = self.tr("{matches} matches replaced in {places}.").format(
            matches=text.count(found.matches), places=places(found, search)
        )
        if found.left_out:
            left_out = self.tr("Long values not searched with this pattern: {number}.")
            told += " " + left_out.format(number=text.count(found.left_out))
        if done.unfit:
            keys = ", ".join(map(one_line, done.unfit))
            told += " " + self.tr("Left as it was, it would be JSON no more: {keys}.").format(
                keys=keys
            )
        return told
