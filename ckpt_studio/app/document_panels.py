"""The Tensors and Metadata panels in the window: built late, following the session."""

from pathlib import Path
from typing import TYPE_CHECKING, Union

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.job_log import JobLog
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.text import counted
from ckpt_studio.qt.banner import Message, Remedy

if TYPE_CHECKING:
    from ckpt_studio.app.panels.metadata import MetadataPanel
    from ckpt_studio.app.panels.tensors import TensorsPanel
    from ckpt_studio.app.tensor_jobs import TensorJobs


_DocumentPanel = Union["TensorsPanel", "MetadataPanel"]


class DocumentPanels(QObject):
    """Builds the two panels on their first visit and shows them the current document."""

    failed = Signal(Exception)
    save_requested = Signal(object)  # Document
    open_requested = Signal(object)  # Path
    message = Signal(Message)

    def __init__(
        self, session: Session, log: JobLog, saving: Saving, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._log, self._saving = session, log, saving
        self._tensor_jobs: TensorJobs | None = None
        self._panels: list[_DocumentPanel] = []
        self._metadata_panel: MetadataPanel | None = None
        self.tensors = LatePanel(self._tensors_built)
        self.metadata = LatePanel(self._metadata_built)
        session.files_changed.connect(self._offer_documents)
        session.current_changed.connect(self._show_current)

    def stop(self) -> None:
        """Wait for what runs in the background."""
        if self._tensor_jobs is not None:
            self._tensor_jobs.stop()
        if self._metadata_panel is not None:
            self._metadata_panel.stop()

    def may_save(self) -> bool:
        """Take over what is still being typed; return False where nothing is to be saved then."""
        stack = self._session.current.undo_stack
        edited = not stack.isClean()
        panel = self._metadata_panel
        may = panel is None or panel.may_save()
        return may and not (edited and stack.isClean())

    def with_mistakes(self) -> tuple[str, ...]:
        """Return the titles of the documents whose JSON text was not taken over."""
        panel = self._metadata_panel
        return tuple(document.title for document in panel.with_mistakes()) if panel else ()

    def _tensors_built(self, parent: QWidget) -> QWidget:
        from ckpt_studio.app.panels.tensors import TensorsPanel  # noqa: PLC0415 - on first visit
        from ckpt_studio.app.tensor_jobs import TensorJobs  # noqa: PLC0415

        panel = TensorsPanel(parent)
        self._tensor_jobs = TensorJobs(self._session, self._log, self._saving, panel)
        self._tensor_jobs.message.connect(self.message)
        self._tensor_jobs.open_requested.connect(self.open_requested)
        self._follow(panel)
        return panel

    def _metadata_built(self, parent: QWidget) -> QWidget:
        from ckpt_studio.app.panels.metadata import MetadataPanel  # noqa: PLC0415 - on first visit

        panel = MetadataPanel(parent=parent)
        panel.save_requested.connect(self.save_requested)
        panel.import_left.connect(self._offer_next)
        self._metadata_panel = panel
        self._follow(panel)
        return panel

    def import_from(self, files: tuple[Path, ...]) -> None:
        """Offer what pictures, videos or texts say to the metadata of the document, one by one."""
        first, *others = files
        self.metadata.ensure_built()
        if self._metadata_panel is not None:
            self._metadata_panel.import_from(first)
        if others:
            self._offer_next(tuple(others))

    @Slot(tuple)
    def _offer_next(self, others: tuple[Path, ...]) -> None:
        what = self.tr("{files} left to import into the metadata.")
        following = self.tr("The next one is {name}.").format(name=one_line(others[0].name))
        go_on = Remedy(self.tr("Import the next"), lambda: self.import_from(others))
        told = what.format(files=counted(len(others), "file"))
        self.message.emit(Message(told, following, kind="note", remedies=(go_on,)))

    def start_in_metadata(self, name: str) -> None:
        """Do what an action or a button of the Metadata panel does."""
        self.metadata.ensure_built()
        if self._metadata_panel is not None:
            self._metadata_panel.start(name)

    def _follow(self, panel: _DocumentPanel) -> None:
        panel.document_chosen.connect(self._session.show_document)
        panel.failed.connect(self.failed)
        self._panels.append(panel)
        self._offer_documents()
        panel.show_document(self._session.current)

    def _offer_documents(self) -> None:
        for panel in self._panels:
            panel.set_documents((self._session.new_checkpoint, *self._session.documents))

    def _show_current(self, document: Document) -> None:
        for panel in self._panels:
            panel.show_document(document)
