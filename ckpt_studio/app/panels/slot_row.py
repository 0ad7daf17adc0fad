"""One slot of the Assemble panel: a part, where it comes from, and how it is stored."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.app.panels.slot_view import SlotView
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, part_name
from ckpt_studio.core.recipe import Precision
from ckpt_studio.qt.badges import Badges
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.drop import DropFrame
from ckpt_studio.qt.elided_button import ElidedButton
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import Dot, ElidedLabel, label
from ckpt_studio.qt.part_colors import part_index

_COMBO_WIDTH, _LEAST_COMBO_WIDTH = 186, 118
_SIZE_WIDTH = 74


class SlotRow(DropFrame):
    """Shows a SlotView and says what the user wants; knows nothing else."""

    choices_requested = Signal(str, object)  # part, the widget to show them at
    browse_requested = Signal(str)
    clear_requested = Signal(str)
    precision_chosen = Signal(str, object)  # part, Precision

    def __init__(self, part: str, name: str, parent: QWidget | None = None) -> None:
        """``name`` is the end of the object names: Model, TextEncoders, Vae."""
        super().__init__(parent)
        self._part = part
        self.setObjectName(f"source{name}")
        self.setProperty("row", True)
        self._dot = Dot(part_index(part))
        self._title = label(role="h2")
        self._source = ElidedButton(f"sourceMenu{name}")
        self._hint = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._badges = Badges()
        self._precision = ComboBox(f"precision{name}", "")
        self._size = label()
        self._browse = self._button(f"browse{name}", "folder-open-outline")
        self._clear = self._button(f"clear{name}", "close")
        self._build()
        self._connect()

    def _button(self, name: str, picture: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setIcon(icon(picture))
        return button

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 8, 7)
        row.setSpacing(10)
        bold = self.font()
        bold.setBold(True)
        widest = part_name(ANY_TEXT_ENCODER) + "  "
        self._title.setFixedWidth(QFontMetrics(bold).horizontalAdvance(widest))
        self._precision.setMinimumWidth(_LEAST_COMBO_WIDTH)
        self._precision.setMaximumWidth(_COMBO_WIDTH)
        self._size.setMinimumWidth(_SIZE_WIDTH)
        self._size.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self._source, 0, Qt.AlignmentFlag.AlignLeft)
        names.addWidget(self._hint)
        row.addWidget(self._dot)
        row.addWidget(self._title)
        row.addLayout(names, 1)
        row.addWidget(self._badges)
        row.addWidget(self._precision, 1)
        for widget in (self._size, self._browse, self._clear):
            row.addWidget(widget)

    def _connect(self) -> None:
        source = self._source
        source.clicked.connect(lambda: self.choices_requested.emit(self._part, source))
        self._browse.clicked.connect(lambda: self.browse_requested.emit(self._part))
        self._clear.clicked.connect(lambda: self.clear_requested.emit(self._part))
        self._precision.currentIndexChanged.connect(self._choose_precision)

    @property
    def part(self) -> str:
        """The part it is for."""
        return self._part

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._source, self._precision, self._browse, self._clear)

    def show_view(self, view: SlotView) -> None:
        """Show other texts."""
        self._title.setText(view.title)
        self._source.set_text(view.source)
        self._source.setToolTip(
            view.tip or self.tr("Choose where {part} comes from").format(part=view.title)
        )
        self._hint.set_text(view.hint)
        self._dot.set_filled(filled=view.filled)
        self._size.setText(view.size)
        self._precision.setVisible(view.filled)
        self._clear.setEnabled(view.filled)
        self._badges.show_badges(view.badges)
        self._show_entries(view)
        self._name_controls(view)

    def _show_entries(self, view: SlotView) -> None:
        box = self._precision
        with QSignalBlocker(box):
            box.clear()
            more = False
            for entry in view.entries:
                if not (more or entry.recommended or entry.precision is Precision.KEEP):
                    box.add_heading(self.tr("More"))
                    more = True
                box.add(entry.label, entry.precision, entry.tip, enabled=entry.enabled)
            box.choose(view.precision)
        box.setToolTip(next((e.tip for e in view.entries if e.precision is view.precision), ""))

    def _name_controls(self, view: SlotView) -> None:
        self.setAccessibleName(view.title)
        self._source.setAccessibleName(self.tr("Source of {part}").format(part=view.title))
        self._source.setAccessibleDescription(f"{view.source}, {view.hint}")
        self._precision.setAccessibleName(self.tr("Precision of {part}").format(part=view.title))
        for button, words in (
            (self._browse, self.tr("Choose a file for {part}")),
            (self._clear, self.tr("Clear {part}")),
        ):
            button.setAccessibleName(words.format(part=view.title))
            button.setToolTip(words.format(part=view.title))

    def _choose_precision(self) -> None:
        chosen = self._precision.currentData()
        if chosen is not None:
            self.precision_chosen.emit(self._part, Precision(chosen))
