"""The Merge panel: models, method and numbers, parts and LoRAs, the plan, and the way out."""

from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.merge_blocks import MergeBlocks
from ckpt_studio.app.panels.merge_loras import MergeLoras
from ckpt_studio.app.panels.merge_models import MergeModels
from ckpt_studio.app.panels.merge_more import MergeMore
from ckpt_studio.app.panels.merge_numbers import MergeNumbers
from ckpt_studio.app.panels.merge_parts import MergeParts
from ckpt_studio.app.panels.output_row import OutputRow
from ckpt_studio.app.panels.plan_view import PlanView
from ckpt_studio.app.panels.result_card import ResultCard
from ckpt_studio.app.panels.seed_row import SeedRow
from ckpt_studio.app.session import Session
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.methods import Parameter
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.text import counted, listed
from ckpt_studio.qt.labels import ElidedLabel, label

_STROKES, _SEED_STROKE = 200, 199
_LAYOUT_MS = 50  # a card has its height only when it was laid out once
_MOST_NAMED = 4


class MergePanel(QWidget):
    """Composes the cards over the choices; says upward what needs files and folders."""

    files_dropped = Signal(int, object)  # a place, or -1 for the free ones; tuple[Path, ...]
    vae_dropped = Signal(object)  # tuple[Path, ...]
    loras_dropped = Signal(object)
    browse_requested = Signal(int)
    vae_browse_requested = Signal()
    lora_browse_requested = Signal()
    open_recipe_requested = Signal()
    save_requested = Signal()
    failed = Signal(Exception)

    def __init__(
        self, session: Session, choices: MergeChoices, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("mergePanel")
        self._session, self._choices = session, choices
        self._open = QPushButton(self.tr("Open rec&ipe…"))
        self._open.setObjectName("mergeOpenRecipe")
        self.models = MergeModels(session, choices)
        self.numbers = MergeNumbers()
        self.seed = SeedRow()
        self.blocks = MergeBlocks(choices)
        self.parts = MergeParts(session, choices)
        self.loras = MergeLoras(choices)
        self.more = MergeMore(choices)
        self.plan_view = PlanView(
            first_step=self.tr("Choose or drop the models first. Nothing is read but the headers.")
        )
        self.output = OutputRow(owner="merge")
        self.result = ResultCard(noun="file")
        self._several = label(role="dim", wrap=True)
        self._area = QScrollArea()
        self._build()
        self._connect()
        self.refresh()

    def _build(self) -> None:
        self.plan_view.setObjectName("mergePlan")
        self.result.setObjectName("mergeResult")
        self._several.setObjectName("mergeSeveral")
        self._open.setToolTip(self.tr("Set everything as it was for a file that was merged before"))
        head = QHBoxLayout()
        head.setContentsMargins(20, 0, 20, 0)
        head.addWidget(ElidedLabel(self.tr("Merge"), "h1"), 1)
        head.addWidget(self._open)
        numbers = QFrame()
        numbers.setProperty("card", True)
        inside = QVBoxLayout(numbers)
        inside.setContentsMargins(14, 12, 14, 12)
        inside.addWidget(self.numbers)
        inside.addWidget(self.seed)
        inside.addWidget(self._several)
        self._numbers_card = numbers
        scrolled = QWidget()
        scrolled.setObjectName("scrolled")
        column = QVBoxLayout(scrolled)
        column.setContentsMargins(20, 0, 20, 4)
        column.setSpacing(12)
        cards = (self.models, numbers, self.blocks, self.parts, self.loras, self.more)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(scrolled)
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 0, 20, 0)
        foot.addWidget(self.output)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 14, 0, 12)
        outer.setSpacing(12)
        outer.addLayout(head)
        outer.addWidget(self._area)
        outer.addLayout(foot)
        for widget in (*cards, self.plan_view, self.result):
            column.addWidget(widget)
        column.addStretch()

    def _connect(self) -> None:
        choices = self._choices
        choices.draft_changed.connect(self.refresh)
        choices.plan_changed.connect(self._show_plan)
        choices.plan_failed.connect(self._show_failure)
        self._session.files_changed.connect(self.refresh)
        self._open.clicked.connect(self.open_recipe_requested)
        self.models.files_dropped.connect(self.files_dropped)
        self.models.browse_requested.connect(self.browse_requested)
        self.numbers.values_chosen.connect(self._choose_values)
        self.numbers.by_block_chosen.connect(self._choose_by_block)
        self.seed.seed_chosen.connect(self._choose_seed)
        self.blocks.failed.connect(self.failed)
        self.parts.vae_dropped.connect(self.vae_dropped)
        self.parts.vae_browse_requested.connect(self.vae_browse_requested)
        self.loras.files_dropped.connect(self.loras_dropped)
        self.loras.browse_requested.connect(self.lora_browse_requested)
        self.more.opened.connect(lambda: self._reveal(self.more))
        self.output.save_requested.connect(self.save_requested)
        self.result.filled.connect(lambda: self._reveal(self.result))

    @Slot()
    def refresh(self) -> None:
        """Show what is chosen."""
        draft = self._choices.draft
        self.models.refresh()
        outside = self._choices.outside if draft.recipe.blocks else ()
        divided = self._choices.partition is not None
        self.numbers.show_draft(draft, divided=divided, outside=outside)
        self.seed.show_seed(draft.recipe.seed)
        self.seed.setVisible(draft.spec.random)
        self._numbers_card.setVisible(bool(draft.parameters) or draft.spec.random)
        self.blocks.refresh()
        self.parts.refresh()
        self.loras.refresh()
        self.more.refresh()
        self._show_several()
        self.output.show_path(draft.recipe.output.path)
        self._order_focus()
        self._show_readiness()

    def _order_focus(self) -> None:
        """Tab goes down the cards; rows of some of them are made late."""
        models = (self.models, self.numbers, self.seed, self.blocks)
        groups = (*models, self.parts, self.loras, self.more)
        controls = [each for group in groups for each in group.controls]
        for before, after in pairwise((*controls, *self.output.controls, self._open)):
            QWidget.setTabOrder(before, after)

    def _show_several(self) -> None:
        """Say which files are written where there is more than one."""
        merges = self._choices.draft.merges
        self._several.setVisible(len(merges) > 1)
        names = [each.output.path.name for each in merges if each.output.path]
        if len(names) > _MOST_NAMED:
            names[_MOST_NAMED - 1 :] = [self.tr("more")]
        files = counted(len(merges), "file")
        said = self.tr("{files}: {names}").format(files=files, names=listed(names or [""]))
        self._several.setText(said)

    def _choose_values(self, parameter: Parameter, values: tuple[float, ...]) -> None:
        draft = self._choices.draft
        stroke = _STROKES + draft.parameters.index(parameter)
        changed = drafts.with_values(draft, parameter, values)
        self._choices.change(changed, parameter.name, stroke)

    def _choose_seed(self, seed: int) -> None:
        changed = drafts.with_seed(self._choices.draft, seed)
        self._choices.change(changed, self.tr("Seed"), _SEED_STROKE)

    def _choose_by_block(self, parameter: Parameter, on: bool) -> None:
        draft, partition = self._choices.draft, self._choices.partition
        values = None
        if on and partition is not None:
            values = (draft.value(parameter),) * len(partition.blocks)
            draft = drafts.with_values(draft, parameter, (draft.value(parameter),))
        title = self.tr("{name} per block").format(name=parameter.name)
        self._choices.change(drafts.with_blocks(draft, parameter.id, values), title)
        if on:
            self._reveal(self.blocks)

    def _reveal(self, widget: QWidget) -> None:
        """Scroll to a card that has just come, when it has its place."""
        QTimer.singleShot(_LAYOUT_MS, self, lambda: self._area.ensureWidgetVisible(widget))

    @Slot(object)
    def _show_plan(self, plan: Plan | None) -> None:
        self.plan_view.show_plan(plan)
        self.loras.refresh()
        self._show_readiness()

    @Slot(Exception)
    def _show_failure(self, error: Exception) -> None:
        if isinstance(error, CkptStudioError):
            self.plan_view.show_failure(error.message, error.hint)
        else:
            self.plan_view.show_failure(self.tr("The plan could not be made."), str(error))
        self.loras.refresh()
        self._show_readiness()

    def _show_readiness(self) -> None:
        draft, plan = self._choices.draft, self._choices.plan
        path = draft.recipe.output.path
        problems = len(plan.errors) if plan else 0
        if draft.lacking:
            reason = self.tr("Choose model {letters} first.").format(letters=listed(draft.lacking))
        elif path is None:
            reason = self.tr("Say where to save.")
        elif path.is_dir():
            reason = self.tr("This is a folder. Add a name for the file.")
        elif plan is None:
            reason = self.tr("There is no plan yet.")
        else:
            reason = "\n".join(problem.message for problem in plan.errors)
        several = len(draft.merges) > 1
        self.output.show_verb(self.tr("&Merge all…") if several else self.tr("&Merge…"))
        self.output.show_readiness(reason, problems)
