"""Chooses which of the open documents a panel shows."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.core.telling_apart import told_apart

_WIDTH = 300


class DocumentPicker(QComboBox):
    """A list of documents by title, with the folder where titles are alike, and the path as tip."""

    document_chosen = Signal(object)  # Document

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("File"))
        self.setMinimumWidth(120)
        self.setMaximumWidth(_WIDTH)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._documents: tuple[Document, ...] = ()
        self.activated.connect(self._choose)
        self.hide()

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these documents; the current one stays when it is among them."""
        current = self.current
        for document in self._documents:
            document.title_changed.disconnect(self._retitle)
        self._documents = tuple(documents)
        self.clear()
        for document in documents:
            self.addItem("")
            document.title_changed.connect(self._retitle)
        self._retitle()
        self.show_current(current)
        self.setVisible(bool(documents))

    @property
    def current(self) -> Document | None:
        """The document chosen."""
        place = self.currentIndex()
        return self._documents[place] if 0 <= place < len(self._documents) else None

    def show_current(self, document: Document | None) -> None:
        """Choose a document without announcing it; one that is not offered is added."""
        if document is not None and document not in self._documents:
            self.set_documents((*self._documents, document))
        place = self._documents.index(document) if document in self._documents else -1
        self.setCurrentIndex(place)

    def _retitle(self) -> None:
        titles = [document.title for document in self._documents]
        names = told_apart(titles, [document.path for document in self._documents])
        for place, (name, document) in enumerate(zip(names, self._documents, strict=True)):
            self.setItemText(place, name)
            self.setItemData(place, str(document.path or ""), Qt.ItemDataRole.ToolTipRole)

    def _choose(self, place: int) -> None:
        self.document_chosen.emit(self._documents[place])
