"""The Metadata panel: the metadata of a document as a table, a form or JSON, with undo."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from ckpt_studio.app.document import Document
from ckpt_studio.app.metadata_templates import MetadataTemplates
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels.metadata_cleaning import CleanDialog
from ckpt_studio.app.panels.metadata_editing import MetadataEditing
from ckpt_studio.app.panels.metadata_export import MetadataExport, offered
from ckpt_studio.app.panels.metadata_form import MetadataForm
from ckpt_studio.app.panels.metadata_import import ImportDialog
from ckpt_studio.app.panels.metadata_json import Draft, MetadataJson
from ckpt_studio.app.panels.metadata_keys import MetadataKeys
from ckpt_studio.app.panels.metadata_menus import MetadataMenus
from ckpt_studio.app.panels.metadata_meter import MetadataMeter
from ckpt_studio.app.panels.metadata_needed import may_leave_out_text
from ckpt_studio.app.panels.metadata_readings import ReadingsDialog
from ckpt_studio.app.panels.metadata_several import SeveralDialog
from ckpt_studio.app.panels.metadata_sources import IMPORT_ENDINGS, import_sources
from ckpt_studio.app.panels.metadata_switch import MetadataSwitch, MetadataView
from ckpt_studio.app.panels.metadata_template_menu import TemplateMenu
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.editing.modelspec_known import known_fields, still_missing
from ckpt_studio.core.metadata import Edit, Metadata, RemoveKeys, ReplaceAll, SetValue
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.recognition import Opened
from ckpt_studio.qt.labels import ElidedLabel, label, set_property
from ckpt_studio.qt.wrapping_row import WrappingRow


class MetadataPanel(QWidget):
    """Shows the metadata of one document; every change goes through ``Document.edit``."""

    document_chosen = Signal(object)  # Document
    save_requested = Signal(object)  # Document
    import_left = Signal(tuple)  # of Path: what follows the one that was offered
    failed = Signal(Exception)

    def __init__(
        self, templates: MetadataTemplates | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("metadataPanel")
        self._templates = templates or MetadataTemplates(Settings().template_file, self)
        self._editing = MetadataEditing(self)
        self.picker = DocumentPicker()
        self.picker.setObjectName("metadataDocument")
        self._save = QPushButton(self.tr("&Save to file"))
        self._save.setObjectName("metadataSave")
        self._save.setProperty("role", "primary")
        self._switch, self._menus = MetadataSwitch(), MetadataMenus()
        self.keys, self.json = MetadataKeys(self._editing), MetadataJson()
        self._form: MetadataForm | None = None
        self._form_page = LatePanel(self._form_built)
        self._fill = TemplateMenu(
            self._menus.templates, self._templates, self.keys.selected_values, self
        )
        self._exports = MetadataExport(self._editing, self)
        self._stale = True
        self._documents: tuple[Document, ...] = ()
        self._files: tuple[Document, ...] = ()
        self._drafts: WeakKeyDictionary[Document, Draft] = WeakKeyDictionary()
        self._measured: tuple[Opened, int] | None = None  # a file, bytes of its table of tensors
        self._views = QStackedWidget()
        self.meter = MetadataMeter()
        self._notice = ElidedLabel(role="dim")
        self._notice.setObjectName("metadataNotice")
        self._build()
        self._connect()
        self.setFocusProxy(self.keys)
        self.show_document(None)

    def _build(self) -> None:
        head = WrappingRow(8)
        head.add(label(self.tr("Metadata"), "h1"))
        head.add(self._switch)
        head.push_right()
        head.add(self.picker)
        head.add(self._menus)
        head.add(self._save)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 12)
        column.setSpacing(10)
        column.addWidget(head)
        column.addWidget(self._notice)
        column.addWidget(self._views, 1)
        column.addWidget(self.meter)
        for view in (self.keys, self._form_page, self.json):
            self._views.addWidget(view)

    def _connect(self) -> None:
        editing, menus = self._editing, self._menus
        self.picker.document_chosen.connect(self.document_chosen)
        self._save.clicked.connect(self._ask_save)
        self._switch.chosen.connect(self.show_view)
        editing.told.connect(self._tell)
        menus.export_requested.connect(self._exports.start)
        menus.export_opening.connect(self._offer_exports)
        self._exports.failed.connect(self.failed)
        self.keys.failed.connect(self.failed)
        menus.clean_requested.connect(self._ask_clean)
        menus.import_requested.connect(self._choose_import)
        menus.import_pasted_requested.connect(self._import_pasted)
        self.keys.import_requested.connect(self._import_all)
        fill = self._fill
        fill.chosen.connect(self._fill_in)
        fill.known_requested.connect(self._fill_in_known)
        fill.several_requested.connect(self._edit_several)
        fill.failed.connect(self.failed)
        menus.readings_requested.connect(self._show_readings)
        self.json.edited.connect(self._set_all)
        self.json.finished.connect(editing.settle_soon)
        self._connect_undo(self.json)
        for keys in (QKeySequence.StandardKey.Find, QKeySequence.StandardKey.Replace):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._find)

    def _connect_undo(self, view: MetadataForm | MetadataJson) -> None:
        view.undo_requested.connect(self._editing.undo)
        view.redo_requested.connect(self._editing.redo)

    def _form_built(self, parent: QWidget) -> QWidget:
        form = self._form = MetadataForm(parent)
        form.value_edited.connect(self._set_field)
        form.finished.connect(self._editing.settle_soon)
        self._connect_undo(form)
        parent.setFocusProxy(form)
        return form

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these documents for choice."""
        self.picker.set_documents(documents)
        self._documents = tuple(documents)
        self._files = tuple(document for document in documents if not document.assembled)
        self._fill.files = len(self._files)

    def show_document(self, document: Document | None) -> None:
        """Show the metadata of a document."""
        if document is not self._editing.document or document is None:
            self._forget()
            self._editing.document = document
            self.json.start_with(self._drafts.pop(document, None) if document else None)
            self._listen()
        self.picker.show_current(document)
        self.setEnabled(document is not None)
        self._refresh()

    def show_view(self, view: MetadataView) -> None:
        """Show the metadata as a table, a form or JSON."""
        self.finish_editing()
        self._switch.show_view(view)
        if view is MetadataView.FORM:
            self._form_page.ensure_built()
        self._views.setCurrentIndex(int(view))
        self.setFocusProxy((self.keys, self._form_page, self.json)[view])
        self._show_view()
        self._remind()

    def _remind(self) -> None:
        """Say outside its view that a text is not part of the metadata yet."""
        said = self.tr("The JSON text has a mistake, is not taken over and waits in its view.")
        if self.json.draft is not None and self._views.currentWidget() is not self.json:
            self._tell(said, "bad")
        elif self._notice.full_text == said:
            self._tell("")

    def start(self, name: str) -> None:
        """Do what an action of the menus of the panel does, or its button."""
        if name == "metadataFindOpen":
            self._find()
            return
        self._offer_exports()
        self._fill.fill()
        action = self.findChild(QAction, name)
        if action is not None and action.isVisible() and action.isEnabled():
            action.trigger()
        else:
            self._tell(self.tr("There is nothing here that this can be done with."))

    def _find(self) -> None:
        if self._views.currentWidget() is not self.keys:
            self.show_view(MetadataView.TABLE)
        self.keys.start_finding()

    def finish_editing(self) -> None:
        """Pass on what was typed last."""
        self.keys.finish()
        self.json.finish()
        if self._form is not None:
            self._form.finish()
        self._editing.settle()

    def with_mistakes(self) -> tuple[Document, ...]:
        """Return the documents whose JSON text was not taken over, because of a mistake in it."""
        self.finish_editing()
        shown = self._editing.document if self.json.draft is not None else None
        return tuple(one for one in self._documents if one is shown or one in self._drafts)

    def stop(self) -> None:
        """Wait for what runs."""
        for part in (self.keys, self._exports):
            part.stop()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def _forget(self) -> None:
        self.finish_editing()
        self.keys.forget()
        self._notice.hide()
        document = self._editing.document
        if document is not None:
            if self.json.draft is not None:
                self._drafts[document] = self.json.draft
            document.metadata_changed.disconnect(self._refresh)
            document.original_changed.disconnect(self._refresh)
            document.opened_changed.disconnect(self._show_size)
            document.undo_stack.cleanChanged.disconnect(self._show_saved)

    def _listen(self) -> None:
        document = self._editing.document
        if document is not None:
            document.metadata_changed.connect(self._refresh)
            document.original_changed.connect(self._refresh)
            document.opened_changed.connect(self._show_size)
            document.undo_stack.cleanChanged.connect(self._show_saved)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def _refresh(self) -> None:
        """Show the document as it is now; what is hidden does so when it is shown."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        document = self._editing.document
        self._show_size()
        self._save.setVisible(document is not None and not document.assembled)
        self._show_saved(document is None or document.undo_stack.isClean())
        self._show_view()  # last, because it may start work that takes time from the others

    def _show_view(self) -> None:
        """Only the view that is seen is kept up to date."""
        shown = self._views.currentWidget()
        if shown is self.keys:
            self.keys.refresh()
        elif self._form is not None and shown is self._form_page:
            self._form.show_metadata(self._editing.metadata)
        elif shown is self.json:
            self.json.show_metadata(self._editing.metadata)

    def _show_size(self) -> None:
        document = self._editing.document
        whole = document is not None and document.opened is not None
        self.meter.show_size(self._header_bytes(), whole=whole)

    def _header_bytes(self) -> int:
        opened = self._editing.document.opened if self._editing.document else None
        size = self.meter.bytes_of(self._editing.metadata)
        if opened is None:
            return size
        if self._measured is None or self._measured[0] is not opened:
            checkpoint = opened.checkpoint
            table = checkpoint.header_bytes - self.meter.bytes_before(checkpoint.metadata)
            self._measured = opened, table
        return size + self._measured[1]

    def _show_saved(self, clean: bool) -> None:
        self._save.setEnabled(not clean)
        self._save.setToolTip(
            self.tr("There are no edits to save.") if clean else self.tr("Write the edits")
        )

    def _tell(self, message: str, role: str = "dim") -> None:
        set_property(self._notice, "role", role)
        self._notice.set_text(message)
        self._notice.setVisible(bool(message))

    def _set_field(self, key: str, value: str, run: int) -> None:
        edit = SetValue(key, value) if value else RemoveKeys(frozenset({key}))
        self._editing.typed(edit, run=run)

    def _set_all(self, edits: tuple[Edit, ...], run: int) -> None:
        self._editing.typed(*edits, title=self.tr("Edit as JSON"), run=run)

    def may_save(self) -> bool:
        """Take over what was typed last; ask where a JSON text with a mistake would be left out."""
        return self._editing.document not in self.with_mistakes() or may_leave_out_text(self)

    def _ask_save(self) -> None:
        may = self.may_save()
        self._remind()
        if may and self._save.isEnabled():  # else what was typed was taken back
            self.save_requested.emit(self._editing.document)

    def _ask_clean(self) -> None:
        self.finish_editing()
        dialog = CleanDialog(self._editing.metadata, self)
        title = self.tr("Clean for sharing")
        dialog.cleaned.connect(lambda edits: self._editing.edit(*edits, title=title))
        dialog.exec()
        dialog.deleteLater()

    def _fill_in(self, name: str, template: Metadata) -> None:
        self.finish_editing()
        title = self.tr("Fill in “{name}”").format(name=one_line(name))
        self._editing.edit(ReplaceAll(template, title))

    def _fill_in_known(self) -> None:
        self.finish_editing()
        document, title = self._editing.document, self.tr("Fill in what is known")
        found = document.opened.recognition if document and document.opened else None
        known = known_fields(
            self._editing.metadata,
            found.architecture if found else None,
            found.prediction if found else None,
            document.path if document else None,
            date.today(),
        )
        self._editing.edit(ReplaceAll(known, title))
        missing = ", ".join(still_missing(self._editing.metadata))
        told = self.tr("Still to fill in: {fields}.").format(fields=missing)
        self._editing.tell(told if missing else self.tr("All required fields are filled in."))

    def import_from(self, source: Path | bytes) -> None:
        """Offer what a picture, a video, a text or another model says; take over what is ticked."""
        self.finish_editing()
        dialog = ImportDialog(source, self._editing.metadata, self)
        title = self.tr("Import from {name}")
        name = source.name if isinstance(source, Path) else self.tr("picture")
        dialog.imported.connect(
            lambda edits: self._editing.edit(*edits, title=title.format(name=one_line(name)))
        )
        dialog.exec()
        dialog.deleteLater()

    def _choose_import(self) -> None:
        settings = Settings()
        name, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Import into metadata"),
            settings.image_folder,
            self.tr("Pictures, videos, sounds, JSON, models ({endings});;All files (*)").format(
                endings=" ".join(f"*{ending}" for ending in IMPORT_ENDINGS)
            ),
        )
        if name:
            settings.image_folder = str(Path(name).parent)
            self.import_from(Path(name))

    def _import_pasted(self) -> None:
        sources = import_sources(QGuiApplication.clipboard().mimeData())
        if sources:
            self._import_all(sources)
        else:
            self._tell(self.tr("There is nothing on the clipboard that can be imported."), "bad")

    def _import_all(self, sources: tuple[Path | bytes, ...]) -> None:
        first, *others = sources
        self.import_from(first)
        if others:
            self.import_left.emit(tuple(others))

    def _edit_several(self) -> None:
        self.finish_editing()
        dialog = SeveralDialog(self._files, self)
        dialog.save_requested.connect(self.save_requested)
        dialog.exec()
        dialog.deleteLater()

    def _show_readings(self) -> None:
        dialog = ReadingsDialog(self._editing.metadata, self._header_bytes(), self)
        dialog.exec()
        dialog.deleteLater()

    def _offer_exports(self) -> None:
        found = offered(self._editing.metadata)
        self._menus.offer_exports(
            workflow=bool(found.workflow),
            prompts=found.prompts,
            thumbnail=bool(found.thumbnail),
        )
