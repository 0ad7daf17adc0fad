"""Edits that were not saved survive the end of the program."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton

from ckpt_studio.app.main_window import ASSEMBLE, MERGE, METADATA
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.unsaved_work import UnsavedWork, left_work
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.recipe import EditMetadata, Merge, Recipe
from ckpt_studio.formats.recipe_json import recipe_to_json
from tests.gui.acting import drop, named, settled, wait_for_plan

DIE = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ckpt_studio.app.unsaved_work import UnsavedWork
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.recipe import Assemble, EditMetadata
app = QCoreApplication([])
file = Path(sys.argv[2])
edits = (SetValue("modelspec.title", "Not lost"),)
recipes = [EditMetadata(file, edits)]
if len(sys.argv) > 3:
    recipes = [Assemble(model=Path(sys.argv[3]), vae=file)]
UnsavedWork(Path(sys.argv[1])).keep(recipes)
os._exit(1)
"""


@pytest.fixture
def kept(own_settings):
    return Settings().recovery_folder


def lose(kept: Path, *files: Path) -> None:
    """Edit in a program that ends by accident."""
    command = [sys.executable, "-c", DIE, str(kept), *map(str, files)]
    subprocess.run(command, check=False)


LOSE = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ckpt_studio.app.unsaved_work import UnsavedWork
from ckpt_studio.formats.recipe_json import recipe_from_json
app = QCoreApplication([])
UnsavedWork(Path(sys.argv[1])).keep([recipe_from_json(sys.argv[2], folder=Path())])
os._exit(1)
"""


def lose_recipe(kept: Path, recipe: Recipe) -> None:
    """Have this recipe unsaved in a program that ends by accident."""
    command = [sys.executable, "-c", LOSE, str(kept), recipe_to_json(recipe)]
    subprocess.run(command, check=False)


def press(window, name):
    QTest.mouseClick(named(window, name, QPushButton), Qt.MouseButton.LeftButton)


def test_lost_edits_are_offered_and_restored(open_window, kept, parts, qtbot):
    lose(kept, parts[2])
    window = open_window()
    assert "before 1 change was saved" in window.banner.message.what
    press(window, "problemAction")
    qtbot.waitUntil(lambda: settled(window) and window.session.documents != ())
    (document,) = window.session.documents
    assert document.metadata["modelspec.title"] == "Not lost"
    assert not document.undo_stack.isClean()
    qtbot.waitUntil(lambda: left_work(kept) == ())
    assert len(list(kept.glob("*.json"))) == 1  # kept by this run now


def test_restored_edits_are_shown(open_window, kept, parts, qtbot):
    lose(kept, parts[2])
    window = open_window()
    press(window, "problemAction")
    qtbot.waitUntil(lambda: settled(window) and window.panel == METADATA)
    (document,) = window.session.documents
    assert window.session.current is document
    assert named(window, "metadataDocument", QComboBox).currentText() == document.title
    assert not window.banner.isVisible()


def test_a_restored_assembly_is_shown(open_window, kept, parts, qtbot):
    lose(kept, parts[2], parts[0])
    window = open_window()
    window.show_panel(METADATA)
    press(window, "problemAction")
    wait_for_plan(qtbot, window)
    assert window.panel == ASSEMBLE


def test_a_restored_merge_is_shown(open_window, kept, parts, qtbot):
    models = (parts[2], parts[2].parent / "small_vae.safetensors")
    lose_recipe(kept, Merge(models, parameters={"alpha": 0.25}))
    window = open_window()
    press(window, "problemAction")
    qtbot.waitUntil(lambda: settled(window) and window.panel == MERGE)
    assert window.merging.choices.unsaved


def test_all_that_was_restored_is_told(open_window, kept, parts, qtbot):
    lose(kept, parts[2])
    lose(kept, parts[2], parts[0])
    window = open_window()
    press(window, "problemAction")
    wait_for_plan(qtbot, window)
    qtbot.waitUntil(lambda: "Brought back" in window.banner.message.what)
    for part in ("the edits of vae.safetensors", "the new checkpoint"):
        assert part in window.banner.message.what


def test_a_lost_recipe_comes_back(open_window, kept, parts, qtbot):
    lose(kept, parts[2], parts[0])
    window = open_window()
    press(window, "problemAction")
    wait_for_plan(qtbot, window)
    assert window.session.recipe.model == parts[0]
    assert window.session.recipe.vae == parts[2]


def test_discarded_edits_are_not_offered_again(open_window, kept, parts):
    lose(kept, parts[2])
    window = open_window()
    press(window, "problemSecondAction")
    assert left_work(kept) == ()
    assert window.session.documents == ()


def test_edits_of_a_file_that_is_gone_stay_on_offer(open_window, kept, tmp_path, qtbot):
    lose(kept, tmp_path / "gone.safetensors")
    window = open_window()
    press(window, "problemAction")
    qtbot.waitUntil(lambda: settled(window))
    assert len(left_work(kept)) == 1


def test_edits_are_kept_while_they_are_made_and_forgotten_when_the_window_closes(
    window, kept, parts, qtbot
):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    qtbot.waitUntil(lambda: list(kept.glob("*.json")) != [])
    (file,) = kept.glob("*.json")
    assert "unet.safetensors" in json.loads(file.read_text())[0]
    assert left_work(kept) == ()  # it belongs to a window that is open
    for stack in (window.session.undo_stack, window.session.new_checkpoint.undo_stack):
        stack.setClean()
    window.close()
    assert list(kept.glob("*.json")) == []


def test_what_is_kept_does_not_grow_with_the_steps(window, kept, parts, qtbot):
    window.sources.look_at(parts[:1])
    qtbot.waitUntil(lambda: window.session.current.path == parts[0])
    document = window.session.current
    for step in range(20):
        document.edit(SetValue("workflow", f"{step}" * 100_000))
        document.edit(SetValue("title", f"{step}"))
    qtbot.waitUntil(lambda: list(kept.glob("*.json")) != [])
    (file,) = kept.glob("*.json")
    assert file.stat().st_size < 300_000
    (recipe,) = json.loads(file.read_text())
    assert "19" * 100_000 in recipe


@pytest.mark.parametrize("content", ["", "{", "[1]", '["{}"]', "[" * 100_000])
def test_a_file_that_cannot_be_read_is_no_offer(kept, content):
    kept.mkdir(parents=True)
    (kept / "broken.json").write_text(content)
    assert left_work(kept) == ()


def test_a_folder_that_cannot_be_made_keeps_nobody_from_editing(tmp_path):
    (tmp_path / "file").write_text("")
    work = UnsavedWork(tmp_path / "file" / "folder")
    work.keep([EditMetadata(tmp_path / "a.safetensors", (SetValue("a", "b"),))])
    work.forget()
    assert left_work(tmp_path / "file" / "folder") == ()


def test_an_offer_comes_back_when_another_message_is_dismissed(
    open_window, kept, parts, tmp_path, qtbot
):
    lose(kept, parts[2])
    window = open_window(tmp_path / "gone.safetensors")
    qtbot.waitUntil(lambda: "gone.safetensors" in window.banner.message.what)
    QTest.mouseClick(named(window, "problemClose"), Qt.MouseButton.LeftButton)
    assert "before 1 change was saved" in window.banner.message.what
    assert named(window, "problemAction").isVisible()
    QTest.mouseClick(named(window, "problemClose"), Qt.MouseButton.LeftButton)
    assert not window.banner.isVisible()
