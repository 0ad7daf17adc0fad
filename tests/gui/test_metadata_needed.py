"""Values that loaders need are not changed by typing without a question, in no view."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QToolButton

from ckpt_studio.app.document import Document
from ckpt_studio.app.main_window import METADATA as METADATA_PANEL
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_table import MetadataTable
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.qt.line_field import LineField
from ckpt_studio.qt.value_edit import ValueEdit
from tests.gui.acting import answer, in_dialog, named, settled
from tests.gui.metadata_panel import panel_of
from tests.gui.opened import opened_file

CONTROL = Qt.KeyboardModifier.ControlModifier
METADATA = {"title": "One", "config": "{}", "modelspec.architecture": "lora", "format": "pt"}
ANSWERS = [("&Keep it", False), ("&Go on", True)]


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata=METADATA))


@pytest.fixture
def panel(qtbot, document):
    return panel_of(qtbot, document)


def show(panel, view):
    button = panel.findChild(QToolButton, f"metadataView{view}")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(panel, key):
    panel.keys.table.select_keys([key])


def typed(widget, text):
    """Type over all that is there."""
    widget.setFocus()
    widget.selectAll()
    QTest.keyClicks(widget, text)


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_it_is_asked_once_when_another_key_is_chosen(panel, document, button, changed):
    choose(panel, "config")
    field = panel.keys.editor.edit
    typed(field, "[]")
    assert document.metadata["config"] == "[]"  # nothing was asked so far
    answer(button)
    choose(panel, "title")
    assert document.metadata == {**METADATA, "config": "[]" if changed else "{}"}
    assert document.undo_stack.count() == changed
    assert document.undo_stack.isClean() is not changed
    choose(panel, "config")
    assert field.exact_text() == document.metadata["config"]
    choose(panel, "title")  # nothing was typed since: nothing is asked


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_a_value_that_is_typed_and_then_emptied_is_asked_about_once(
    panel, document, button, changed
):
    choose(panel, "config")
    field = panel.keys.editor.edit
    typed(field, "[")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    answer(button)
    panel.finish_editing()
    assert ("config" not in document.metadata) is changed
    assert changed or document.metadata == METADATA


def test_what_was_undone_and_other_keys_are_not_asked_about(panel, document):
    choose(panel, "config")
    field = panel.keys.editor.edit
    typed(field, "[]")
    QTest.keyClick(field, Qt.Key.Key_Z, CONTROL)
    choose(panel, "title")
    typed(field, "Two")
    choose(panel, "config")
    assert document.metadata == {**METADATA, "title": "Two"}
    assert QApplication.activeModalWidget() is None


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
@pytest.mark.parametrize("text", ["mine", ""])
def test_a_field_of_the_form_asks_when_it_is_left(panel, document, button, changed, text):
    show(panel, "Form")
    field = panel.findChild(LineField, "formArchitecture")
    typed(field, text)
    if not text:
        QTest.keyClick(field, Qt.Key.Key_Delete)
    assert document.metadata.get("modelspec.architecture", "") == text
    answer(button)
    panel.findChild(LineField, "formTitle").setFocus()
    assert document.metadata.get("modelspec.architecture", "") == (text if changed else "lora")
    assert field.text() == document.metadata.get("modelspec.architecture", "")
    assert list(document.metadata) == [key for key in METADATA if key in document.metadata]


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_an_entry_of_the_form_that_is_chosen_asks_at_once(panel, document, button, changed):
    show(panel, "Form")
    box = panel.findChild(QComboBox, "choicesArchitecture")
    answer(button)
    box.activated.emit(1)
    chosen = box.itemText(1)
    assert document.metadata["modelspec.architecture"] == (chosen if changed else "lora")


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_json_asks_when_it_is_left_and_keeps_what_else_was_typed(
    qtbot, panel, document, button, changed
):
    show(panel, "Json")
    text = panel.json.edit
    shown = {"title": "Two", "config": "[]", "modelspec.architecture": "lora"}
    text.selectAll()
    text.insertPlainText(json.dumps(shown))
    qtbot.waitUntil(lambda: document.metadata == shown)
    text.setFocus()
    answer(button)
    panel.findChild(QPushButton, "metadataSave").setFocus()
    assert document.metadata == (shown if changed else {**METADATA, "title": "Two"})
    assert list(document.metadata) == [key for key in METADATA if key in document.metadata]
    assert json.loads(text.exact_text()) == document.metadata
    document.undo_stack.undo()
    assert document.metadata == METADATA


def test_the_original_value_is_taken_back_without_a_question(panel, document):
    choose(panel, "config")
    typed(panel.keys.editor.edit, "[]")
    button = panel.findChild(QPushButton, "metadataRestore")
    button.setFocus()
    button.click()
    choose(panel, "title")
    assert document.metadata == METADATA


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_saving_asks_first_and_saves_only_when_something_is_left(
    qtbot, panel, document, button, changed
):
    saved = []
    panel.save_requested.connect(saved.append)
    choose(panel, "config")
    typed(panel.keys.editor.edit, "[]")
    answer(button)
    QTest.mouseClick(panel.findChild(QPushButton, "metadataSave"), Qt.MouseButton.LeftButton)
    assert document.metadata["config"] == ("[]" if changed else "{}")
    assert saved == ([document] if changed else [])


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_the_shortcut_saves_only_when_something_is_left(
    qtbot, open_window, tmp_path, button, changed
):
    path = tmp_path / "one.safetensors"
    header = json.dumps({"__metadata__": METADATA}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    window = open_window(path)
    qtbot.waitUntil(lambda: settled(window) and window.session.current is not None)
    window.actions_.panels[METADATA_PANEL].trigger()
    panel = named(window, "metadataPanel", MetadataPanel)
    choose(panel, "config")
    typed(panel.keys.editor.edit, "[]")
    answer(button)
    plans = []
    if changed:
        in_dialog("editPlan", lambda dialog: (plans.append(dialog), dialog.reject()))
    window.actions_.save.trigger()
    assert window.saving.edits.busy is changed
    qtbot.waitUntil(lambda: not window.saving.edits.busy)
    assert bool(plans) is changed


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_what_is_redone_is_asked_about_before_it_is_saved(panel, document, button, changed):
    choose(panel, "config")
    field = panel.keys.editor.edit
    typed(field, "[]")
    QTest.keyClick(field, Qt.Key.Key_Z, CONTROL)
    choose(panel, "title")
    document.undo_stack.redo()
    answer(button)
    panel.finish_editing()
    assert document.metadata == {**METADATA, "config": "[]" if changed else "{}"}
    panel.finish_editing()  # nothing is asked twice


def test_what_replaced_the_undone_is_not_asked_about(panel, document):
    choose(panel, "config")
    field = panel.keys.editor.edit
    typed(field, "[]")
    QTest.keyClick(field, Qt.Key.Key_Z, CONTROL)
    document.edit(SetValue("config", "1"))
    panel.finish_editing()
    assert document.metadata["config"] == "1"


def at(panel, widget):
    return widget.mapTo(panel, widget.rect().center())


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_a_click_is_not_swallowed_by_the_question(qtbot, panel, document, button, changed):
    save = panel.findChild(QPushButton, "metadataSave")
    choose(panel, "title")
    typed(panel.keys.editor.edit, "Two")
    choose(panel, "config")
    typed(panel.keys.editor.edit, "[]")
    window, place = panel.windowHandle(), at(panel, save)
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=place)
    qtbot.wait(100)
    assert QApplication.activeModalWidget() is None
    assert save.isDown()
    answer(button)
    with qtbot.waitSignal(panel.save_requested):
        QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=place)
    assert not save.isDown()
    assert document.metadata["config"] == ("[]" if changed else "{}")


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_a_click_at_another_key_asks_when_it_has_ended(qtbot, panel, document, button, changed):
    choose(panel, "config")
    typed(panel.keys.editor.edit, "[]")
    table = panel.keys.table
    row = table.visualRect(table.model().index(0, 0)).center()
    place = table.viewport().mapTo(panel, row)
    window = panel.windowHandle()
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=place)
    qtbot.wait(100)
    assert QApplication.activeModalWidget() is None
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=place)
    answers = []

    def act(box):
        answers.append(button)
        next(each for each in box.buttons() if each.text() == button).click()

    in_dialog("neededQuestion", act)
    qtbot.waitUntil(lambda: answers == [button] and QApplication.activeModalWidget() is None)
    assert [row.key for row in table.selected()] == ["title"]
    assert document.metadata == {**METADATA, "config": "[]" if changed else "{}"}


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_a_click_that_edits_asks_before_it_does(qtbot, panel, document, button, changed):
    choose(panel, "config")
    typed(panel.keys.editor.edit, "[]")
    panel.keys.table.selectionModel().blockSignals(True)
    choose(panel, "title")
    panel.keys.table.selectionModel().blockSignals(False)
    window, place = panel.windowHandle(), at(panel, panel.keys.bar.remove)
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=place)
    qtbot.wait(50)
    answer(button)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=place)
    left = {key: value for key, value in METADATA.items() if key != "title"}
    assert document.metadata == {**left, "config": "[]" if changed else "{}"}


@pytest.mark.parametrize(("button", "changed"), ANSWERS)
def test_several_files_ask_too(qtbot, panel, document, button, changed):
    other = Document("other", opened_file(metadata={**METADATA, "config": '{"a": 1}'}))
    panel.set_documents([document, other])

    def act(dialog):
        dialog.findChild(MetadataTable).select_keys(["config"])
        typed(dialog.findChild(ValueEdit, "metadataValue"), "[]")
        answer(button)
        dialog.findChild(MetadataTable).select_keys(["title"])
        assert dialog.findChild(QPushButton, "severalApply").isEnabled() is changed
        dialog.findChild(QPushButton, "severalApply" if changed else "severalCancel").click()

    in_dialog("severalDialog", act)
    panel.start("metadataSeveral")
    assert [each.metadata["config"] for each in (document, other)] == (
        ["[]", "[]"] if changed else ["{}", '{"a": 1}']
    )
