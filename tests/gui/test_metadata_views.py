"""The form and the JSON view of the Metadata panel, and that all views share one history."""

import base64
import json

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QToolButton, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.core.editing.metadata_document import LONG
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.qt.line_field import LineField
from ckpt_studio.qt.pictures import image_of
from ckpt_studio.qt.value_edit import ValueEdit
from tests.gui.acting import answer
from tests.gui.metadata_panel import panel_of
from tests.gui.opened import opened_file
from tests.making.pictures import png, text

CONTROL = Qt.KeyboardModifier.ControlModifier
METADATA = {"modelspec.title": "One", "format": "pt", "long": "x" * (LONG + 1)}


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata=METADATA))


@pytest.fixture
def panel(qtbot, document):
    return panel_of(qtbot, document)


def show(qtbot, panel, view):
    button = panel.findChild(QToolButton, f"metadataView{view}")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def field(panel, name, kind=LineField):
    return panel.findChild(kind, name)


def press(qtbot, panel, name):
    qtbot.mouseClick(panel.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def said(panel, name):
    return panel.findChild(QLabel, name).text()


def test_typing_in_the_form_is_one_step_for_a_field(panel, document, qtbot):
    show(qtbot, panel, "Form")
    title = field(panel, "formTitle")
    title.setFocus()
    assert title.text() == "One"
    qtbot.keyClick(title, Qt.Key.Key_End)
    qtbot.keyClicks(title, " two")
    author = field(panel, "formAuthor")
    author.setFocus()
    qtbot.keyClicks(author, "me")
    assert document.metadata["modelspec.title"] == "One two"
    assert document.metadata["modelspec.author"] == "me"
    assert document.undo_stack.count() == 2
    qtbot.keyClick(author, Qt.Key.Key_Z, CONTROL)
    assert author.text() == ""
    assert "modelspec.author" not in document.metadata
    qtbot.keyClick(author, Qt.Key.Key_Z, CONTROL)
    assert title.text() == "One"
    assert document.metadata == METADATA


def test_a_field_that_is_emptied_removes_its_key(panel, document, qtbot):
    show(qtbot, panel, "Form")
    title = field(panel, "formTitle")
    title.setFocus()
    title.selectAll()
    qtbot.keyClick(title, Qt.Key.Key_Delete)
    assert "modelspec.title" not in document.metadata


def test_what_is_wrong_is_said_below_the_field(panel, document, qtbot):
    show(qtbot, panel, "Form")
    assert "requires" in said(panel, "noteResolution")
    resolution = field(panel, "formResolution")
    resolution.setFocus()
    qtbot.keyClicks(resolution, "1024")
    assert "1024x1024" in said(panel, "noteResolution")
    qtbot.keyClicks(resolution, "x768")
    assert said(panel, "noteResolution") == "Width x height it was trained for"


def test_common_values_can_be_chosen(panel, document, qtbot):
    show(qtbot, panel, "Form")
    box = panel.findChild(QComboBox, "choicesArchitecture")
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    box.activated.emit(box.currentIndex())
    assert document.metadata["modelspec.architecture"] == box.currentText() != ""


def test_several_lines_are_kept_as_typed(panel, document, qtbot):
    show(qtbot, panel, "Form")
    text = field(panel, "formDescription", ValueEdit)
    text.setFocus()
    qtbot.keyClicks(text, "one")
    qtbot.keyClick(text, Qt.Key.Key_Return)
    qtbot.keyClicks(text, "two")
    assert document.metadata["modelspec.description"] == "one\ntwo"


def test_a_copied_picture_becomes_the_thumbnail(panel, document, qtbot):
    show(qtbot, panel, "Form")
    picture = QImage(600, 300, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    QGuiApplication.clipboard().setImage(picture)
    press(qtbot, panel, "formThumbnailPaste")
    address = document.metadata["modelspec.thumbnail"]
    assert address.startswith("data:image/jpeg;base64,")
    image = image_of(address)
    assert (image.width(), image.height()) == (256, 256)
    press(qtbot, panel, "formThumbnailRemove")
    assert "modelspec.thumbnail" not in document.metadata
    document.undo_stack.undo()
    assert document.metadata["modelspec.thumbnail"] == address


def test_a_copied_animation_of_comfyui_becomes_the_thumbnail(panel, document, qtbot, tmp_path):
    show(qtbot, panel, "Form")
    path = tmp_path / "moving.png"
    path.write_bytes(png(after=[text("prompt", "{}", name=b"comf")]))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    QGuiApplication.clipboard().setMimeData(data)
    press(qtbot, panel, "formThumbnailPaste")
    assert image_of(document.metadata["modelspec.thumbnail"]) is not None


@pytest.mark.parametrize(
    "address", ["data:image/png;base64,AAAA", "data:image/png;base64,***", "nothing", "data:,"]
)
def test_an_address_without_a_picture_shows_none(panel, document, qtbot, address):
    document.edit(SetValue("modelspec.thumbnail", address))
    show(qtbot, panel, "Form")
    assert said(panel, "formThumbnailPicture") == "No preview"


def test_a_picture_of_absurd_size_is_not_decoded():
    data, small = QByteArray(), QImage(1, 1, QImage.Format.Format_RGB32)
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"bmp")).write(small)
    huge = bytearray(data.data())
    huge[18:26] = (60_000).to_bytes(4, "little") * 2
    assert image_of("data:image/bmp;base64," + base64.b64encode(huge).decode()) is None


def json_text(panel):
    return panel.findChild(ValueEdit, "metadataJsonText")


def replace_text(panel, change):
    """Type over the whole text."""
    edit = json_text(panel)
    text = change(edit.exact_text())
    edit.setFocus()
    edit.selectAll()
    edit.insertPlainText(text)


def test_json_is_edited_as_one_text(panel, document, qtbot):
    show(qtbot, panel, "Json")
    edit = json_text(panel)
    shown = json.loads(edit.exact_text())
    assert shown["modelspec.title"] == "One"
    assert len(shown["long"]) < 100
    shown["modelspec.title"], shown["seed"] = "Two", 5
    del shown["format"]
    edit.setFocus()
    edit.selectAll()
    edit.insertPlainText(json.dumps(shown))
    qtbot.waitUntil(lambda: document.metadata.get("seed") == "5")
    assert dict(document.metadata) == {
        "modelspec.title": "Two",
        "long": METADATA["long"],
        "seed": "5",
    }
    qtbot.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert document.metadata == METADATA
    assert json.loads(edit.exact_text())["modelspec.title"] == "One"


def test_a_long_value_is_kept_when_its_key_is_renamed_in_json(panel, document, qtbot):
    show(qtbot, panel, "Json")
    replace_text(panel, lambda text: text.replace('"long"', '"renamed"'))
    qtbot.waitUntil(lambda: "renamed" in document.metadata)
    assert document.metadata["renamed"] == METADATA["long"]


def test_a_long_value_is_kept_when_its_line_is_cut_and_pasted_later(panel, document, qtbot):
    show(qtbot, panel, "Json")
    line = next(each for each in json_text(panel).exact_text().splitlines() if "long" in each)
    replace_text(panel, lambda text: text.replace(f",\n{line}", ""))
    qtbot.waitUntil(lambda: "long" not in document.metadata)
    replace_text(panel, lambda text: text.replace("{\n", f"{{\n{line},\n"))
    qtbot.waitUntil(lambda: "long" in document.metadata)
    assert document.metadata == METADATA


def test_undo_with_nothing_to_undo_leaves_the_json_there(panel, document, qtbot):
    show(qtbot, panel, "Json")
    edit = json_text(panel)
    whole = edit.exact_text()
    qtbot.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert edit.exact_text() == whole
    qtbot.keyClicks(edit, "oops")
    qtbot.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert edit.exact_text() == whole
    assert document.metadata == METADATA


def test_an_empty_key_does_not_take_the_selection_from_what_is_edited(panel, qtbot):
    panel.show_document(Document("model", opened_file(metadata={"": "v", "title": "One"})))
    table, edit = panel.keys.table, panel.keys.editor.edit
    table.selectRow(table.rows.place_of("title"))
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, "Two")
    panel.finish_editing()
    assert [row.key for row in table.selected()] == ["title"]
    assert table.selected()[0].new == "Two"


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "Line 1"), ("[]", "one object"), ('{"a": "1", "a": "2"}', "twice")]
)
def test_a_mistake_in_json_changes_nothing(panel, document, qtbot, text, reason):
    show(qtbot, panel, "Json")
    edit = json_text(panel)
    edit.selectAll()
    edit.insertPlainText(text)
    qtbot.waitUntil(lambda: reason in said(panel, "metadataJsonCheck"))
    assert document.metadata == METADATA
    show(qtbot, panel, "Table")
    assert "waits in its view" in panel.findChild(QLabel, "metadataNotice").full_text
    show(qtbot, panel, "Json")
    assert document.metadata == METADATA
    assert edit.exact_text() == text
    assert reason in said(panel, "metadataJsonCheck")
    assert panel.findChild(QLabel, "metadataNotice").isHidden()


def test_the_form_says_that_a_line_has_several(panel, document, qtbot):
    document.edit(SetValue("modelspec.title", "One\nTwo"))
    show(qtbot, panel, "Form")
    notes = [label.text() for label in panel.findChildren(QLabel)]
    assert any("several lines" in note for note in notes)


def test_undo_takes_back_a_text_with_a_mistake_before_an_edit(panel, document, qtbot):
    document.edit(SetValue("title", "Edited"))
    show(qtbot, panel, "Json")
    edit = json_text(panel)
    whole = edit.exact_text()
    qtbot.keyClicks(edit, "oops")
    qtbot.waitUntil(lambda: "Line 1" in said(panel, "metadataJsonCheck"))
    qtbot.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert edit.exact_text() == whole
    assert document.metadata["title"] == "Edited"
    qtbot.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert document.metadata == METADATA
    show(qtbot, panel, "Table")
    assert panel.findChild(QLabel, "metadataNotice").isHidden()


@pytest.mark.parametrize(("button", "saves"), [("&Go back", 0), ("&Save without it", 1)])
def test_saving_asks_about_a_text_with_a_mistake(panel, document, qtbot, button, saves):
    asked = []
    panel.save_requested.connect(asked.append)
    document.edit(SetValue("title", "Edited"))
    show(qtbot, panel, "Json")
    qtbot.keyClicks(json_text(panel), "oops")
    answer(button)
    press(qtbot, panel, "metadataSave")
    assert len(asked) == saves
    assert panel.with_mistakes() == (document,)


def test_a_text_with_a_mistake_waits_for_its_document(panel, document, qtbot):
    other = Document("other", opened_file(metadata={"note": "x"}))
    panel.set_documents([document, other])
    show(qtbot, panel, "Json")
    replace_text(panel, lambda _: '{"much": "typed" ')
    panel.show_document(other)
    assert json.loads(json_text(panel).exact_text()) == {"note": "x"}
    assert panel.with_mistakes() == (document,)
    panel.show_document(document)
    assert json_text(panel).exact_text() == '{"much": "typed" '
    assert "Line 1" in said(panel, "metadataJsonCheck")
    replace_text(panel, lambda text: text + "}")
    qtbot.waitUntil(lambda: document.metadata == {"much": "typed"})
    answer("&Go on")
    panel.finish_editing()
    assert panel.with_mistakes() == ()


def test_a_text_with_a_mistake_goes_with_a_word_when_the_metadata_changed(panel, document, qtbot):
    show(qtbot, panel, "Json")
    replace_text(panel, lambda _: "{")
    show(qtbot, panel, "Table")
    document.edit(SetValue("note", "new"))
    show(qtbot, panel, "Json")
    assert json.loads(json_text(panel).exact_text())["note"] == "new"
    assert "changed elsewhere" in said(panel, "metadataJsonCheck")


def test_views_show_what_the_others_changed(panel, document, qtbot):
    show(qtbot, panel, "Json")
    edit = json_text(panel)
    edit.selectAll()
    edit.insertPlainText('{"modelspec.title": "From JSON"}')
    answer("&Go on")
    show(qtbot, panel, "Form")
    assert field(panel, "formTitle").text() == "From JSON"
    title = field(panel, "formTitle")
    title.setFocus()
    qtbot.keyClicks(title, "!")
    show(qtbot, panel, "Json")
    assert json.loads(edit.exact_text()) == {
        "modelspec.title": document.metadata["modelspec.title"]
    }
    assert document.metadata["modelspec.title"].count("!") == 1


def test_find_goes_to_the_table(panel, qtbot):
    show(qtbot, panel, "Form")
    title = field(panel, "formTitle")
    title.setFocus()
    qtbot.keyClick(title, Qt.Key.Key_F, CONTROL)
    find = panel.findChild(QWidget, "metadataFind")
    qtbot.waitUntil(find.isVisible)
