"""LoRA tools: extract one from two models, join several, give one another rank."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.document import Document
from ckpt_studio.app.job_text import error_words
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.output_choice import with_overwrite
from ckpt_studio.app.output_name import proposed_lora_path
from ckpt_studio.app.panels.lora_pages import ExtractPage, JoinPage, ResizePage
from ckpt_studio.app.panels.plan_view import PlanView
from ckpt_studio.app.panels.slot_view import PRECISION_NAMES
from ckpt_studio.app.save_plan import replaces
from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Output, Precision
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import label

_WIDTH = 940
_PRECISIONS = (Precision.FP16, Precision.BF16, Precision.FP32)


class LoraDialog(QDialog):
    """Says which recipe is wanted; shows its plan, which is the last look before it is written."""

    recipe_changed = Signal()
    files_wanted = Signal(object, object)  # tuple[Path, ...], empty to ask; take(paths)

    def __init__(self, folders: ModelFolders, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("loraDialog")
        self.setWindowTitle(self.tr("LoRA tools"))
        self._folders = folders
        self._documents: Sequence[Document] = ()
        self._path_typed: Path | None = None  # instead of the proposed one
        self.extract, self.join, self.resize_ = ExtractPage(), JoinPage(), ResizePage()
        self._tabs = QTabBar()
        self._precision = ComboBox("loraPrecision", self.tr("Precision"))
        self._path = QLineEdit()
        self._browse = QPushButton(self.tr("&Browse…"))
        self._plan_view = PlanView()
        self._save, self._cancel = QPushButton(), QPushButton(self.tr("&Cancel"))
        self._build()
        self._connect()

    def _build(self) -> None:
        self._tabs.setObjectName("loraTabs")
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setAccessibleName(self.tr("What to do with LoRAs"))
        for words in (
            self.tr("Extract from two models"),
            self.tr("Join LoRAs"),
            self.tr("Change the rank"),
        ):
            self._tabs.addTab(words)
        for precision in _PRECISIONS:
            self._precision.add(PRECISION_NAMES[precision], precision)
        self._path.setObjectName("loraPath")
        self._path.setAccessibleName(self.tr("Save to"))
        self._browse.setObjectName("loraSaveBrowse")
        self._browse.setAccessibleName(self.tr("Choose where to save"))
        self._plan_view.setObjectName("loraPlan")
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        for row, (words, field) in enumerate(
            ((self.tr("&Precision"), self._precision), (self.tr("Save t&o"), self._path))
        ):
            caption = label(words, "dim")
            caption.setBuddy(field)
            grid.addWidget(caption, row, 0)
        grid.addWidget(self._precision, 0, 1)
        grid.addWidget(self._path, 1, 1, 1, 2)
        grid.addWidget(self._browse, 1, 3)
        grid.setColumnStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(12)
        for widget in (self._tabs, *self._pages):
            column.addWidget(widget)
        column.addLayout(grid)
        column.addWidget(self._plan_view)
        column.addStretch()
        column.addLayout(self._buttons())
        self.setMinimumWidth(_WIDTH)

    def _buttons(self) -> QHBoxLayout:
        self._save.setObjectName("loraSave")
        self._save.setProperty("role", "primary")
        self._save.setDefault(True)
        self._cancel.setObjectName("loraCancel")
        for button in (self._browse, self._cancel):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self._cancel)
        row.addWidget(self._save)
        return row

    def _connect(self) -> None:
        for page in self._pages:
            page.changed.connect(self.refresh)
            page.files_wanted.connect(self.files_wanted)
        self._tabs.currentChanged.connect(self._turn)
        self._precision.currentIndexChanged.connect(self.refresh)
        self._path.textEdited.connect(self._type_path)
        self._browse.clicked.connect(self._ask_path)
        self._save.clicked.connect(self.accept)
        self._cancel.clicked.connect(self.reject)
        self._turn()

    def _turn(self) -> None:
        """Show another page; the dialog is as high as that one needs."""
        for page in self._pages:
            page.setVisible(page is self._page)
        self.refresh()
        self.adjustSize()

    @property
    def _pages(self) -> tuple[ExtractPage, JoinPage, ResizePage]:
        return (self.extract, self.join, self.resize_)

    @property
    def _page(self) -> ExtractPage | JoinPage | ResizePage:
        return self._pages[self._tabs.currentIndex()]

    @property
    def recipe(self) -> LoraRecipe | None:
        """What is to be done; None while something lacks."""
        wanted = self._page.recipe
        if wanted is None:
            return None
        path = self._path_typed
        if path is None:
            path = proposed_lora_path(wanted, self._folders.proposed_folder("lora"))
        output = with_overwrite(Output(path=path))
        precision = Precision(self._precision.currentData())
        return replace(wanted, precision=precision, output=output)

    @property
    def planned(self) -> LoraRecipe | None:
        """What the plan is shown of: with the largest ranks, where they are measured later."""
        recipe = self.recipe
        return None if recipe is None else replace(recipe, energy=None)

    def show_documents(self, documents: Sequence[Document]) -> None:
        """Offer the open files."""
        self._documents = documents
        self._page.show_documents(documents)

    def show_path(self, path: Path | None) -> None:
        """Save to this path, or with None to the one that is proposed."""
        self._path_typed = path
        self.refresh()

    def choose_page(self, page: ExtractPage | JoinPage | ResizePage) -> None:
        """Turn to what is wanted: ``extract``, ``join`` or ``resize_``."""
        self._tabs.setCurrentIndex(self._pages.index(page))

    def refresh(self) -> None:
        """Show what is chosen, and ask for its plan."""
        self._page.show_documents(self._documents)
        recipe = self.recipe
        path = recipe.output.path if recipe else None
        if Path(self._path.text()) != path:
            self._path.setText(str(path or ""))
        if recipe is None:
            self._plan_view.show_first_step(self._page.lacking)
        self._save.setText(self.tr("&Save"))
        self._save.setEnabled(False)
        self._save.setToolTip(self._page.lacking)
        self.recipe_changed.emit()

    def show_plan(self, plan: Plan) -> None:
        """Show the plan of the recipe; one with errors cannot be saved."""
        self._plan_view.show_plan(plan)
        self._save.setText(self.tr("&Replace") if replaces(plan) else self.tr("&Save"))
        self._save.setEnabled(not plan.errors and plan.output is not None)

    def show_failure(self, error: Exception) -> None:
        """Say why there is no plan for what is chosen."""
        self._plan_view.show_failure(*error_words(error))

    def _type_path(self, typed: str) -> None:
        self.show_path(Path(typed.strip()).expanduser() if typed.strip() else None)

    def _ask_path(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save the LoRA to"),
            self._path.text(),
            self.tr("LoRAs (*.safetensors *.sft)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if name:
            path = Path(name)
            self.show_path(path if path.suffix else path.with_suffix(".safetensors"))
