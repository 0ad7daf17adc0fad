"""One of the two files that are compared: chosen from the open ones, browsed for or dropped."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels.file_facts import file_facts
from ckpt_studio.qt.drop import DropFrame
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, label

_UNBOUNDED = 16_777_215


class CompareSide(DropFrame):
    """Shows the file and what it is."""

    document_chosen = Signal()
    browse_requested = Signal()

    def __init__(self, letter: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"compareSide{letter}")
        self.setProperty("row", True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._letter = label(letter, "h2")
        self._about = ElidedLabel(role="dim")
        self._about.setObjectName(f"compareAbout{letter}")
        self.picker = DocumentPicker()
        self.picker.setObjectName(f"compareFile{letter}")
        self.picker.setAccessibleName(self.tr("File {letter}").format(letter=letter))
        self.picker.setPlaceholderText(self.tr("Choose a file"))
        self.picker.setMaximumWidth(_UNBOUNDED)
        self.picker.setSizeAdjustPolicy(
            DocumentPicker.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._browse = QToolButton()
        self._browse.setObjectName(f"compareBrowse{letter}")
        self._browse.setIcon(icon("folder-open-outline"))
        self._browse.setAccessibleName(self.tr("Browse for file {letter}").format(letter=letter))
        self._browse.setToolTip(self._browse.accessibleName())
        self._build()
        self._browse.clicked.connect(self.browse_requested)
        self.picker.document_chosen.connect(self._announce)
        self.set_documents(())

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._letter)
        row.addWidget(self.picker, 1)
        row.addWidget(self._browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._about)

    @property
    def document(self) -> Document | None:
        """The file that is chosen."""
        return self.picker.current

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Offer these files; one that was chosen and is closed now is chosen no more."""
        if self.document not in documents:
            self.picker.show_current(None)
        self.picker.set_documents(documents)
        self.picker.show()
        self.refresh()

    def choose(self, document: Document | None) -> None:
        """Choose a file without announcing it."""
        self.picker.show_current(document)
        self.picker.show()
        self.refresh()

    def refresh(self) -> None:
        """Say what the file is now."""
        opened = self.document.opened if self.document else None
        if opened is None:
            self._about.set_text(self.tr("or drop it here"))
            return
        self._about.set_text(file_facts(opened))

    def _announce(self) -> None:
        self.refresh()
        self.document_chosen.emit()
