"""One input of a merge: chosen from the open files, browsed for or dropped; cleared again."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.document_picker import DocumentPicker
from ckpt_studio.app.panels.file_facts import file_facts
from ckpt_studio.qt.drop import DropFrame
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, label

_UNBOUNDED = 16_777_215
_LEAST_PICKER = 220


class ModelSlot(DropFrame):
    """Shows the file and what it is.

    ``owner`` begins the object names, ``name`` ends them (A, B, Vae).
    """

    file_chosen = Signal(object)  # Path, or None for no file
    browse_requested = Signal()

    def __init__(
        self, name: str, title: str, parent: QWidget | None = None, *, owner: str = "merge"
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{owner}Model{name}")
        self.setProperty("row", True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title = label(title, "h2")
        self._role = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._about = ElidedLabel(role="dim")
        self._about.setObjectName(f"{owner}About{name}")
        self._picker = DocumentPicker()
        self._picker.setObjectName(f"{owner}File{name}")
        self._browse = self._button(f"{owner}Browse{name}", "folder-open-outline")
        self._clear = self._button(f"{owner}Clear{name}", "close")
        self._build()
        self._name(title)
        self._picker.document_chosen.connect(lambda document: self.file_chosen.emit(document.path))
        self._browse.clicked.connect(self.browse_requested)
        self._clear.clicked.connect(lambda: self.file_chosen.emit(None))

    def _button(self, name: str, picture: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setIcon(icon(picture))
        return button

    def _build(self) -> None:
        self._picker.setPlaceholderText(self.tr("Choose a file, or drop it here"))
        self._picker.setMaximumWidth(_UNBOUNDED)
        self._picker.setMinimumWidth(_LEAST_PICKER)
        self._picker.setSizeAdjustPolicy(
            DocumentPicker.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        bold = self.font()
        bold.setBold(True)
        self._title.setMinimumWidth(QFontMetrics(bold).horizontalAdvance("W") + 6)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._title)
        row.addWidget(self._role)
        row.addWidget(self._picker, 3)
        row.addWidget(self._about, 4)
        row.addWidget(self._browse)
        row.addWidget(self._clear)
        self._role.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._role.hide()

    def _name(self, title: str) -> None:
        self._picker.setAccessibleName(self.tr("File for {title}").format(title=title))
        for button, words in (
            (self._browse, self.tr("Browse for {title}")),
            (self._clear, self.tr("Clear {title}")),
        ):
            button.setAccessibleName(words.format(title=title))
            button.setToolTip(words.format(title=title))

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._picker, self._browse, self._clear)

    def show_title(self, title: str, role: str) -> None:
        """Say what the model is called and what it is for."""
        self._title.setText(title)
        self._role.set_text(role)
        self._role.setVisible(bool(role))
        self.setAccessibleName(title)
        self.setAccessibleDescription(role)
        self._name(role or title)

    def show_file(self, path: Path | None, documents: Sequence[Document]) -> None:
        """Offer the open files and show the one that is chosen."""
        self._picker.set_documents(documents)
        chosen = next((each for each in documents if each.path == path), None) if path else None
        self._picker.show_current(chosen)
        self._picker.show()
        self._clear.setEnabled(path is not None)
        opened = chosen.opened if chosen else None
        if opened is not None:
            self._about.set_text(file_facts(opened))
        elif path is not None:
            self._about.set_text(self.tr("{name} is not open").format(name=path.name))
        else:
            self._about.set_text("")
