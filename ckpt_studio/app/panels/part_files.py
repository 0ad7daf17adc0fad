"""The files that the parts become: which are written, and below the folder, under which name."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QVBoxLayout, QWidget

from ckpt_studio.core.assembly.separate_files import PartFile
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.line_field import LineField
from ckpt_studio.qt.swapping import put_in_place


class PartFiles(QFrame):
    """A tick and a name for each part; knows nothing of the recipe."""

    file_chosen = Signal(str, object)  # part, and a name; "" leaves it out, None is the proposal
    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("partFiles")
        self.setProperty("card", True)
        self.setAccessibleName(self.tr("Files of the parts"))
        self._files: tuple[PartFile, ...] = ()
        self._ticks: dict[str, QCheckBox] = {}
        self._names: dict[str, LineField] = {}
        self._rows = QWidget()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(8)
        self._column.addWidget(label(self.tr("Files, below the folder chosen"), "h2"))
        self._column.addWidget(self._rows)

    def show_files(self, files: tuple[PartFile, ...], names: dict[str, str]) -> None:
        """Show the parts; ``names`` are the ends of the object names of their controls."""
        if tuple(file.part for file in files) != tuple(file.part for file in self._files):
            self._rebuild(files, names)
        self._files = files
        for file in files:
            tick, field = self._ticks[file.part], self._names[file.part]
            with QSignalBlocker(tick), QSignalBlocker(field):
                tick.setChecked(bool(file.file))
                field.show_text(file.file or file.proposed)
            field.setEnabled(bool(file.file))
            field.setToolTip(
                self.tr("{file}\nfrom {source}\nEmpty: the name that is proposed").format(
                    file=file.file or file.proposed, source=file.source
                )
            )

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        pairs = ((self._ticks[file.part], self._names[file.part]) for file in self._files)
        return tuple(control for pair in pairs for control in pair)

    def _rebuild(self, files: tuple[PartFile, ...], names: dict[str, str]) -> None:
        fresh = QWidget()
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._ticks, self._names = {}, {}
        for row, file in enumerate(files):
            tick = self._tick(file.part, names[file.part])
            field = self._name(file.part, names[file.part])
            grid.addWidget(tick, row, 0)
            grid.addWidget(field, row, 1)
            self._ticks[file.part], self._names[file.part] = tick, field
        put_in_place(self._column, self._rows, fresh)
        self._rows = fresh

    def _tick(self, part: str, name: str) -> QCheckBox:
        tick = QCheckBox(part_name(part))
        tick.setObjectName(f"partWrite{name}")
        tick.setToolTip(self.tr("Write this part"))
        tick.toggled.connect(lambda on: self.file_chosen.emit(part, None if on else ""))
        return tick

    def _name(self, part: str, name: str) -> LineField:
        accessible = self.tr("File of {part}").format(part=part_name(part))
        field = LineField(f"partName{name}", accessible)
        field.textEdited.connect(lambda text: self.file_chosen.emit(part, text.strip() or None))
        field.undo_requested.connect(self.undo_requested)
        field.redo_requested.connect(self.redo_requested)
        return field
