"""Another value for the tensors whose names match: one line of the rules of a merge."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from ckpt_studio.core.merging.methods import Parameter
from ckpt_studio.core.recipe import NameRule
from ckpt_studio.core.text import counted
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.number_box import NumberBox

_LEAST_PATTERN, _PARAMETER_WIDTH = 140, 110


class RuleRow(QWidget):
    """Shows a rule with one value; ``place`` is the end of the object names."""

    rule_typed = Signal(object)  # NameRule
    remove_requested = Signal()

    def __init__(self, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pattern = QLineEdit()
        self._pattern.setObjectName(f"mergeRulePattern{place}")
        self._pattern.setAccessibleName(self.tr("Names of tensors"))
        self._pattern.setPlaceholderText(self.tr("part of a name, such as attn2"))
        self._pattern.setMinimumWidth(_LEAST_PATTERN)
        self._pattern.setToolTip(
            self.tr("A text that the name contains, or one with * and ? for all of it")
        )
        self._parameter = ComboBox(f"mergeRuleParameter{place}", self.tr("Number of the rule"))
        self._parameter.setFixedWidth(_PARAMETER_WIDTH)
        self._value = NumberBox(f"mergeRuleValue{place}", self.tr("Value of the rule"))
        self._found = ElidedLabel(role="dim", mode=Qt.TextElideMode.ElideRight)
        self._found.setObjectName(f"mergeRuleFound{place}")
        self._remove = QToolButton()
        self._remove.setObjectName(f"mergeRuleRemove{place}")
        self._remove.setIcon(icon("close"))
        self._remove.setToolTip(self.tr("Remove this rule"))
        self._remove.setAccessibleName(self._remove.toolTip())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._pattern, 2)
        row.addWidget(self._parameter)
        row.addWidget(label("=", "dim"))
        row.addWidget(self._value)
        row.addWidget(self._found, 1)
        row.addWidget(self._remove)
        self._pattern.textEdited.connect(self._tell)
        self._parameter.currentIndexChanged.connect(self._tell)
        self._value.valueChanged.connect(self._tell)
        self._remove.clicked.connect(self.remove_requested)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._pattern, self._parameter, self._value, self._remove)

    def show_rule(self, rule: NameRule, parameters: Sequence[Parameter], found: int | None) -> None:
        """Show a rule with one value and how many tensors it is for, where that is known."""
        blocked = [QSignalBlocker(each) for each in (self._pattern, self._parameter, self._value)]
        self._fill(rule, parameters)
        for each in blocked:
            each.unblock()
        self._show_found(rule, found)

    def _fill(self, rule: NameRule, parameters: Sequence[Parameter]) -> None:
        name, value = next(iter(rule.values.items()))
        if self._pattern.text() != rule.pattern:
            self._pattern.setText(rule.pattern)
        self._parameter.clear()
        for parameter in parameters:
            self._parameter.add(parameter.name, parameter.id, parameter.sentence)
        self._parameter.choose(name)
        self._value.setValue(value)

    def focus_pattern(self) -> None:
        """Let the user type the pattern."""
        self._pattern.setFocus()

    def _show_found(self, rule: NameRule, found: int | None) -> None:
        if not rule.pattern.strip() or found is None:
            self._found.set_text("")
        elif not found:
            self._found.set_text(self.tr("matches no tensor that is merged"))
        else:
            self._found.set_text(self.tr("matches {count}").format(count=counted(found, "tensor")))

    def _tell(self) -> None:
        name = self._parameter.currentData()
        if name:
            values = {name: round(self._value.value(), 4)}
            self.rule_typed.emit(NameRule(self._pattern.text(), values))
