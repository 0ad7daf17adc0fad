"""Several open files edited together, used as a person uses it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QPushButton, QToolButton

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_table import MetadataTable
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.qt.labels import ElidedLabel
from ckpt_studio.qt.value_edit import ValueEdit
from tests.gui.acting import answer, in_dialog
from tests.gui.opened import opened_file

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def documents(qtbot):
    return [
        Document(name, opened_file(metadata={"author": "me", "title": name}))
        for name in ("one", "two", "three")
    ]


@pytest.fixture
def panel(qtbot, documents):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.set_documents(documents)
    panel.show_document(documents[0])
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def edit_several(panel, act):
    in_dialog("severalDialog", act)
    panel.findChild(QToolButton, "metadataTemplates").menu().aboutToShow.emit()
    panel.findChild(QAction, "metadataSeveral").trigger()


def press(dialog, name):
    QTest.mouseClick(dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def paste(dialog, text):
    QGuiApplication.clipboard().setText(text)
    paste = dialog.findChild(QToolButton, "metadataPaste")
    QTest.mouseClick(paste, Qt.MouseButton.LeftButton)


def activate(dialog, tries=200):
    """Wait until keys go to the dialog."""
    while not dialog.isActiveWindow() and tries:
        dialog.activateWindow()
        QTest.qWait(10)
        tries -= 1


def test_a_value_goes_to_every_ticked_file_and_what_differs_stays(panel, documents):
    def act(dialog):
        files = dialog.findChild(QListWidget, "severalFiles")
        files.item(2).setCheckState(Qt.CheckState.Unchecked)
        paste(dialog, "author\tyou\nlicense\tMIT")
        press(dialog, "severalApply")

    edit_several(panel, act)
    assert [dict(document.metadata) for document in documents] == [
        {"author": "you", "title": "one", "license": "MIT"},
        {"author": "you", "title": "two", "license": "MIT"},
        {"author": "me", "title": "three"},
    ]
    documents[1].undo_stack.undo()
    assert documents[1].metadata == {"author": "me", "title": "two"}


def test_applied_edits_are_saved_on_request(panel, documents):
    asked = []
    panel.save_requested.connect(asked.append)

    def act(dialog):
        paste(dialog, "license\tMIT")
        press(dialog, "severalSave")

    edit_several(panel, act)
    assert asked == documents


def test_what_differs_is_replaced_in_each_file(panel, documents):
    documents[0].edit(SetValue("only", "seed"))

    def act(dialog):
        QTest.mouseClick(
            dialog.findChild(QToolButton, "metadataFindOpen"), Qt.MouseButton.LeftButton
        )
        QTest.keyClicks(dialog.findChild(QLineEdit, "metadataFind"), "e")
        QTest.keyClicks(dialog.findChild(QLineEdit, "metadataReplacement"), "E")
        said = dialog.findChild(QLabel, "metadataFindResult").text()
        assert said == "8 matches in 6 values of 3 files"
        press(dialog, "metadataReplaceAll")
        assert dialog.findChild(QLabel, "metadataFindResult").text() == said  # without case
        notice = dialog.findChild(ElidedLabel, "severalNotice")
        assert notice.full_text == "8 matches replaced in 6 values of 3 files."
        press(dialog, "severalApply")

    edit_several(panel, act)
    assert [dict(document.metadata) for document in documents] == [
        {"author": "mE", "title": "onE", "only": "sEEd"},
        {"author": "mE", "title": "two"},
        {"author": "mE", "title": "thrEE"},
    ]
    documents[0].undo_stack.undo()
    assert documents[0].metadata == {"author": "me", "title": "one", "only": "seed"}


def test_what_was_replaced_is_searched_again_undone_and_edited_on(panel, documents):
    def act(dialog):
        activate(dialog)
        table = dialog.findChild(MetadataTable)
        dialog.findChild(QToolButton, "metadataFindOpen").click()
        find = dialog.findChild(QLineEdit, "metadataFind")
        replacement = dialog.findChild(QLineEdit, "metadataReplacement")
        said = dialog.findChild(QLabel, "metadataFindResult")
        for old, new in (("t", "T"), ("Tw", "Du"), ("o", "0")):
            find.setText(old)
            replacement.setText(new)
            press(dialog, "metadataReplaceAll")
        table.setFocus()
        QTest.keyClick(table, Qt.Key.Key_Z, CONTROL)
        assert said.text() == "3 matches in 3 values of 3 files"  # one, Duo and author
        table.select_keys(["title"])
        assert dialog.findChild(ValueEdit, "metadataValue").exact_text() == ""
        press(dialog, "severalApply")

    documents[2].edit(SetValue("author", "o"))
    edit_several(panel, act)
    assert [document.metadata["title"] for document in documents] == ["one", "Duo", "Three"]


def test_what_is_typed_for_values_that_differ_begins_empty(panel, documents):
    def act(dialog):
        table = dialog.findChild(MetadataTable)
        table.select_keys(["title"])
        edit = dialog.findChild(ValueEdit, "metadataValue")
        assert edit.exact_text() == ""
        QTest.keyClicks(edit, "Set")
        press(dialog, "severalApply")

    edit_several(panel, act)
    assert [document.metadata["title"] for document in documents] == ["Set"] * 3


def test_the_sign_for_what_differs_is_not_pasted_into_a_text(panel, documents):
    def act(dialog):
        paste(dialog, "title\t<keep> v2")
        assert not dialog.findChild(QPushButton, "severalApply").isEnabled()
        told = [getattr(each, "full_text", "") for each in dialog.findChildren(QLabel)]
        assert any("stands for values that differ." in each for each in told)
        press(dialog, "severalCancel")

    edit_several(panel, act)
    assert [document.metadata["title"] for document in documents] == ["one", "two", "three"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, None])
def test_edits_are_not_dropped_unasked(panel, documents, key):
    def leave(dialog):
        if key is None:
            dialog.close()
        else:
            QTest.keyClick(dialog, key)

    def act(dialog):
        assert not dialog.findChild(QPushButton, "severalApply").isEnabled()
        paste(dialog, "license\tMIT")
        answer("&Go back")
        leave(dialog)
        assert dialog.isVisible()
        answer("&Drop them")
        leave(dialog)
        assert not dialog.isVisible()

    edit_several(panel, act)
    assert all(not document.undo_stack.canUndo() for document in documents)


def test_without_edits_it_is_left_at_once(panel, documents):
    edit_several(panel, lambda dialog: press(dialog, "severalCancel"))
    assert all(not document.undo_stack.canUndo() for document in documents)


def test_edits_are_undone_and_made_again_by_key(panel, documents):
    def act(dialog):
        table, apply = (
            dialog.findChild(MetadataTable),
            dialog.findChild(QPushButton, "severalApply"),
        )
        activate(dialog)
        paste(dialog, "license\tMIT")
        table.setFocus()
        QTest.keyClick(table, Qt.Key.Key_Z, CONTROL)
        assert not apply.isEnabled()
        QTest.keyClick(table, Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        assert apply.isEnabled()
        press(dialog, "severalApply")

    edit_several(panel, act)
    assert [document.metadata["license"] for document in documents] == ["MIT"] * 3


def test_find_and_replace_opens_by_key(panel):
    def act(dialog):
        activate(dialog)
        QTest.keyClick(dialog.findChild(MetadataTable), Qt.Key.Key_F, CONTROL)
        find = dialog.findChild(QLineEdit, "metadataFind")
        assert find.isVisible()
        assert find.hasFocus()
        press(dialog, "severalCancel")

    edit_several(panel, act)


def test_the_sign_for_what_differs_is_not_copied(panel):
    def act(dialog):
        table = dialog.findChild(MetadataTable)
        table.selectAll()
        QTest.keyClick(table, Qt.Key.Key_C, CONTROL)
        press(dialog, "severalCancel")

    edit_several(panel, act)
    assert QGuiApplication.clipboard().text() == "author: me"
