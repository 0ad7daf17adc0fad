"""The Metadata panel, used as a person uses it."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
)

from ckpt_studio.app.document import Document
from ckpt_studio.core.editing.metadata_rows import rows_of
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.qt.metadata_model import METADATA_COLUMNS, MetadataColumn, MetadataModel
from tests.gui.acting import answer
from tests.gui.metadata_panel import panel_of
from tests.gui.opened import opened_file

CONTROL = Qt.KeyboardModifier.ControlModifier
METADATA = {"title": "One", "note": "a\r\nb\u00a0c", "config": "{}", "big": "x" * 70_000}


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata=METADATA))


@pytest.fixture
def panel(qtbot, document):
    return panel_of(qtbot, document)


def click(qtbot, panel, name):
    kind = QToolButton if panel.findChild(QToolButton, name) else QPushButton
    qtbot.mouseClick(panel.findChild(kind, name), Qt.MouseButton.LeftButton)


def choose(panel, key):
    panel.keys.table.selectRow(panel.keys.table.rows.place_of(key))


def value_field(panel):
    return panel.keys.editor.edit


def type_value(qtbot, panel, text):
    field = value_field(panel)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def said(panel, name):
    found = panel.findChild(QLabel, name)
    return getattr(found, "full_text", found.text())


def cells(panel, key):
    model, row = panel.keys.table.model(), panel.keys.table.rows.place_of(key)
    return [model.index(row, column).data() for column in range(model.columnCount())]


def test_the_model_keeps_the_rules_of_qt(qtmodeltester):
    model = MetadataModel()
    model.show_rows(rows_of(METADATA, {**METADATA, "new": "1"}, ()))
    qtmodeltester.check(model)


def test_the_fixed_names_are_there(panel):
    for name in ("metadataTable", "metadataAdd", "metadataRemove", "metadataValue"):
        found = panel.findChild(object, name)
        assert found is not None
        assert found.accessibleName()


def test_a_value_is_shown_before_and_after(panel, document, qtbot):
    choose(panel, "title")
    type_value(qtbot, panel, "Two")
    assert document.metadata["title"] == "Two"
    assert cells(panel, "title") == ["title", "One", "Two", "3 bytes", "● changed"]
    assert cells(panel, "note")[1:3] == ["a␍↵b\u00a0c", "(same)"]
    assert document.undo_stack.count() == 1


def test_undo_and_redo_work_while_typing(panel, document, qtbot):
    choose(panel, "title")
    type_value(qtbot, panel, "Two")
    qtbot.keyClick(value_field(panel), Qt.Key.Key_Z, CONTROL)
    assert document.metadata == METADATA
    assert value_field(panel).toPlainText() == "One"
    document.undo_stack.redo()
    assert value_field(panel).toPlainText() == "Two"


def test_characters_that_were_not_touched_stay(panel, document, qtbot):
    choose(panel, "note")
    field = value_field(panel)
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_End, CONTROL)
    qtbot.keyClicks(field, "!")
    assert document.metadata["note"] == METADATA["note"] + "!"


def test_a_value_that_would_not_survive_the_editor_is_not_editable(panel, document):
    document.edit(SetValue("mixed", "a\rb\nc"))
    choose(panel, "mixed")
    assert value_field(panel).isReadOnly()
    assert "line ends" in said(panel, "metadataNote")


def test_a_key_is_added_with_its_first_value(panel, document, qtbot):
    click(qtbot, panel, "metadataAdd")
    qtbot.keyClicks(panel.findChild(QLineEdit, "metadataKey"), "author")
    qtbot.keyClick(panel.findChild(QLineEdit, "metadataKey"), Qt.Key.Key_Return)
    assert "author" not in document.metadata
    qtbot.keyClicks(value_field(panel), "me")
    assert list(document.metadata)[-1] == "author"
    assert document.metadata["author"] == "me"
    assert [row.key for row in panel.keys.table.selected()] == ["author"]
    assert cells(panel, "author")[4] == "+ added"
    document.undo_stack.undo()
    assert document.metadata == METADATA


def test_a_key_that_exists_is_refused_below_the_field(panel, document, qtbot):
    click(qtbot, panel, "metadataAdd")
    field = panel.findChild(QLineEdit, "metadataKey")
    qtbot.keyClicks(field, "title")
    assert said(panel, "metadataKeyMessage") == "“title” exists already."
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.isVisible()
    qtbot.keyClicks(field, "2")
    assert not panel.findChild(QLabel, "metadataKeyMessage").isVisible()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert document.undo_stack.count() == 0


def test_f2_renames_in_place(panel, document, qtbot):
    choose(panel, "title")
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_F2)
    field = panel.findChild(QLineEdit, "metadataKey")
    assert field.text() == "title"
    qtbot.keyClicks(field, "modelspec.title")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert next(iter(document.metadata)) == "modelspec.title"
    assert cells(panel, "modelspec.title")[4] == "↷ renamed"
    assert document.undo_stack.undoText() == "Rename title"


def test_delete_removes_and_the_row_stays_struck_through(panel, document, qtbot):
    choose(panel, "title")
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_Delete)
    assert "title" not in document.metadata
    assert cells(panel, "title")[1:3] == ["One", "(removed)"]
    choose(panel, "title")
    click(qtbot, panel, "metadataRestore")
    assert document.metadata["title"] == "One"


def test_several_keys_are_removed_in_one_step(panel, document, qtbot):
    panel.keys.table.select_keys(["title", "note"])
    click(qtbot, panel, "metadataRemove")
    assert list(document.metadata) == ["config", "big"]
    assert document.undo_stack.count() == 1


def test_a_needed_key_is_kept_unless_confirmed(panel, document, qtbot):
    choose(panel, "config")
    assert said(panel, "metadataNote").startswith("Needed: LTX")
    assert cells(panel, "config")[4] == "needed to load"
    answer("&Keep it")
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_Delete)
    assert "config" in document.metadata
    answer("&Go on")
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_Delete)
    assert "config" not in document.metadata


def test_a_value_that_is_emptied_removes_its_key(panel, document, qtbot):
    choose(panel, "title")
    field = value_field(panel)
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    assert said(panel, "metadataNote") == "Without a value the key is removed."
    assert "title" in document.metadata
    choose(panel, "note")
    assert "title" not in document.metadata
    assert "" not in document.metadata.values()


def test_json_is_checked_and_laid_out(panel, document, qtbot):
    document.edit(SetValue("workflow", '{"nodes":[1,2]}'))
    choose(panel, "workflow")
    click(qtbot, panel, "valueModeText")
    assert cells(panel, "workflow")[2] == '2 nodes · {"nodes":[1,2]}'
    assert said(panel, "metadataCheck") == "✔ valid JSON"
    click(qtbot, panel, "metadataFormat")
    assert document.metadata["workflow"] == '{\n  "nodes": [1, 2]\n}'
    click(qtbot, panel, "metadataCompact")
    assert document.metadata["workflow"] == '{"nodes":[1,2]}'
    click(qtbot, panel, "metadataCopyValue")
    assert QGuiApplication.clipboard().text() == '{"nodes":[1,2]}'
    field = value_field(panel)
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_End, CONTROL)
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    assert said(panel, "metadataCheck").startswith("line 3, column 1: ")
    assert said(panel, "metadataPlace") == "Ln 3, Col 1"


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_json_is_shown_laid_out_and_stored_as_it_was(panel, document, qtbot, separators):
    stored = json.dumps({"nodes": [1, 2], "name": "x"}, separators=separators)
    document.edit(SetValue("workflow", stored))
    choose(panel, "workflow")
    click(qtbot, panel, "valueModeText")
    field = value_field(panel)
    assert field.toPlainText().count("\n") == 3
    assert document.metadata["workflow"] == stored
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_End, CONTROL)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_End, Qt.Key.Key_Left):
        qtbot.keyClick(field, key)
    qtbot.keyClicks(field, "yz ")
    assert json.loads(document.metadata["workflow"]) == {"nodes": [1, 2], "name": "xyz "}
    assert "\n" not in document.metadata["workflow"]
    assert field.toPlainText().endswith('"xyz "\n}')
    qtbot.keyClick(field, Qt.Key.Key_Z, CONTROL)
    assert document.metadata["workflow"] == stored
    assert field.toPlainText().endswith('"x"\n}')


def test_a_large_value_is_loaded_on_demand(panel, document, qtbot):
    choose(panel, "big")
    field = value_field(panel)
    assert len(field.toPlainText()) < 5000
    assert field.isReadOnly()
    click(qtbot, panel, "metadataLoad")
    qtbot.waitUntil(lambda: len(field.toPlainText()) == 70_000)
    assert not field.isReadOnly()
    qtbot.keyClicks(field, "y")
    qtbot.waitUntil(lambda: document.metadata["big"] == "y" + METADATA["big"])


def test_a_very_long_line_of_json_is_formatted_before_it_is_edited(panel, document, qtbot):
    document.edit(
        SetValue("workflow", json.dumps({"nodes": ["n" * 9] * 20_000}, separators=(" ,", ":")))
    )
    choose(panel, "workflow")
    click(qtbot, panel, "valueModeText")
    click(qtbot, panel, "metadataLoad")
    button = panel.findChild(QPushButton, "metadataFormat")
    qtbot.waitUntil(button.isVisible)
    assert value_field(panel).isReadOnly()
    assert "Format" in said(panel, "metadataNote")
    click(qtbot, panel, "metadataFormat")
    qtbot.waitUntil(lambda: not value_field(panel).isReadOnly())
    assert document.metadata["workflow"].count("\n") > 20_000


def test_lines_and_objects_are_pasted(panel, document, qtbot):
    QGuiApplication.clipboard().setText("title\tNew\nauthor\tme")
    panel.keys.table.setFocus()
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_V, CONTROL)
    assert document.metadata["title"] == "New"
    assert document.metadata["author"] == "me"
    assert document.undo_stack.count() == 1
    QGuiApplication.clipboard().setText('{"seed": 5, "title": "Obj"}')
    click(qtbot, panel, "metadataPaste")
    assert document.metadata["seed"] == "5"
    assert said(panel, "metadataNotice") == (
        "2 keys pasted. Written as JSON, because no text: seed."
    )
    QGuiApplication.clipboard().setText("nothing of use")
    click(qtbot, panel, "metadataPaste")
    assert "no tab" in said(panel, "metadataNotice")
    assert document.undo_stack.count() == 2


def test_selected_keys_are_copied(panel, qtbot):
    panel.keys.table.select_keys(["title", "config"])
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "title: One\nconfig: {}"


@pytest.mark.parametrize("key", ["Prompt", "Workflow"])
def test_prompt_and_workflow_come_from_the_clipboard(panel, document, qtbot, key):
    QGuiApplication.clipboard().setText('{"1": {"class_type": "X"}}')
    click(qtbot, panel, f"metadataAdd{key}")
    assert json.loads(document.metadata[key.lower()])["1"]["class_type"] == "X"
    assert said(panel, "metadataCheck") == "✔ valid JSON"


def test_without_json_on_the_clipboard_the_prompt_is_typed(panel, document, qtbot):
    QGuiApplication.clipboard().setText("no json")
    click(qtbot, panel, "metadataAddPrompt")
    assert "no JSON" in said(panel, "metadataNotice")
    qtbot.keyClicks(value_field(panel), "{}")
    assert document.metadata["prompt"] == "{}"


def test_find_and_replace_is_one_step_after_a_count(panel, document, qtbot):
    document.edit(SetValue("two", "One and one"))
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_F, CONTROL)
    find = panel.findChild(QLineEdit, "metadataFind")
    qtbot.waitUntil(find.isVisible)
    qtbot.keyClicks(find, "one")
    assert said(panel, "metadataFindResult") == "3 matches in 2 keys"
    qtbot.keyClick(find, Qt.Key.Key_Return)
    assert [row.key for row in panel.keys.table.selected()] == ["title"]
    qtbot.keyClick(find, Qt.Key.Key_Return)
    assert [row.key for row in panel.keys.table.selected()] == ["two"]
    qtbot.keyClicks(panel.findChild(QLineEdit, "metadataReplacement"), "1")
    click(qtbot, panel, "metadataReplaceAll")
    assert (document.metadata["title"], document.metadata["two"]) == ("1", "1 and 1")
    assert document.undo_stack.count() == 2
    assert said(panel, "metadataFindResult") == "0 matches in 0 keys"
    click(qtbot, panel, "metadataFindRegex")
    qtbot.keyClicks(find, "(")
    assert said(panel, "metadataFindResult").startswith("Missing )")


def test_the_header_meter_says_what_stops_working(panel, document):
    document.edit(SetValue("workflow", "x" * 2**20))
    assert said(panel, "headerMeaning").startswith("ComfyUI's model library")
    document.undo_stack.undo()
    assert said(panel, "headerMeaning") == "Fine everywhere."


def test_a_new_checkpoint_has_the_header_of_what_will_be_written(panel, qtbot):
    new = Document("New checkpoint", original={"prompt": ""})
    panel.show_document(new)
    assert said(panel, "headerSize") == "Metadata 12 bytes"
    new.set_opened(opened_file(metadata={"prompt": ""}))
    assert said(panel, "headerSize") == "Header 4.00 KiB"
    assert cells(panel, "prompt")[1] == "(empty)"
    assert not panel.findChild(QPushButton, "metadataSave").isVisible()


def test_saving_is_asked_of_the_window(panel, document, qtbot):
    button = panel.findChild(QPushButton, "metadataSave")
    assert not button.isEnabled()
    document.edit(SetValue("title", "Two"))
    with qtbot.waitSignal(panel.save_requested) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args[0] is document
    document.mark_saved()
    assert not button.isEnabled()
    assert cells(panel, "title")[1:3] == ["Two", "(same)"]
    panel.show_document(Document("New checkpoint"))
    assert not button.isVisible()


def test_metadata_are_exported_as_json(panel, tmp_path, monkeypatch):
    target = tmp_path / "out.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    actions = panel.findChild(QToolButton, "metadataExport").menu().actions()
    for action in actions:
        action.trigger()
    assert json.loads(target.read_text(encoding="utf-8")) == METADATA
    assert json.loads(QGuiApplication.clipboard().text()) == METADATA


def test_another_document_does_not_get_the_edits_of_this_one(panel, document, qtbot):
    choose(panel, "title")
    other = Document("other", opened_file(metadata={"title": "Other"}))
    panel.show_document(other)
    choose(panel, "title")
    assert value_field(panel).toPlainText() == "Other"
    type_value(qtbot, panel, "X")
    assert document.metadata == METADATA
    assert other.metadata == {"title": "X"}


def test_the_size_of_a_value_is_not_cut_in_a_large_font(document, qtbot):
    before = QApplication.font()
    QApplication.setFont(QFont(before.family(), before.pointSize() + 5))
    try:
        table = panel_of(qtbot, document).keys.table
        document.edit(SetValue("long", "x" * 1023))
        place = METADATA_COLUMNS.index(MetadataColumn.SIZE)
        assert table.sizeHintForColumn(place) <= table.columnWidth(place)
    finally:
        QApplication.setFont(before)
