"""Where the checkpoint goes, and the one button that saves it."""

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from ckpt_studio.core.output_kinds import OutputKind
from ckpt_studio.qt.labels import label

_NAMES = ("outputPath", "outputBrowse", "saveButton")


class OutputRow(QWidget):
    """A path, Browse and Save; says why Save is not possible."""

    path_edited = Signal(object)  # Path, or None for an empty field
    browse_requested = Signal()
    save_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, owner: str = "") -> None:
        """``owner`` begins the object names where another panel than Assemble has the row."""
        super().__init__(parent)
        names = {name: f"{owner}{name[0].upper()}{name[1:]}" if owner else name for name in _NAMES}
        self._caption = label(self.tr("Save t&o"), "dim")
        self._path = QLineEdit()
        self._path.setObjectName(names["outputPath"])
        self._path.setAccessibleName(self.tr("Save to"))
        self._caption.setBuddy(self._path)
        self._browse = QPushButton(self.tr("&Browse…"))
        self._browse.setObjectName(names["outputBrowse"])
        self._browse.setAccessibleName(self.tr("Choose where to save"))
        self._verb = ""
        self._save = QPushButton()
        self._save.setObjectName(names["saveButton"])
        self._save.setProperty("role", "primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for widget in (self._caption, self._path, self._browse, self._save):
            row.addWidget(widget, 1 if widget is self._path else 0)
        self._path.textEdited.connect(self._edited)
        self._browse.clicked.connect(self.browse_requested)
        self._save.clicked.connect(self.save_requested)
        self.show_kind(OutputKind.SAFETENSORS)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._path, self._browse, self._save)

    def show_path(self, path: Path | None) -> None:
        """Show where the result goes, unless the user is typing just that."""
        shown = str(path) if path else ""
        if path is not None and Path(self._path.text()) == path:
            return
        with QSignalBlocker(self._path):
            self._path.setText(shown)
        self._path.setToolTip(shown)

    def show_kind(self, kind: OutputKind) -> None:
        """Say what the path names, and what the button saves."""
        parts = kind is OutputKind.PARTS
        self._verb = self.tr("&Save parts") if parts else self.tr("&Save checkpoint")
        folder = self.tr("Folder with the folders for each kind of model, such as ComfyUI/models")
        file = self.tr("Folder and name of the new checkpoint")
        self._path.setPlaceholderText(folder if parts else file)

    def show_verb(self, verb: str) -> None:
        """Say what else the button does."""
        self._verb = verb

    def show_readiness(self, reason: str, problems: int = 0) -> None:
        """Enable Save when ``reason`` is empty; else say the number of problems, or the reason."""
        caption = self._verb
        if problems:
            several = self.tr("{count} problems").format(count=problems)
            caption = self.tr("1 problem") if problems == 1 else several
        self._save.setText(caption)
        self._save.setEnabled(not reason)
        self._save.setToolTip(reason or self.tr("Look at the plan and save (Ctrl+Return)"))
        self._save.setAccessibleName(self._verb.replace("&", ""))
        self._save.setAccessibleDescription(reason)

    def _edited(self, typed: str) -> None:
        self._path.setToolTip(typed)
        self.path_edited.emit(Path(typed.strip()).expanduser() if typed.strip() else None)
