"""The pane with one value of the metadata: text, nodes, pictures; and what is dragged out."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDrag, QGuiApplication, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QToolButton,
)

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_value import ValueMode
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.qt.pictures import thumbnail_of
from tests.core.test_node_rows import GRAPH, TEXT
from tests.gui.opened import opened_file

CONTROL = Qt.KeyboardModifier.ControlModifier


def picture(color):
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return thumbnail_of(image)


@pytest.fixture
def document(qtbot):
    covers = [picture(color).partition(",")[2] for color in ("red", "blue")]
    return Document(
        "model",
        opened_file(
            metadata={
                "title": "One",
                "workflow": TEXT,
                "modelspec.thumbnail": picture("green"),
                "ssmd_cover_images": json.dumps(covers),
            }
        ),
    )


@pytest.fixture
def panel(qtbot, document, own_settings):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 800)
    panel.set_documents([document])
    panel.show_document(document)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


@pytest.fixture
def carried(monkeypatch):
    """What is dragged out of the window, as texts, files and pictures."""
    found = []

    def note(drag, *_):
        data = drag.mimeData()
        files = [(Path(url.toLocalFile()).name, content(url)) for url in data.urls()]
        found.append((data.text(), files, data.hasImage()))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", note)
    return found


def content(url):
    return Path(url.toLocalFile()).read_bytes()


def choose(panel, key):
    panel.keys.table.selectRow(panel.keys.table.rows.place_of(key))


def click(panel, name, kind=QPushButton):
    QTest.mouseClick(panel.findChild(kind, name), Qt.MouseButton.LeftButton)


def pull(widget, start):
    """Press on a widget and move away."""
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    for way in (30, 60):
        to = QPointF(start + QPoint(way, 0))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        kind, keys = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, to, widget.mapToGlobal(to), none, left, keys)
        QApplication.sendEvent(widget, event)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start)


def modes(panel):
    names = ("Text", "Workflow", "Picture")
    found = {name: panel.findChild(QToolButton, f"valueMode{name}") for name in names}
    return [name for name, button in found.items() if button.isVisible()]


def nodes(panel):
    table = panel.findChild(QTableView, "workflowNodes")
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_only_modes_that_fit_are_offered(panel):
    choose(panel, "title")
    assert modes(panel) == []
    choose(panel, "workflow")
    assert modes(panel) == ["Text", "Workflow"]
    assert panel.keys.value.mode is ValueMode.WORKFLOW
    choose(panel, "modelspec.thumbnail")
    assert modes(panel) == ["Text", "Picture"]
    assert panel.keys.value.mode is ValueMode.PICTURE
    choose(panel, "title")
    assert panel.keys.value.mode is ValueMode.TEXT


def test_a_workflow_is_a_list_of_nodes_with_its_prompts_above(panel):
    choose(panel, "workflow")
    assert [row[0] for row in nodes(panel)][1:] == [
        "Cat",
        "CLIPTextEncode",
        "KSampler",
        "LoraLoader (off)",
    ]
    assert nodes(panel)[3][3] == "Sampling"
    shown = panel.findChild(QPlainTextEdit, "workflowPositive")
    assert shown.toPlainText() == "a cat\non a mat"
    assert "Seed 5" in panel.findChild(QLabel, "workflowSettings").full_text
    click(panel, "workflowCopyPositive")
    assert QGuiApplication.clipboard().text() == "a cat\non a mat"


def test_nodes_are_found_and_copied(qtbot, panel):
    choose(panel, "workflow")
    qtbot.keyClicks(panel.findChild(QLineEdit, "workflowSearch"), "mat")
    assert [row[0] for row in nodes(panel)] == ["Cat"]
    assert panel.findChild(QLabel, "workflowAbout").text() == "1 of 5 nodes"
    table = panel.findChild(QTableView, "workflowNodes")
    table.setFocus()
    table.selectAll()
    qtbot.keyClick(table, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text().startswith("2: Cat (CLIPTextEncode)\n  text: a cat")


def test_a_value_with_only_the_marks_of_a_graph_is_text(panel, document):
    document.edit(SetValue("odd", '{"nodes": 3}'))
    choose(panel, "odd")
    assert panel.keys.value.mode is ValueMode.TEXT
    assert modes(panel) == []


def test_the_chosen_mode_stays_for_values_of_its_kind(panel, document):
    document.edit(SetValue("prompt", TEXT))
    choose(panel, "workflow")
    click(panel, "valueModeText", QToolButton)
    choose(panel, "modelspec.thumbnail")
    assert panel.keys.value.mode is ValueMode.PICTURE
    choose(panel, "prompt")
    assert panel.keys.value.mode is ValueMode.TEXT


def test_a_value_that_becomes_a_graph_while_it_is_typed_stays_text(panel, document):
    choose(panel, "title")
    document.edit(SetValue("title", TEXT))
    assert modes(panel) == ["Text", "Workflow"]
    assert panel.keys.value.mode is ValueMode.TEXT


def test_a_large_workflow_is_read_on_a_thread(qtbot, panel, document):
    graph = {**GRAPH, "nodes": GRAPH["nodes"] * 400, "links": []}
    document.edit(SetValue("workflow", json.dumps(graph)))
    choose(panel, "workflow")
    about = panel.findChild(QLabel, "workflowAbout")
    assert about.text() == "Reading…"
    qtbot.waitUntil(lambda: about.text() == "5 nodes")  # ids count once
    choose(panel, "title")
    assert nodes(panel) == []


def test_a_workflow_is_dragged_out_as_a_file_and_copied_the_same_way(panel, carried):
    choose(panel, "workflow")
    button = panel.findChild(QToolButton, "workflowDrag")
    pull(button, button.rect().center())
    assert carried == [(TEXT, [("model_workflow.json", TEXT.encode())], False)]
    click(panel, "workflowCopy")
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == TEXT
    assert content(data.urls()[0]) == TEXT.encode()


def test_a_picture_is_dragged_out_and_copied(panel, document, carried):
    choose(panel, "modelspec.thumbnail")
    whole = base64.b64decode(document.metadata["modelspec.thumbnail"].partition(",")[2])
    pull(panel.keys.value.picture.labels[0], QPoint(5, 5))
    assert carried == [(carried[0][0], [("model_thumbnail.jpg", whole)], True)]
    click(panel, "pictureCopy")
    data = QGuiApplication.clipboard().mimeData()
    assert bytes(data.data("image/jpeg").data()) == whole
    assert data.imageData().width() == 256


def test_one_of_several_pictures_is_saved(panel, document, tmp_path, monkeypatch):
    choose(panel, "ssmd_cover_images")
    shown = panel.keys.value.picture.labels
    assert len(shown) == 2
    QTest.mouseClick(shown[1], Qt.MouseButton.LeftButton)
    assert panel.findChild(QLabel, "pictureAbout").text().startswith("2 / 2 · JPEG 256 × 256")
    target = tmp_path / "cover.jpg"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click(panel, "pictureSave")
    assert target.read_bytes() == base64.b64decode(
        json.loads(document.metadata["ssmd_cover_images"])[1]
    )


def test_what_is_no_picture_is_text(panel, document):
    document.edit(SetValue("modelspec.thumbnail", "data:image/png;base64,AAAA"))
    choose(panel, "modelspec.thumbnail")
    assert panel.keys.value.mode is ValueMode.TEXT


def test_characters_that_deceive_are_written_out_until_asked_for(qtbot, panel, document):
    document.edit(SetValue("evil", "abc\u202edef"))
    choose(panel, "evil")
    field = panel.keys.editor.edit
    assert field.toPlainText() == "abc⟨202E⟩def"
    assert field.isReadOnly()
    click(panel, "metadataAsItIs")
    assert field.toPlainText() == "abc\u202edef"
    qtbot.keyClicks(field, "x")
    assert document.metadata["evil"] == "xabc\u202edef"


def test_rows_are_dragged_out_as_they_are_copied(panel, carried):
    choose(panel, "title")
    table = panel.keys.table
    pull(table.viewport(), table.visualRect(table.rows.index(0, 0)).center())
    assert [text for text, _, _ in carried] == ["title: One"]
    panel.keys.copy_selected()
    assert QGuiApplication.clipboard().text() == "title: One"


def test_what_was_copied_does_not_outlive_the_program():
    program = (
        "from ckpt_studio.app.application import application\n"
        "from ckpt_studio.qt.drag_out import copy, json_data\n"
        "app = application()\n"
        "data = json_data('a.json', '{}')\n"
        "print(data.urls()[0].toLocalFile())\n"
        "copy(data)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.strip())
    assert file.name == "a.json"
    assert not file.parent.parent.exists()
