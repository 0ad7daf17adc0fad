"""The rules of a merge: other values for tensors by their names."""

from itertools import pairwise

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.panels.rule_row import RuleRow
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.recipe import NameRule
from ckpt_studio.qt.labels import ElidedLabel, label

_STROKES = 6_000


class MergeRules(QWidget):
    """Follows the choices; a line for each rule, and one value in each."""

    def __init__(self, choices: MergeChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mergeRules")
        self._choices = choices
        self._rows: list[RuleRow] = []
        self._add = QPushButton(self.tr("Add a rule"))
        self._add.setObjectName("mergeAddRule")
        self._add.setAutoDefault(False)
        self._add.clicked.connect(self._add_rule)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(label(self.tr("Other values by name"), "h2"))
        words = self.tr(
            "for tensors whose names match; rules win over blocks, the last one over others"
        )
        head.addWidget(ElidedLabel(words, "dim"), 1)
        head.addWidget(self._add)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._list)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._add, *(control for row in self._rows for control in row.controls))

    def refresh(self) -> None:
        """Show what is chosen."""
        draft = self._choices.draft
        rules = draft.rules
        reason = "" if draft.parameters else self.tr("This method has no numbers.")
        self._add.setEnabled(not reason)
        self._add.setToolTip(reason)
        self._fit(len(rules))
        reach = None if draft.lacking else self._choices.reach
        for row, rule in zip(self._rows, rules, strict=True):
            found = reach.matched(draft.merge, rule.pattern) if reach else None
            row.show_rule(rule, draft.parameters, found)

    def _fit(self, count: int) -> None:
        while len(self._rows) > count:
            row = self._rows.pop()
            self._list.removeWidget(row)
            row.hide()
            row.setParent(None)  # its names are free for a row that comes at once
            row.deleteLater()
        while len(self._rows) < count:
            row = self._row(len(self._rows))
            self._rows.append(row)
            self._list.addWidget(row)
            row.show()  # now: it is about to be typed in
        for before, after in pairwise(self.controls):
            QWidget.setTabOrder(before, after)

    def _row(self, place: int) -> RuleRow:
        row = RuleRow(place)
        row.rule_typed.connect(lambda rule: self._set(place, rule))
        row.remove_requested.connect(lambda: self._remove(place))
        return row

    def _add_rule(self) -> None:
        draft = self._choices.draft
        parameter = draft.parameters[0]
        rules = (*draft.rules, NameRule("", {parameter.id: draft.value(parameter)}))
        self._choices.change(drafts.with_rules(draft, rules), self.tr("Add a rule"))
        self._rows[-1].focus_pattern()

    def _set(self, place: int, rule: NameRule) -> None:
        rules = list(self._choices.draft.rules)
        rules[place] = rule
        changed = drafts.with_rules(self._choices.draft, tuple(rules))
        self._choices.change(changed, self.tr("Rule"), _STROKES + place)

    def _remove(self, place: int) -> None:
        rules = list(self._choices.draft.rules)
        del rules[place]
        changed = drafts.with_rules(self._choices.draft, tuple(rules))
        self._choices.change(changed, self.tr("Remove a rule"))
