"""The Metadata panel: every key of a document, before and after, to edit with undo."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels.metadata_bar import MetadataBar
from ckpt_studio.app.panels.metadata_cleaning import CleanDialog
from ckpt_studio.app.panels.metadata_editor import MetadataEditor
from ckpt_studio.app.panels.metadata_find_bar import FindBar
from ckpt_studio.app.panels.metadata_key_bar import KeyBar
from ckpt_studio.app.panels.metadata_meter import MetadataMeter
from ckpt_studio.app.panels.metadata_needed import may_lose
from ckpt_studio.app.panels.metadata_readings import ReadingsDialog
from ckpt_studio.app.panels.metadata_table import MetadataTable
from ckpt_studio.app.panels.save_text import save_text
from ckpt_studio.core import text
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.header_size import metadata_bytes
from ckpt_studio.core.json_text import check
from ckpt_studio.core.metadata import Edit, Metadata, RemoveKeys, RenameKey, ReplaceAll, SetValue
from ckpt_studio.core.metadata_rows import MetadataRow, State, rows_of
from ckpt_studio.core.metadata_rules import check_new_key, library_clash
from ckpt_studio.core.pasted_metadata import Pasted, as_json, as_pasted, parse_pasted
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.replacing import Found, Search, count, keys_lost, matching_keys, replaced
from ckpt_studio.qt.labels import ElidedLabel, label, set_property
from ckpt_studio.qt.metadata_model import MetadataModel


class MetadataPanel(QWidget):
    """Shows the metadata of one document; every change goes through ``Document.edit``."""

    document_chosen = Signal(object)  # Document
    save_requested = Signal(object)  # Document
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("metadataPanel")
        self._document: Document | None = None
        self._new_key = ""
        self.picker = DocumentPicker()
        self.picker.setObjectName("metadataDocument")
        self._save = QPushButton(self.tr("&Save metadata to file"))
        self._save.setObjectName("metadataSave")
        self._save.setProperty("role", "primary")
        self._model = MetadataModel(self)
        self.table = MetadataTable(self._model)
        self.bar, self.editor, self.meter = MetadataBar(), MetadataEditor(), MetadataMeter()
        self.key_bar, self.find_bar = KeyBar(self._key_mistake), FindBar(self._count)
        self._notice = ElidedLabel(role="dim")
        self._notice.setObjectName("metadataNotice")
        self._build()
        self._connect()
        self.setFocusProxy(self.table)
        self.show_document(None)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Metadata"), "h1"))
        head.addStretch()
        head.addWidget(self.picker)
        head.addWidget(self._save)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.editor)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        self.table.setMinimumHeight(90)
        self.editor.setMinimumHeight(110)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 12)
        column.setSpacing(10)
        column.addLayout(head)
        for widget in (self.bar, self.key_bar, self.find_bar, self._notice):
            column.addWidget(widget)
        column.addWidget(split, 1)
        column.addWidget(self.meter)

    def _connect(self) -> None:
        self.picker.document_chosen.connect(self.document_chosen)
        self._save.clicked.connect(self._ask_save)
        bar, table, editor = self.bar, self.table, self.editor
        bar.json_requested.connect(self._add_json)
        bar.find_requested.connect(self._start_finding)
        bar.export_requested.connect(self._export)
        bar.copy_all_requested.connect(self._copy_all)
        bar.clean_requested.connect(self._ask_clean)
        bar.readings_requested.connect(self._show_readings)
        for source in (bar, table):
            source.add_requested.connect(self._start_adding)
            source.remove_requested.connect(self.remove_selected)
            source.rename_requested.connect(self._start_renaming)
            source.paste_requested.connect(self.paste)
        table.copy_requested.connect(self.copy_selected)
        table.edit_requested.connect(editor.focus_value)
        table.chosen.connect(self._show_value)
        editor.value_edited.connect(self._set_value)
        editor.emptied.connect(self._remove_emptied)
        editor.restore_requested.connect(self._restore)
        editor.undo_requested.connect(self._undo)
        editor.redo_requested.connect(self._redo)
        self.key_bar.confirmed.connect(self._name_key)
        self.find_bar.next_requested.connect(self._select_next)
        self.find_bar.replace_requested.connect(self._replace)
        self._shortcut(QKeySequence(QKeySequence.StandardKey.Find), self._start_finding)
        self._shortcut(QKeySequence(QKeySequence.StandardKey.Replace), self._start_finding)

    def _shortcut(self, keys: QKeySequence, act: Callable[[], object]) -> None:
        shortcut = QShortcut(keys, self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these documents for choice."""
        self.picker.set_documents(documents)

    def show_document(self, document: Document | None) -> None:
        """Show the metadata of a document."""
        if document is not self._document or document is None:
            self._forget()
            self._document = document
            self._listen()
        self.picker.show_current(document)
        self.setEnabled(document is not None)
        self._refresh()

    def _forget(self) -> None:
        self.editor.finish()
        self._new_key = ""
        self.key_bar.hide()
        self._notice.hide()
        if self._document is not None:
            self._document.metadata_changed.disconnect(self._refresh)
            self._document.original_changed.disconnect(self._refresh)
            self._document.opened_changed.disconnect(self._show_size)
            self._document.undo_stack.cleanChanged.disconnect(self._show_saved)

    def _listen(self) -> None:
        if self._document is not None:
            self._document.metadata_changed.connect(self._refresh)
            self._document.original_changed.connect(self._refresh)
            self._document.opened_changed.connect(self._show_size)
            self._document.undo_stack.cleanChanged.connect(self._show_saved)

    @property
    def _metadata(self) -> Metadata:
        return self._document.metadata if self._document else {}

    def _refresh(self) -> None:
        document = self._document
        rows: list[MetadataRow] = []
        if document is not None:
            rows = rows_of(document.original, document.metadata, document.edits_since_original())
        keys = [row.key for row in self.table.selected()]
        self._model.show_rows(rows)
        if self._new_key in self._metadata:
            keys, self._new_key = [self._new_key], ""
        self.table.select_keys(keys)
        self._show_value()
        self._show_size()
        self._save.setVisible(document is not None and not document.assembled)
        self._show_saved(document is None or document.undo_stack.isClean())
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
            self.editor.show_nothing(chosen)
        elif not self._new_key:
            self.editor.show_nothing(self.tr("Choose a key to see its value."))

    def _show_row(self, row: MetadataRow) -> None:
        needed = self.tr("Needed: {reason}.").format(reason=row.needed) if row.needed else ""
        note = needed or library_clash(row.key)
        if row.state is State.REMOVED:
            note = self.tr("Removed when the file is saved.")
        self.editor.show_value(
            row.key,
            row.value,
            editable=row.new is not None,
            changed=row.original is not None and row.new != row.original,
            note=note,
        )

    def _show_size(self) -> None:
        opened = self._document.opened if self._document else None
        self.meter.show_size(self._header_bytes(), whole=opened is not None)

    def _header_bytes(self) -> int:
        opened = self._document.opened if self._document else None
        size = self.meter.bytes_of(self._metadata)
        if opened is None:
            return size
        return size + opened.checkpoint.header_bytes - metadata_bytes(opened.checkpoint.metadata)

    def _show_saved(self, clean: bool) -> None:
        self._save.setEnabled(not clean)
        self._save.setToolTip(
            self.tr("There are no edits to save.") if clean else self.tr("Write the edits")
        )

    def _tell(self, message: str, role: str = "dim") -> None:
        set_property(self._notice, "role", role)
        self._notice.set_text(message)
        self._notice.setVisible(bool(message))

    def _edit(self, *edits: Edit, title: str = "", merge: int = -1) -> bool:
        """Make an edit, or say why it cannot be made."""
        if self._document is None:
            return False
        try:
            self._document.edit(*edits, title=title, merge=merge)
        except ValueError as mistake:
            self._tell(str(mistake), "bad")
            return False
        self._tell("")
        return True

    def _start_finding(self) -> None:
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
            check_new_key(new, {key: "" for key in self._metadata if key != old})
        except ValueError as mistake:
            return str(mistake)
        return ""

    def _name_key(self, old: str, new: str) -> None:
        if not old:
            self._open_new(new)
        elif self._edit(RenameKey(old, new)):
            self.table.select_keys([new])
            self.table.setFocus()

    def _open_new(self, key: str) -> None:
        self._new_key = key
        self.table.clearSelection()
        note = self.tr("The key is added once it has a value.")
        self.editor.show_value(key, "", editable=True, note=note)
        self.editor.focus_value()

    def _add_json(self, key: str) -> None:
        copied = QGuiApplication.clipboard().text().strip()
        if copied.startswith("{") and check(copied) is None:
            if self._edit(SetValue(key, copied)):
                self.table.select_keys([key])
                self._tell(self.tr("“{key}” was taken from the clipboard.").format(key=key))
        elif key in self._metadata:
            self.table.select_keys([key])
            self.editor.focus_value()
        else:
            self._open_new(key)
            self._tell(self.tr("There is no JSON on the clipboard; type or paste it below."))

    def _set_value(self, key: str, value: str, run: int) -> None:
        self._edit(SetValue(key, value), merge=run)

    def _remove_emptied(self, key: str) -> None:
        if not may_lose(frozenset({key}), self) or not self._edit(RemoveKeys(frozenset({key}))):
            self._show_value()

    def remove_selected(self) -> None:
        """Remove the selected keys, asking first about those that are needed."""
        rows = [row for row in self.table.selected() if row.new is not None]
        keys = frozenset(row.key for row in rows)
        if keys and may_lose(keys, self):
            self._edit(RemoveKeys(keys))

    def _restore(self, key: str) -> None:
        place = self._model.place_of(key)
        original = None if place is None else self._model.row_at(place).original
        if original is not None:
            self._edit(SetValue(key, original), title=self.tr("Use original value"))

    def copy_selected(self) -> None:
        """Copy the selected keys with their values."""
        rows = self.table.selected()
        if rows:
            copied = as_pasted({row.key: row.value for row in rows})
            QGuiApplication.clipboard().setText(copied)

    def paste(self) -> None:
        """Set every key that the text on the clipboard names."""
        try:
            pasted = parse_pasted(QGuiApplication.clipboard().text())
        except ValueError as mistake:
            self._tell(self.tr("Nothing was pasted. {reason}").format(reason=mistake), "bad")
            return
        title = self.tr("Paste {number} keys").format(number=len(pasted.values))
        if self._edit(ReplaceAll(pasted.values, title)):
            self.table.select_keys(list(pasted.values))
            self._tell(self._about(pasted))

    def _about(self, pasted: Pasted) -> str:
        told = self.tr("{number} keys pasted.").format(number=text.count(len(pasted.values)))
        if pasted.encoded:
            keys = ", ".join(map(one_line, pasted.encoded))
            told += " " + self.tr("Written as JSON, because no text: {keys}.").format(keys=keys)
        return told

    def _count(self, search: Search) -> Found:
        return count(search, self._metadata)

    def _select_next(self, search: Search) -> None:
        keys = matching_keys(search, self._metadata)
        current = [row.key for row in self.table.selected()][-1:]
        place = keys.index(current[0]) + 1 if current and current[0] in keys else 0
        if keys:
            self.table.select_keys([keys[place % len(keys)]])

    def _replace(self, search: Search, replacement: str) -> None:
        try:
            edits = replaced(search, replacement, self._metadata)
        except ValueError as mistake:
            self.find_bar.show_mistake(str(mistake))
            return
        found = self._count(search)
        title = self.tr("Replace “{text}”").format(text=one_line(search.text, 30))
        if edits and may_lose(keys_lost(edits), self) and self._edit(*edits, title=title):
            told = self.tr("{matches} matches replaced in {rows} keys.")
            self._tell(told.format(matches=found.matches, rows=found.rows))

    def _undo(self) -> None:
        if self._document is not None:
            self._document.undo_stack.undo()

    def _redo(self) -> None:
        if self._document is not None:
            self._document.undo_stack.redo()

    def _ask_save(self) -> None:
        self.editor.finish()
        self.save_requested.emit(self._document)

    def _ask_clean(self) -> None:
        self.editor.finish()
        dialog = CleanDialog(self._metadata, self)
        title = self.tr("Clean for sharing")
        dialog.cleaned.connect(lambda edits: self._edit(*edits, title=title))
        dialog.exec()
        dialog.deleteLater()

    def _show_readings(self) -> None:
        dialog = ReadingsDialog(self._metadata, self._header_bytes(), self)
        dialog.exec()
        dialog.deleteLater()

    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setText(as_json(self._metadata))

    def _export(self) -> None:
        source = self._document.path if self._document else None
        suggested = (source or Path("metadata")).with_suffix(".json")
        try:
            save_text(self, self.tr("Export metadata"), suggested, as_json(self._metadata))
        except WriteError as error:
            self.failed.emit(error)
