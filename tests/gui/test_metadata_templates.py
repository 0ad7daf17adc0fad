"""Filling in metadata: templates of the user, and what the model itself says."""

from datetime import date
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QLabel, QToolButton

from ckpt_studio.app.document import Document
from ckpt_studio.app.metadata_templates import MetadataTemplates
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.core.editing.modelspec import check_spec
from ckpt_studio.core.editing.modelspec_known import known_fields, still_missing
from tests.gui.acting import answer
from tests.gui.opened import opened_file

METADATA = {"modelspec.author": "me", "modelspec.license": "MIT", "note": "x"}


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata=METADATA))


@pytest.fixture
def templates(tmp_path):
    return MetadataTemplates(tmp_path / "templates.json")


@pytest.fixture
def panel(qtbot, document, templates):
    panel = MetadataPanel(templates)
    qtbot.addWidget(panel)
    panel.show_document(document)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def trigger(panel, name):
    """Open the menu and press an entry."""
    menu = panel.findChild(QToolButton, "metadataTemplates").menu()
    menu.aboutToShow.emit()
    action = panel.findChild(QAction, name)
    assert action.isEnabled()
    action.trigger()


def test_a_template_is_made_of_selected_keys_and_put_into_another_file(
    panel, document, templates, monkeypatch
):
    panel.keys.table.select_keys(["modelspec.author", "modelspec.license"])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("  Mine & yours ", True))
    trigger(panel, "metadataMakeTemplate")
    assert templates.all() == {
        "Mine & yours": {"modelspec.author": "me", "modelspec.license": "MIT"}
    }
    other = Document("other", opened_file(metadata={"modelspec.author": "you", "kept": "1"}))
    panel.show_document(other)
    trigger(panel, "metadataTemplate0")
    assert other.metadata == {"modelspec.author": "me", "kept": "1", "modelspec.license": "MIT"}
    other.undo_stack.undo()
    assert other.metadata == {"modelspec.author": "you", "kept": "1"}
    trigger(panel, "metadataRemoveTemplate0")
    assert templates.all() == {}


def test_templates_that_cannot_be_saved_are_told(panel, tmp_path, monkeypatch, qtbot):
    panel.keys.table.select_keys(["note"])
    (tmp_path / "templates.json").mkdir()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("name", True))
    with qtbot.waitSignal(panel.failed) as failed:
        trigger(panel, "metadataMakeTemplate")
    assert "could not be saved" in str(failed.args[0])


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', "[" * 100_000, '{"a": {"k": "v"},}'])
def test_a_broken_file_of_templates_is_told_and_never_written_over(
    panel, tmp_path, monkeypatch, qtbot, content
):
    file = tmp_path / "templates.json"
    file.write_text(content)
    with qtbot.waitSignal(panel.failed) as failed:
        trigger(panel, "metadataTemplatesBroken")
    assert str(failed.args[0]).startswith(str(file))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("name", True))
    with qtbot.waitSignal(panel.failed) as failed:
        trigger(panel, "metadataMakeTemplate")
    assert "could not be saved" in str(failed.args[0])
    assert file.read_text() == content


def test_a_file_of_templates_can_be_written_by_hand(templates, tmp_path):
    file = tmp_path / "templates.json"
    file.write_text('{"mine": {"seed": 5, "tags": ["é"]}}', "utf-8-sig")
    assert templates.all() == {"mine": {"seed": "5", "tags": '["é"]'}}
    file.write_text("")
    assert templates.all() == {}
    assert templates.mistake == ""


@pytest.mark.parametrize(("button", "note"), [("&Keep it", "old"), ("&Replace it", "x")])
def test_a_template_is_not_replaced_unasked(panel, templates, monkeypatch, button, note):
    templates.save("Mine", {"note": "old"})
    panel.keys.table.select_keys(["note"])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Mine", True))
    answer(button)
    trigger(panel, "metadataMakeTemplate")
    assert templates.all() == {"Mine": {"note": note}}


def test_what_is_known_is_filled_in_and_the_rest_is_told(panel, document):
    trigger(panel, "metadataKnown")
    assert document.metadata["modelspec.title"] == "model"
    assert document.metadata["modelspec.date"] == date.today().isoformat()
    assert check_spec(document.metadata) == ()
    assert panel.findChild(QLabel, "metadataNotice").text().startswith("All required")
    document.undo_stack.undo()
    assert document.metadata == METADATA


def test_a_known_family_fills_every_required_field_and_keeps_what_is_there():
    given = {"modelspec.title": "Mine"}
    known = known_fields(given, "sdxl", "v", Path("x.safetensors"), date(2026, 1, 2))
    assert check_spec({**given, **known}) == ()
    assert known["modelspec.prediction_type"] == "v"
    assert "modelspec.title" not in known


def test_nothing_is_guessed_for_a_family_the_specification_does_not_know():
    known = known_fields({}, "wan21_14b_t2v", None, Path("x.safetensors"), date(2026, 1, 2))
    assert set(known) == {"modelspec.sai_model_spec", "modelspec.title", "modelspec.date"}
    assert still_missing(known) == ("Architecture", "Implementation", "Resolution")
