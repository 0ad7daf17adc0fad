"""The LoRAs to bake in: a row for each with its strengths and what it reaches."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.lora_row import LoraRow
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.plan import AdapterCoverage, Plan
from ckpt_studio.core.recipe import LoraUse
from ckpt_studio.qt.drop import DropFrame
from ckpt_studio.qt.labels import ElidedLabel, label

_STROKES = 300
_ROW_STROKES, _BLOCKS = 4, 2


class MergeLoras(DropFrame):
    """Follows the choices; files that are dropped or browsed for are told upward."""

    browse_requested = Signal()

    def __init__(self, choices: MergeChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mergeLoras")
        self.setProperty("card", True)
        self._choices = choices
        self._rows: list[LoraRow] = []
        self._add = QPushButton(self.tr("Add &LoRA…"))
        self._add.setObjectName("mergeAddLora")
        self._add.clicked.connect(self.browse_requested)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(label(self.tr("LoRAs"), "h2"))
        head.addWidget(ElidedLabel(self.tr("baked in, in this order; drop files here"), "dim"), 1)
        head.addWidget(self._add)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._list)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._add, *(control for row in self._rows for control in row.controls))

    def refresh(self) -> None:
        """Show what is chosen, and what the plan says of it."""
        draft, plan = self._choices.draft, self._choices.plan
        self._fit(len(draft.recipe.loras))
        found = _coverages(plan)
        total = plan.coverage.total if plan and plan.coverage else 0
        partition = self._choices.partition
        for place, (row, lora) in enumerate(zip(self._rows, draft.recipe.loras, strict=True)):
            row.show_lora(lora, found.get(lora.path), total)
            row.show_blocks(lora, partition)
            row.show_place(place, len(self._rows))

    def _fit(self, count: int) -> None:
        while len(self._rows) > count:
            row = self._rows.pop()
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self._rows) < count:
            row = self._row(len(self._rows))
            self._rows.append(row)
            self._list.addWidget(row)
            row.show()
        for before, after in pairwise(self.controls):
            QWidget.setTabOrder(before, after)

    def _row(self, place: int) -> LoraRow:
        row = LoraRow(place)
        row.strength_chosen.connect(lambda value: self._set(place, 0, strength=value))
        row.te_strength_chosen.connect(lambda value: self._set(place, 1, te_strength=value))
        row.blocks_chosen.connect(
            lambda values, typed: self._set_blocks(place, values, typed=typed)
        )
        row.move_requested.connect(lambda by: self._move(place, place + by))
        row.remove_requested.connect(lambda: self._remove(place))
        return row

    def _set(self, place: int, field: int, **values: float | None) -> None:
        loras = list(self._choices.draft.recipe.loras)
        loras[place] = _changed(loras[place], values)
        stroke = _STROKES + place * _ROW_STROKES + field
        changed = drafts.with_loras(self._choices.draft, tuple(loras))
        self._choices.change(
            changed, self.tr("Strength of {name}").format(name=loras[place].path.name), stroke
        )

    def _set_blocks(self, place: int, values: tuple[float, ...], *, typed: bool) -> None:
        loras = list(self._choices.draft.recipe.loras)
        loras[place] = replace(loras[place], blocks=values)
        title = self.tr("{name} per block").format(name=loras[place].path.name)
        changed = drafts.with_loras(self._choices.draft, tuple(loras))
        stroke = _STROKES + place * _ROW_STROKES + _BLOCKS if typed else -1
        self._choices.change(changed, title, stroke)

    def _move(self, place: int, to: int) -> None:
        loras = list(self._choices.draft.recipe.loras)
        moved = loras.pop(place)
        loras.insert(to, moved)
        changed = drafts.with_loras(self._choices.draft, tuple(loras))
        self._choices.change(changed, self.tr("Move {name}").format(name=moved.path.name))

    def _remove(self, place: int) -> None:
        loras = list(self._choices.draft.recipe.loras)
        gone = loras.pop(place)
        changed = drafts.with_loras(self._choices.draft, tuple(loras))
        self._choices.change(changed, self.tr("Remove {name}").format(name=gone.path.name))


def _changed(lora: LoraUse, values: Mapping[str, float | None]) -> LoraUse:
    strength = values.get("strength")
    if strength is not None:
        return replace(lora, strength=strength)
    return replace(lora, te_strength=values.get("te_strength"))


def _coverages(plan: Plan | None) -> Mapping[Path, AdapterCoverage]:
    if plan is None or plan.coverage is None:
        return {}
    return {each.source: each for each in plan.coverage.adapters}
