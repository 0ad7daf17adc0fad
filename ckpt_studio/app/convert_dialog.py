"""A model in another form: where it goes, above the plan that follows what is chosen."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QLineEdit, QPushButton, QWidget
from typing_extensions import override

from ckpt_studio.app.job_text import error_words
from ckpt_studio.app.save_plan import SavePlanDialog
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Convert
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.labels import label


class ConvertDialog(SavePlanDialog):
    """A save plan whose path can be changed; asks for another plan then.

    ``control`` begins the names of its controls.
    """

    recipe_changed = Signal(object)  # Convert
    names_path = False  # the field for it stands above
    control = "convert"

    def __init__(self, recipe: Convert, plan: Plan, options: WriteOptions, parent: QWidget) -> None:
        self._recipe = recipe
        self._failure = label(role="bad", wrap=True)
        super().__init__(plan, options, parent)
        self._skip.hide()
        self._path = QLineEdit(str(recipe.output.path or ""))
        self._path.setObjectName(f"{self.control}Path")
        self._path.setAccessibleName(self.tr("Save to"))
        self._browse = QPushButton(self.tr("&Browse…"))
        self._browse.setObjectName(f"{self.control}Browse")
        self._browse.setAutoDefault(False)
        self._failure.hide()
        self._choices = QGridLayout()
        self._choices.setHorizontalSpacing(10)
        self._choices.setVerticalSpacing(8)
        self._choices.setColumnStretch(1, 1)
        self._add_choice(self.tr("Save &to"), self._path)
        self._choices.addWidget(self._browse, 0, 2)
        self._column.insertLayout(0, self._choices)
        self._column.insertWidget(1, self._failure)
        self._path.textEdited.connect(self._take_path)
        self._browse.clicked.connect(self._ask_path)

    def _add_choice(self, caption: str, control: QWidget) -> None:
        row = 0 if control is self._path else self._choices.rowCount()
        shown = label(caption, "dim")
        shown.setBuddy(control)
        self._choices.addWidget(shown, row, 0)
        self._choices.addWidget(control, row, 1)

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
        self._change(replace(self._recipe, output=replace(self._recipe.output, path=path)))

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

    def _change(self, recipe: Convert) -> None:
        path = recipe.output.path
        overwrite = path is not None and path.is_file()
        self._recipe = replace(recipe, output=replace(recipe.output, overwrite=overwrite))
        self.wait_for_plan()
        self.recipe_changed.emit(self._recipe)
