"""What is done with several keys at once in the table: replaced, pasted, duplicated."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit

from ckpt_studio.app.document import Document
from ckpt_studio.core.editing.metadata_rows import State
from ckpt_studio.core.metadata import SetValue
from tests.gui.acting import answer
from tests.gui.metadata_panel import panel_of
from tests.gui.opened import opened_file


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata={"title": "One", "config": "{}"}))


@pytest.fixture
def panel(qtbot, document):
    return panel_of(qtbot, document)


def click(qtbot, panel, name):
    qtbot.mouseClick(panel.findChild(QAbstractButton, name), Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("button", ["&Keep it", "&Go on"])
def test_a_needed_value_is_not_replaced_or_pasted_over_unasked(panel, document, qtbot, button):
    click(qtbot, panel, "metadataFindOpen")
    qtbot.keyClicks(panel.findChild(QLineEdit, "metadataFind"), "{}")
    qtbot.keyClicks(panel.findChild(QLineEdit, "metadataReplacement"), "[]")
    answer(button)
    click(qtbot, panel, "metadataReplaceAll")
    changed = button == "&Go on"
    assert document.metadata["config"] == ("[]" if changed else "{}")
    QGuiApplication.clipboard().setText('{"config": "zzz"}')
    answer(button)
    click(qtbot, panel, "metadataPaste")
    assert (document.metadata["config"] == "zzz") is changed
    QGuiApplication.clipboard().setText('{"format": "pt"}')  # a new one harms nothing
    click(qtbot, panel, "metadataPaste")
    assert document.metadata["format"] == "pt"


def test_a_key_that_was_pasted_twice_is_named(panel, document, qtbot):
    QGuiApplication.clipboard().setText('{"seed": "1", "seed": "2"}')
    click(qtbot, panel, "metadataPaste")
    assert document.metadata["seed"] == "2"
    assert panel.findChild(QLabel, "metadataNotice").full_text.endswith(
        "the last one counts: seed."
    )


def test_keys_are_duplicated_under_new_names(panel, document, qtbot):
    panel.keys.table.select_keys(["title", "config"])
    panel.findChild(QAction, "rowDuplicate").trigger()
    assert list(document.metadata)[-2:] == ["title copy", "config copy"]
    assert [row.key for row in panel.keys.table.selected()] == ["title copy", "config copy"]
    panel.keys.table.select_keys(["title"])
    panel.findChild(QAction, "rowDuplicate").trigger()
    assert document.metadata["title copy 2"] == "One"
    assert document.undo_stack.count() == 2


def test_keys_are_moved_with_the_keyboard_and_back(panel, document, qtbot):
    document.edit(SetValue("author", "me"))
    table = panel.keys.table
    table.select_keys(["author"])
    qtbot.keyClick(table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert list(document.metadata) == ["title", "author", "config"]
    qtbot.keyClick(table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert list(document.metadata) == ["author", "title", "config"]
    assert [row.key for row in table.selected()] == ["author"]
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert list(document.metadata) == ["title", "author", "config"]
    assert {row.key: row.state for row in table.rows.rows}["title"] is State.SAME
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    assert list(document.metadata) == ["title", "config"]
