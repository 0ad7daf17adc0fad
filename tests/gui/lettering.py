"""Whether everything in sight can be reached by keys, and has a name for screen readers."""

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QTableView,
    QWidget,
)


def mnemonics(texts):
    """The letters that are underlined."""
    found = [re.search(r"&([^&\s])", text.replace("&&", "")) for text in texts]
    return [match.group(1).lower() for match in found if match]


def require_letters_and_names(widget, more=()):
    """Fail where two letters are the same, those of ``more`` too, or a control has no name."""
    controls = [each for each in widget.findChildren(QWidget) if each.isVisible()]
    texts = [
        each.text()
        for each in controls
        if isinstance(each, QAbstractButton) or (isinstance(each, QLabel) and each.buddy())
    ]
    letters = mnemonics([*texts, *more])
    assert len(letters) == len(set(letters)), sorted(letters)
    for each in controls:
        tabbed = each.focusPolicy() & Qt.FocusPolicy.TabFocus
        inner = isinstance(each.parent(), QAbstractSpinBox | QComboBox | QTableView)
        if tabbed and not inner:
            assert each.accessibleName() or getattr(each, "text", str)(), each.objectName()
