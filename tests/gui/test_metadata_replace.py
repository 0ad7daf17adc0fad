"""Find and replace in the metadata of a file: what it finds in JSON, and what it says it left."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton

from ckpt_studio.app.document import Document
from ckpt_studio.core.metadata import SetValue
from tests.gui.metadata_panel import panel_of
from tests.gui.opened import opened_file


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata={"title": "One", "workflow": "5" * 40_000}))


@pytest.fixture
def panel(qtbot, document):
    return panel_of(qtbot, document)


def click(qtbot, panel, name):
    kind = QToolButton if panel.findChild(QToolButton, name) else QPushButton
    qtbot.mouseClick(panel.findChild(kind, name), Qt.MouseButton.LeftButton)


def said(panel, name):
    found = panel.findChild(QLabel, name)
    return getattr(found, "full_text", found.text())


def replace(panel, qtbot, old, new):
    click(qtbot, panel, "metadataFindOpen")
    for name, text in (("metadataFind", old), ("metadataReplacement", new)):
        panel.findChild(QLineEdit, name).setText(text)
    click(qtbot, panel, "metadataReplaceAll")


def test_json_is_found_as_it_is_shown_and_stays_json(panel, document, qtbot):
    document.edit(SetValue("prompt", json.dumps({"text": "日本 cat", "seed": 5})))
    replace(panel, qtbot, "日本 cat", '"big" cat')
    assert json.loads(document.metadata["prompt"]) == {"text": '"big" cat', "seed": 5}
    assert said(panel, "metadataNotice") == "1 matches replaced in 1 keys."


def test_replacing_says_which_json_it_left_and_which_values_it_did_not_search(
    panel, document, qtbot
):
    document.edit(SetValue("prompt", '{"seed": 55}'))
    document.edit(SetValue("long", "5" * 30_000))
    click(qtbot, panel, "metadataFindOpen")
    click(qtbot, panel, "metadataFindRegex")
    replace(panel, qtbot, "5+", "five")
    assert document.metadata["prompt"] == '{"seed": 55}'
    assert document.metadata["long"] == "5" * 30_000
    assert "0 matches" in said(panel, "metadataNotice")
    assert "Long values not searched with this pattern: 2." in said(panel, "metadataNotice")
    assert said(panel, "metadataNotice").endswith("it would be JSON no more: prompt.")
    assert said(panel, "metadataFindResult").endswith("Long values not searched: 2")
