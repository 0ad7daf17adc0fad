"""The head of the Merge panel: the method with its formula, and one place for each model."""

from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.model_slot import ModelSlot
from ckpt_studio.app.session import Session
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.methods import METHODS
from ckpt_studio.core.merging.values import LETTERS
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.drop import DropZone
from ckpt_studio.qt.labels import ElidedLabel, label

_METHOD_WIDTH = 250


class MergeModels(QFrame):
    """Follows the choices; files that are dropped or browsed for are told upward."""

    files_dropped = Signal(int, object)  # a place, or -1 for the free ones; tuple[Path, ...]
    browse_requested = Signal(int)

    def __init__(
        self, session: Session, choices: MergeChoices, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._session, self._choices = session, choices
        self._method = ComboBox("mergeMethod", self.tr("Method"))
        self._formula = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self._formula.setObjectName("mergeFormula")
        self._sentence = label(role="dim", wrap=True)
        self._sentence.setObjectName("mergeSentence")
        self._slots: list[ModelSlot] = []
        self._rows = QVBoxLayout()
        self._zone = DropZone(self.tr("Drop models here. They become A, B and so on."))
        self._zone.setObjectName("mergeDropZone")
        self._build()
        self._fill_methods()
        self._method.currentIndexChanged.connect(self._choose_method)
        self._zone.files_dropped.connect(lambda files: self.files_dropped.emit(-1, files))
        self._zone.browse_requested.connect(lambda: self.browse_requested.emit(-1))

    def _build(self) -> None:
        self._method.setFixedWidth(_METHOD_WIDTH)
        caption = label(self.tr("Me&thod"), "dim")
        caption.setBuddy(self._method)
        head = QGridLayout()
        head.setHorizontalSpacing(10)
        head.setVerticalSpacing(4)
        head.addWidget(caption, 0, 0)
        head.addWidget(self._method, 0, 1)
        head.addWidget(self._formula, 0, 2)
        head.addWidget(self._sentence, 1, 1, 1, 2)
        head.setColumnStretch(2, 1)
        self._rows.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._rows)
        column.addWidget(self._zone)

    def _fill_methods(self) -> None:
        with QSignalBlocker(self._method):
            for spec in METHODS:
                self._method.add(spec.name, spec.id, spec.sentence)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        inside = [control for slot in self._slots for control in slot.controls]
        return (self._method, *inside, self._zone)

    def refresh(self) -> None:
        """Show what is chosen."""
        draft = self._choices.draft
        spec = draft.spec
        with QSignalBlocker(self._method):
            self._method.choose(spec.id)
        self._method.setToolTip(spec.sentence)
        self._formula.set_text(spec.formula)
        self._sentence.setText(spec.sentence)
        self._fit(len(draft.slots))
        for place, (slot, path) in enumerate(zip(self._slots, draft.slots, strict=True)):
            slot.show_title(draft.letter(place) or "+", draft.role(place))
            slot.show_file(path, self._session.documents)
        self._zone.setVisible(None in draft.slots)

    def _fit(self, count: int) -> None:
        """Have that many places."""
        while len(self._slots) > count:
            slot = self._slots.pop()
            self._rows.removeWidget(slot)
            slot.hide()
            slot.deleteLater()
        while len(self._slots) < count:
            slot = self._slot(len(self._slots))
            self._slots.append(slot)
            self._rows.addWidget(slot)
        for before, after in pairwise(self.controls):
            QWidget.setTabOrder(before, after)

    def _slot(self, place: int) -> ModelSlot:
        slot = ModelSlot(LETTERS[place].upper(), "")
        slot.file_chosen.connect(lambda path: self._choose_file(place, path))
        slot.browse_requested.connect(lambda: self.browse_requested.emit(place))
        slot.files_dropped.connect(lambda files: self.files_dropped.emit(place, files))
        return slot

    def _choose_file(self, place: int, path: object) -> None:
        draft = self._choices.draft
        letter = draft.letter(place) or self.tr("another model")
        words = self.tr("Clear {letter}") if path is None else self.tr("Choose {letter}")
        changed = drafts.with_model(draft, place, path)  # type: ignore[arg-type]
        self._choices.change(changed, words.format(letter=letter))

    def _choose_method(self) -> None:
        name = self._method.currentData()
        if name:
            changed = drafts.with_method(self._choices.draft, name)
            self._choices.change(changed, self.tr("Method"))
