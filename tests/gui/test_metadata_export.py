"""Taking things out of the metadata as files, used as a person does it."""

import json

import pytest
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QLabel, QToolButton

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.core.metadata import RemoveKeys, SetValue
from ckpt_studio.qt.pictures import thumbnail_of
from tests.core.test_node_rows import TEXT
from tests.gui.opened import opened_file

API = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 20}}})


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata={"title": "One"}))


@pytest.fixture
def panel(qtbot, document, own_settings):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.show_document(document)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


@pytest.fixture
def saved(monkeypatch, tmp_path):
    """What is proposed as the name of a file; the file is written to a folder."""
    names = []

    def choose(_parent, _title, suggested, _filters):
        names.append(suggested.rpartition("/")[2])
        return str(tmp_path / names[-1]), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    return names


def entries(panel):
    menu = panel.findChild(QToolButton, "metadataExport").menu()
    menu.aboutToShow.emit()
    return [action.objectName() for action in menu.actions() if action.isVisible()]


def start(panel, name):
    panel.findChild(QAction, f"metadataExport{name}").trigger()


def told(panel):
    return panel.findChild(QLabel, "metadataNotice").full_text


def test_only_what_is_there_is_offered(panel, document):
    everywhere = ["metadataExportJson", "metadataCopyJson"]
    assert entries(panel) == everywhere
    document.edit(SetValue("workflow", TEXT))
    assert entries(panel) == [*everywhere, "metadataExportWorkflow", "metadataExportPrompts"]
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    document.edit(
        RemoveKeys(frozenset({"workflow"})), SetValue("modelspec.thumbnail", thumbnail_of(image))
    )
    assert entries(panel) == [*everywhere, "metadataExportThumbnail"]


def test_the_workflow_is_saved_as_it_is_or_else_the_prompt(panel, document, saved, tmp_path):
    document.edit(SetValue("prompt", API))
    start(panel, "Workflow")
    assert saved == ["model_prompt.json"]
    assert (tmp_path / "model_prompt.json").read_text() == API
    document.edit(SetValue("workflow", TEXT))
    start(panel, "Workflow")
    assert json.loads((tmp_path / "model_workflow.json").read_bytes()) == json.loads(TEXT)


def test_prompts_are_saved_as_text(qtbot, panel, document, saved, tmp_path):
    document.edit(SetValue("workflow", TEXT))
    start(panel, "Prompts")
    qtbot.waitUntil(lambda: bool(saved))
    text = (tmp_path / "model_prompts.txt").read_text()
    assert text.startswith("a cat\non a mat\nNegative prompt: blurry\nSteps: 20, ")


def test_metadata_without_prompts_say_so(qtbot, panel, document, saved):
    document.edit(SetValue("workflow", '{"nodes": []}'))
    start(panel, "Prompts")
    qtbot.waitUntil(lambda: "No prompts" in told(panel))
    assert not saved


def test_a_thumbnail_is_saved_in_its_format(panel, document, saved, tmp_path):
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    document.edit(SetValue("modelspec.thumbnail", thumbnail_of(image)))
    start(panel, "Thumbnail")
    assert QImage(str(tmp_path / "model_thumbnail.jpg")).width() == 256
    document.edit(SetValue("modelspec.thumbnail", "data:image/png;base64,AAAA"))
    start(panel, "Thumbnail")
    assert "damaged" in told(panel)


def test_characters_that_deceive_leave_as_escapes(panel, document, saved, tmp_path):
    document.edit(SetValue("title", "a\u202eb"))
    start(panel, "Json")
    text = (tmp_path / "model_metadata.json").read_text()
    assert "\\u202e" in text
    assert json.loads(text) == {"title": "a\u202eb"}
    panel.findChild(QAction, "metadataCopyJson").trigger()
    assert json.loads(QGuiApplication.clipboard().text()) == {"title": "a\u202eb"}
