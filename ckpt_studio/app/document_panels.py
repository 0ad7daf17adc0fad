"""The Tensors and Metadata panels in the window: built late, following the session."""

from collections.abc import Callable
from typing import Protocol, cast

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.app.session import Session


class _DocumentPanel(Protocol):
    picker: DocumentPicker
    document_chosen: SignalInstance
    failed: SignalInstance

    def show_document(self, document: Document | None) -> None: ...


class DocumentPanels(QObject):
    """Builds the two panels on their first visit and shows them the current document."""

    failed = Signal(Exception)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._panels: list[_DocumentPanel] = []
        self.tensors = LatePanel(lambda: self._built(_tensors_panel))
        self.metadata = LatePanel(lambda: self._built(_metadata_panel))
        session.files_changed.connect(self._offer_documents)
        session.current_changed.connect(self._show_current)

    def _built(self, build: Callable[[], QWidget]) -> QWidget:
        widget = build()
        panel = cast("_DocumentPanel", widget)
        panel.document_chosen.connect(self._session.show_document)
        panel.failed.connect(self.failed)
        self._panels.append(panel)
        self._offer_documents()
        panel.show_document(self._session.current)
        return widget

    def _offer_documents(self) -> None:
        for panel in self._panels:
            panel.picker.set_documents((self._session.new_checkpoint, *self._session.documents))

    def _show_current(self, document: Document) -> None:
        for panel in self._panels:
            panel.show_document(document)


def _tensors_panel() -> QWidget:
    from ckpt_studio.app.panels.tensors import TensorsPanel  # noqa: PLC0415 - on its first visit

    return TensorsPanel()


def _metadata_panel() -> QWidget:
    from ckpt_studio.app.panels.metadata import MetadataPanel  # noqa: PLC0415 - on its first visit

    return MetadataPanel()
