"""A problem of a plan as a line: its sign, and what it is."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout

from ckpt_studio.core.problems import Problem, Severity
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import IconLabel, label

_SIGNS = {
    Severity.ERROR: ("alert-circle-outline", "bad"),
    Severity.WARNING: ("alert-outline", "warn"),
    Severity.NOTE: ("information-outline", "accent"),
}


def problem_line(problem: Problem) -> QHBoxLayout:
    """Return a problem with its sign."""
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(IconLabel(icon(*_SIGNS[problem.severity])), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(problem.message, wrap=True), 1)
    return row
