"""What few merges need, below one line that says what is set of it."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.merge_look import MergeLook
from ckpt_studio.app.panels.merge_rules import MergeRules
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.text import counted
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel


class MergeMore(QFrame):
    """Rules by name, the look of the pictures, training leftovers; closed at first."""

    opened = Signal()

    def __init__(self, choices: MergeChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mergeMoreCard")
        self.setProperty("card", True)
        self._choices = choices
        self._switch = QToolButton()
        self._summary = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._rules, self._look = MergeRules(choices), MergeLook(choices)
        self._prune = QCheckBox(self.tr("Leave out trainin&g leftovers"))
        self._body = QWidget()
        self._build()
        self._switch.toggled.connect(self._show_body)
        self._prune.toggled.connect(self._choose_prune)
        self._show_body(shown=False)

    def _build(self) -> None:
        self._switch.setObjectName("mergeMore")
        self._switch.setText(self.tr("More"))
        self._switch.setCheckable(True)
        self._switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._switch.setToolTip(
            self.tr("Other values by name, the look of the pictures, training leftovers")
        )
        self._summary.setObjectName("mergeMoreSummary")
        self._prune.setObjectName("mergePrune")
        self._prune.setToolTip(
            self.tr("EMA weights, noise schedules and the like, which no program reads any more")
        )
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._switch)
        head.addWidget(self._summary, 1)
        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(0, 0, 0, 4)
        inside.setSpacing(14)
        for widget in (self._rules, self._look, self._prune):
            inside.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._body)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._switch, *self._rules.controls, *self._look.controls, self._prune)

    def refresh(self) -> None:
        """Show what is chosen."""
        self._summary.set_text(self._set())
        if self._body.isHidden():
            return
        self._rules.refresh()
        self._look.refresh()
        with QSignalBlocker(self._prune):
            self._prune.setChecked(self._choices.draft.recipe.prune)

    def _set(self) -> str:
        draft = self._choices.draft
        rules = [rule for rule in draft.rules if rule.pattern.strip()]
        said = [counted(len(rules), "rule")] if rules else []
        said += [self._look.summary] if self._look.summary else []
        said += [self.tr("without training leftovers")] if draft.recipe.prune else []
        return " · ".join(said)

    def _show_body(self, shown: bool) -> None:
        self._switch.setIcon(icon("chevron-down" if shown else "chevron-right"))
        self._body.setVisible(shown)
        self.refresh()
        if shown:
            self.opened.emit()

    def _choose_prune(self, wanted: bool) -> None:
        changed = drafts.with_prune(self._choices.draft, prune=wanted)
        self._choices.change(changed, self.tr("Training leftovers"))
