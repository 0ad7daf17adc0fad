"""What becomes of VAE and text encoders, how the result is stored, and what it remembers."""

from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.model_slot import ModelSlot
from ckpt_studio.app.panels.slot_view import PRECISION_NAMES
from ckpt_studio.app.session import Session
from ckpt_studio.core.assembly.precision_choices import choices as precision_choices
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.draft import Draft
from ckpt_studio.core.recipe import MERGED, Precision
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.number_box import NumberBox

_WIDTH = 230
_BAKED, _OWN = "baked", "own"
_VAE = "vae"
_OWN_STROKE = 150


class MergeParts(QFrame):
    """Follows the choices; a file for the VAE is told upward."""

    vae_dropped = Signal(object)  # tuple[Path, ...]
    vae_browse_requested = Signal()

    def __init__(
        self, session: Session, choices: MergeChoices, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._session, self._choices = session, choices
        self._wants_vae = False
        self._vae = ComboBox("mergeVae", self.tr("VAE"))
        self._encoders = ComboBox("mergeTextEncoders", self.tr("Text encoders"))
        self._own = NumberBox("mergeEncoderValue", self.tr("Ratio of the text encoders"))
        self._file = ModelSlot("Vae", self.tr("VAE"))
        self._precision = ComboBox("mergePrecision", self.tr("Precision of the result"))
        self._recipe = QCheckBox(self.tr("&Write the recipe into the metadata"))
        self._build()
        self._connect()
        for before, after in pairwise(self.controls):
            QWidget.setTabOrder(before, after)

    def _build(self) -> None:
        self._recipe.setObjectName("mergeWriteRecipe")
        self._recipe.setToolTip(
            self.tr("Names and hashes of the models and all numbers, so that it can be made again")
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(14, 12, 14, 12)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        rows = (
            (self.tr("Text e&ncoders"), self._encoders, self._own),
            (self.tr("V&AE"), self._vae, self._file),
            (self.tr("P&recision"), self._precision, self._recipe),
        )
        for number, (words, box, beside) in enumerate(rows):
            box.setFixedWidth(_WIDTH)
            caption = label(words, "dim")
            caption.setBuddy(box)
            grid.addWidget(caption, number, 0)
            grid.addWidget(box, number, 1)
            more = QHBoxLayout()
            more.addWidget(beside)
            if beside is not self._file:
                more.addStretch()
            grid.addLayout(more, number, 2)
        grid.setColumnStretch(2, 1)

    def _connect(self) -> None:
        self._vae.currentIndexChanged.connect(self._choose_vae)
        self._encoders.currentIndexChanged.connect(self._choose_encoders)
        self._own.valueChanged.connect(self._choose_own)
        self._precision.currentIndexChanged.connect(self._choose_precision)
        self._recipe.toggled.connect(self._choose_recipe)
        self._file.file_chosen.connect(self._choose_file)
        self._file.browse_requested.connect(self.vae_browse_requested)
        self._file.files_dropped.connect(self.vae_dropped)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (
            *(self._encoders, self._own, self._vae),
            *self._file.controls,
            *(self._precision, self._recipe),
        )

    def refresh(self) -> None:
        """Show what is chosen."""
        draft = self._choices.draft
        self._show_vae(draft)
        self._show_encoders(draft)
        self._show_precisions(draft)
        with QSignalBlocker(self._recipe):
            self._recipe.setChecked(draft.recipe.metadata.recipe)

    def forget_vae(self) -> None:
        """No file was chosen for the VAE."""
        self._wants_vae = False
        self.refresh()

    def _show_vae(self, draft: Draft) -> None:
        box, recipe = self._vae, draft.recipe
        baked = recipe.vae is not None or self._wants_vae
        with QSignalBlocker(box):
            box.clear()
            for place, path in enumerate(draft.slots):
                letter = draft.letter(place)
                if path is not None or letter == "A":
                    box.add(self.tr("Take that of {letter}").format(letter=letter), letter.lower())
            box.add(self.tr("Merge"), MERGED, self.tr("Merged VAEs often give pale pictures"))
            box.add(self.tr("Bake in another file"), _BAKED)
            box.choose(_BAKED if baked else recipe.parts.get(_VAE, "a"))
        box.setToolTip(self.tr("A merged VAE often gives pale pictures: take one as it is"))
        self._file.setVisible(baked)
        self._file.show_file(recipe.vae, self._session.documents)

    def _show_encoders(self, draft: Draft) -> None:
        box, recipe = self._encoders, draft.recipe
        own = recipe.part_values.get(ANY_TEXT_ENCODER)
        with QSignalBlocker(box):
            box.clear()
            box.add(self.tr("Merge like the model"), MERGED)
            if draft.parameters:
                box.add(self.tr("Merge in their own ratio"), _OWN)
            for place, path in enumerate(draft.slots):
                letter = draft.letter(place)
                if path is not None or letter == "A":
                    box.add(self.tr("Take those of {letter}").format(letter=letter), letter.lower())
            box.choose(_OWN if own else recipe.parts.get(ANY_TEXT_ENCODER, MERGED))
        self._own.setVisible(own is not None)
        self._own.setEnabled(own is None or not self._encoders_in_blocks(draft))
        in_block = self.tr("Blocks have values of their own, and text encoders lie in one of them")
        self._own.setToolTip("" if self._own.isEnabled() else in_block)
        if own:
            with QSignalBlocker(self._own):
                self._own.setValue(next(iter(own.values())))

    def _encoders_in_blocks(self, draft: Draft) -> bool:
        """Whether the values of blocks go before that of the text encoders."""
        partition, first = self._choices.partition, self._choices.first
        if partition is None or first is None or draft.parameters[0].id not in draft.recipe.blocks:
            return False
        encoders = [each.part for each in first.recognition.parts if is_text_encoder(each.part)]
        return all(partition.index(part, "") is not None for part in encoders)

    def _show_precisions(self, draft: Draft) -> None:
        box = self._precision
        chosen = draft.recipe.precision.get("unet", Precision.KEEP)
        with QSignalBlocker(box):
            box.clear()
            for choice in precision_choices("unet", self._choices.family):
                name = PRECISION_NAMES.get(choice.precision, "")
                words = self.tr("Half, recommended ({dtype})") if choice.recommended else "{dtype}"
                text = words.format(dtype=name) if name else self.tr("As in A")
                box.add(text, choice.precision)
            box.choose(chosen)
        box.setToolTip(
            self.tr("All is computed in full and rounded once at the end. The VAE stays as it is.")
        )

    def _choose_vae(self) -> None:
        choice, draft = self._vae.currentData(), self._choices.draft
        self._wants_vae = choice == _BAKED
        if choice == _BAKED:
            self.refresh()
            if draft.recipe.vae is None:
                self.vae_browse_requested.emit()
            return
        given = None if choice == "a" else choice
        changed = drafts.with_vae(drafts.with_giver(draft, _VAE, given), None)
        self._change(changed, self.tr("VAE"))

    def _choose_file(self, path: object) -> None:
        draft = drafts.with_giver(self._choices.draft, _VAE, None)
        self._change(drafts.with_vae(draft, path), self.tr("VAE"))  # type: ignore[arg-type]

    def _choose_encoders(self) -> None:
        choice, draft = self._encoders.currentData(), self._choices.draft
        own = draft.value(draft.parameters[0]) if choice == _OWN else None
        given = None if choice in {MERGED, _OWN} else choice
        changed = drafts.with_part_value(
            drafts.with_giver(draft, ANY_TEXT_ENCODER, given), ANY_TEXT_ENCODER, own
        )
        self._change(changed, self.tr("Text encoders"))

    def _choose_own(self, value: float) -> None:
        changed = drafts.with_part_value(self._choices.draft, ANY_TEXT_ENCODER, round(value, 4))
        self._choices.change(changed, self.tr("Ratio of the text encoders"), _OWN_STROKE)

    def _choose_precision(self) -> None:
        chosen = Precision(self._precision.currentData())
        changed = drafts.with_precision(self._choices.draft, chosen)
        self._change(changed, self.tr("Precision"))

    def _choose_recipe(self, wanted: bool) -> None:
        changed = drafts.with_recipe_written(self._choices.draft, written=wanted)
        self._change(changed, self.tr("Recipe in the metadata"))

    def _change(self, draft: Draft, title: str) -> None:
        if draft == self._choices.draft:
            self.refresh()  # a choice may come back to what it was
        self._choices.change(draft, title)
