"""Everything that a widget and what is in it says to the eye and to screen readers."""

import re

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from ckpt_studio.core.plain_text import deceives

_TAG = re.compile(r"<(?!/?p>|br>)[^<>\s]")
_ROWS = 60


def seen(widget):
    """Return pairs of what says something and what it says."""
    for each in (widget, *widget.findChildren(QWidget)):
        name = each.objectName() or type(each).__name__
        for what in ("toolTip", "accessibleName", "accessibleDescription", "windowTitle"):
            yield f"{name}.{what}", getattr(each, what)()
        match each:
            case QLabel() | QAbstractButton() | QLineEdit():
                yield name, each.text()
            case QPlainTextEdit():
                yield name, each.toPlainText()
            case QComboBox():
                yield from ((name, each.itemText(row)) for row in range(each.count()))
            case QAbstractItemView() if each.model() is not None:
                yield from ((name, text) for text in cells(each.model()))
        yield from (
            (f"{name}.{action.objectName()}", text)
            for action in each.actions()
            for text in (action.text(), action.toolTip())
        )


def cells(model: QAbstractItemModel, parent=None):
    parent = parent or QModelIndex()
    for row in range(min(model.rowCount(parent), _ROWS)):
        columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)
        for column in range(columns):
            index = model.index(row, column, parent)
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                text = index.data(role)
                if isinstance(text, str):
                    yield text
        if not isinstance(model, QAbstractListModel):
            yield from cells(model, model.index(row, 0, parent))


def assert_plain(widget):
    """Nothing that is seen looks other than it is, and nothing foreign is taken for markup."""
    for name, text in seen(widget):
        assert not deceives(text), (name, text)
        if name.endswith(".toolTip") or "ToolTip" in name:
            assert not _TAG.search(text), (name, text)
    for label in widget.findChildren(QLabel):
        if "<" in label.text():
            assert label.textFormat() is Qt.TextFormat.PlainText, label.text()
