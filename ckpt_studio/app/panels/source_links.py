"""The way from a new checkpoint to the files it is made of: what is told of files only."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt.labels import label, plain_tip

_LONGEST = 28
_MOST = 6


class SourceLinks(QWidget):
    """A sentence and a button for each source; hidden while there are none."""

    chosen = Signal(object)  # Document

    def __init__(self, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sourceLinks")
        self._buttons: list[QPushButton] = []
        self._documents: tuple[Document, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addWidget(label(sentence, "dim", wrap=True))
        self.hide()

    def show_documents(self, documents: Sequence[Document]) -> None:
        """Offer these files, the first few of many."""
        shown = tuple(documents[:_MOST])
        if shown != self._documents:
            self._documents = shown
            for button in self._buttons:
                self._column.removeWidget(button)
                button.hide()
                button.deleteLater()
            self._buttons = [self._button(document) for document in shown]
            for button in self._buttons:
                self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.setVisible(bool(shown))

    def _button(self, document: Document) -> QPushButton:
        name = one_line(document.title)
        button = QPushButton(short_name(name).replace("&", "&&"))
        button.setObjectName("sourceLink")
        button.setProperty("role", "link")
        button.setAccessibleName(self.tr("Look at the file itself: {name}").format(name=name))
        button.setToolTip(plain_tip(button.accessibleName()))
        button.clicked.connect(lambda _=False: self.chosen.emit(document))
        return button


def short_name(name: str) -> str:
    """Return a name of a file that leaves room for other things; its end says what it is."""
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[:half]}…{name[-half:]}"
