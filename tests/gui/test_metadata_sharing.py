"""Clean for sharing, and what other programs will read, used as a person uses them."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTreeWidget

from ckpt_studio.app.document import Document
from tests.gui.acting import in_dialog
from tests.gui.metadata_panel import panel_of
from tests.gui.opened import opened_file

WORKFLOW = json.dumps({"nodes": [{"id": 1, "widgets_values": ["C:\\Users\\ana\\x.safetensors"]}]})
METADATA = {"workflow": WORKFLOW, "ss_vae_name": "/home/marta/vae.pt", "config": "{}"}


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata=METADATA))


@pytest.fixture
def panel(qtbot, document):
    return panel_of(qtbot, document)


def rows(dialog, name):
    tree = dialog.findChild(QTreeWidget, name)
    groups = [tree.topLevelItem(place) for place in range(tree.topLevelItemCount())]
    return [group.child(place) for group in groups for place in range(group.childCount())]


def press(dialog, name):
    QTest.mouseClick(dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def when_found(qtbot, act):
    """Act in the cleaning dialog once it has looked through the values."""

    def look(dialog):
        qtbot.waitUntil(lambda: rows(dialog, "cleanFindings") != [])
        act(dialog)

    in_dialog("cleanDialog", look)


def test_what_is_ticked_is_taken_out_and_one_undo_brings_it_back(qtbot, panel, document):
    def untick_the_whole_workflow(dialog):
        for row in rows(dialog, "cleanFindings"):
            if row.text(2).startswith("{"):
                row.setCheckState(0, Qt.CheckState.Unchecked)
        assert dialog.findChild(QPushButton, "cleanButton").property("role") == "primary"
        press(dialog, "cleanButton")

    when_found(qtbot, untick_the_whole_workflow)
    panel.findChild(QAction, "metadataClean").trigger()
    assert document.metadata["ss_vae_name"] == "vae.pt"
    assert document.metadata["config"] == "{}"
    workflow = json.loads(document.metadata["workflow"])
    assert workflow["nodes"][0]["widgets_values"] == ["x.safetensors"]
    document.undo_stack.undo()
    assert document.metadata == METADATA


def test_cancel_changes_nothing(qtbot, panel, document):
    when_found(qtbot, lambda dialog: press(dialog, "cleanCancel"))
    panel.findChild(QAction, "metadataClean").trigger()
    assert document.metadata == METADATA
    assert not document.undo_stack.canUndo()


def test_nothing_ticked_is_nothing_to_clean(qtbot, panel):
    states = []

    def untick(dialog):
        for row in rows(dialog, "cleanFindings"):
            row.setCheckState(0, Qt.CheckState.Unchecked)
        states.append(dialog.findChild(QPushButton, "cleanButton").isEnabled())
        press(dialog, "cleanCancel")

    when_found(qtbot, untick)
    panel.findChild(QAction, "metadataClean").trigger()
    assert states == [False]


def test_what_programs_read_is_listed(panel):
    seen = []

    def look(dialog):
        seen.extend((row.text(0), row.text(1)) for row in rows(dialog, "readings"))
        press(dialog, "readingsClose")

    in_dialog("readingsDialog", look)
    panel.findChild(QAction, "metadataReadings").trigger()
    assert ("The workflow", "workflow") in seen
