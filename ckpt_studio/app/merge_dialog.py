"""Shards into one file: its path and precision, above the plan that follows them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QLineEdit, QPushButton, QWidget
from typing_extensions import override

from ckpt_studio.app.job_text import error_words
from ckpt_studio.app.output_name import free_path
from ckpt_studio.app.panels.slot_view import PRECISION_NAMES
from ckpt_studio.app.save_plan import SavePlanDialog
from ckpt_studio.core.architecture import Architecture
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.precision_choices import choices
from ckpt_studio.core.recipe import Convert, Precision
from ckpt_studio.core.source_names import generic, plain_stem
from ckpt_studio.engine.writing import WriteOptions
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import label


def proposed_file(shards: Path, precision: Precision) -> Path:
    """Return a free path for the one file, given one of the shards.

    That is beside the folder of the shards, or among them where they are named after their model.
    """
    word = "" if precision is Precision.KEEP else f"_{precision.value}"
    folder = shards.parent.parent if generic(shards) else shards.parent
    return free_path(folder, f"{plain_stem(shards)}{word}", ".safetensors")


class MergeDialog(SavePlanDialog):
    """A save plan whose path and precision can be changed; asks for another plan then."""

    recipe_changed = Signal(object)  # Convert
    names_path = False  # the field for it stands above

    def __init__(
        self,
        recipe: Convert,
        plan: Plan,
        family: Architecture | None,
        options: WriteOptions,
        parent: QWidget,
    ) -> None:
        self._recipe, self._proposed = recipe, recipe.output.path
        self._shards = plan.sources[0].files[0].path
        self._failure = label(role="bad", wrap=True)
        super().__init__(plan, options, parent)
        self.setWindowTitle(self.tr("Merge shards into one file"))
        self._skip.hide()
        self._path = QLineEdit(str(recipe.output.path or ""))
        self._path.setObjectName("mergePath")
        self._path.setAccessibleName(self.tr("Save to"))
        self._browse = QPushButton(self.tr("&Browse…"))
        self._browse.setObjectName("mergeBrowse")
        self._browse.setAutoDefault(False)
        self._failure.hide()
        self._precision = ComboBox("mergePrecision", self.tr("Precision"))
        self._fill_precisions(family)
        self._build_choices()
        self._path.textEdited.connect(self._take_path)
        self._browse.clicked.connect(self._ask_path)
        self._precision.currentIndexChanged.connect(self._take_precision)

    def _fill_precisions(self, family: Architecture | None) -> None:
        self._precision.add(
            self.tr("Keep as it is"), Precision.KEEP, self.tr("No change, and the fastest")
        )
        for choice in choices("unet", family)[1:]:
            name = PRECISION_NAMES[choice.precision]
            half = self.tr("Half, recommended ({dtype})").format(dtype=name)
            self._precision.add(half if choice.recommended else name, choice.precision)

    def _build_choices(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row, (caption, control) in enumerate(
            ((self.tr("Save &to"), self._path), (self.tr("&Precision"), self._precision))
        ):
            shown = label(caption, "dim")
            shown.setBuddy(control)
            grid.addWidget(shown, row, 0)
            grid.addWidget(control, row, 1)
        grid.addWidget(self._browse, 0, 2)
        self._column.insertLayout(0, grid)
        self._column.insertWidget(1, self._failure)

    @property
    def recipe(self) -> Convert:
        """What is to be saved."""
        return replace(self._recipe, on_overflow=self.answer.on_overflow)

    @property
    def failure(self) -> str:
        """Why there is no plan, "" while there is one."""
        return self._failure.text() if self._failure.isVisible() else ""

    def wait_for_plan(self) -> None:
        """Keep Save from being pressed while the plan is that of another recipe."""
        self._save.setEnabled(False)

    @override
    def show_plan(self, plan: Plan) -> None:
        super().show_plan(plan)
        self._failure.hide()

    def show_failure(self, error: Exception) -> None:
        """Say why there is no plan for what is chosen; nothing can be saved then."""
        self._failure.setText(" ".join(words for words in error_words(error) if words))
        self._failure.show()
        self._save.setEnabled(False)

    def _take_path(self, typed: str) -> None:
        path = Path(typed.strip()).expanduser() if typed.strip() else None
        self._change(path, self._recipe.precision)

    def _ask_path(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save the model to"),
            self._path.text(),
            self.tr("Models (*.safetensors *.sft)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if name:
            self._path.setText(name)
            self._take_path(name)

    def _take_precision(self) -> None:
        chosen = Precision(self._precision.currentData())
        path = self._recipe.output.path
        if path == self._proposed:
            path = self._proposed = proposed_file(self._shards, chosen)
            self._path.setText(str(path))
        self._change(path, {} if chosen is Precision.KEEP else {"*": chosen})

    def _change(self, path: Path | None, precision: Mapping[str, Precision]) -> None:
        overwrite = path is not None and path.is_file()
        output = replace(self._recipe.output, path=path, overwrite=overwrite)
        self._recipe = replace(self._recipe, output=output, precision=precision)
        self.wait_for_plan()
        self.recipe_changed.emit(self._recipe)
