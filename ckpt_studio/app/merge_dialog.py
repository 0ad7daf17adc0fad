"""Shards into one file: its path and precision, above the plan that follows them."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from ckpt_studio.app.convert_dialog import ConvertDialog
from ckpt_studio.app.output_name import free_path
from ckpt_studio.app.panels.slot_view import PRECISION_NAMES
from ckpt_studio.core.assembly.precision_choices import choices
from ckpt_studio.core.assembly.source_names import generic, plain_stem
from ckpt_studio.core.families import architecture
from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Convert, Precision
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.combo_box import ComboBox


def proposed_file(shards: Path, precision: Precision) -> Path:
    """Return a free path for the one file, given one of the shards.

    That is beside the folder of the shards, or among them where they are named after their model.
    """
    word = "" if precision is Precision.KEEP else f"_{precision.value}"
    folder = shards.parent.parent if generic(shards) else shards.parent
    return free_path(folder, f"{plain_stem(shards)}{word}", ".safetensors")


class MergeDialog(ConvertDialog):
    """The dialog for a conversion, with the precision to choose; the proposed path follows it."""

    control = "merge"

    def __init__(self, recipe: Convert, plan: Plan, options: WriteOptions, parent: QWidget) -> None:
        super().__init__(recipe, plan, options, parent)
        self._proposed = recipe.output.path
        self._shards = plan.sources[0].files[0].path
        self.setWindowTitle(self.tr("Merge shards into one file"))
        self._precision = ComboBox("mergePrecision", self.tr("Precision"))
        self._fill_precisions(architecture.family(plan.target) if plan.target else None)
        self._add_choice(self.tr("&Precision"), self._precision)
        self._precision.currentIndexChanged.connect(self._take_precision)

    def _fill_precisions(self, family: Architecture | None) -> None:
        self._precision.add(
            self.tr("Keep as it is"), Precision.KEEP, self.tr("No change, and the fastest")
        )
        for choice in choices("unet", family)[1:]:
            name = PRECISION_NAMES[choice.precision]
            half = self.tr("Half, recommended ({dtype})").format(dtype=name)
            self._precision.add(half if choice.recommended else name, choice.precision)

    def _take_precision(self) -> None:
        chosen = Precision(self._precision.currentData())
        output = self._recipe.output
        if output.path == self._proposed:
            self._proposed = proposed_file(self._shards, chosen)
            self._path.setText(str(self._proposed))
            output = replace(output, path=self._proposed)
        precision = {} if chosen is Precision.KEEP else {"*": chosen}
        self._change(replace(self._recipe, output=output, precision=precision))
