"""A merge is opened again from the file it made, and asks for what is missing."""

import json
import shutil

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton

from ckpt_studio.core.recipe import Merge, MetadataChoice, Output
from ckpt_studio.engine import plan, write
from ckpt_studio.formats.recipe_json import recipe_to_json
from tests.gui.acting import drop, in_dialog, named
from tests.gui.merging import planned, press, recipe, show, tiny, values_of, wait


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two tiny models and what they were merged to, with the recipe in its metadata."""
    folder = tmp_path_factory.mktemp("made")
    models = tiny(folder / "one.safetensors", 1.0), tiny(folder / "two.safetensors", 2.0)
    choice, output = MetadataChoice(recipe=True), Output(folder / "both.safetensors")
    merge = Merge(models, parameters={"alpha": 0.25}, metadata=choice, output=output)
    write(plan(merge))
    return folder


@pytest.fixture
def merged(made, tmp_path):
    """The same in a folder of the test: the merged file."""
    shutil.copytree(made, tmp_path / "files")
    return tmp_path / "files" / "both.safetensors"


def opened(qtbot, window, path, monkeypatch, *answers):
    """Open a recipe by the button; ``answers`` are files for what it asks."""
    left = [str(path), *map(str, answers)]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (left.pop(0), ""))
    press(window, "mergeOpenRecipe")
    wait(qtbot, window)
    qtbot.waitUntil(lambda: not window.merging.recipes.busy)
    wait(qtbot, window)
    return left


def test_a_merged_file_sets_everything_as_it_was(qtbot, window, merged, monkeypatch):
    show(qtbot, window)
    assert opened(qtbot, window, merged, monkeypatch) == []
    qtbot.waitUntil(lambda: len(window.merging.choices.draft.chosen) == 2)
    assert recipe(window).parameters == {"alpha": 0.25}
    assert named(window, "mergeNumberAlpha").text() == "0.25"
    planned(qtbot, window)
    again = recipe(window).output.path
    assert again != merged
    in_dialog("savePlan", lambda dialog: dialog.findChild(QPushButton, "planSave").click())
    press(window, "mergeSaveButton")
    qtbot.waitUntil(lambda: named(window, "mergeResult").isVisible(), timeout=30_000)
    assert again.read_bytes() == merged.read_bytes()
    wait(qtbot, window)


def test_a_file_that_was_moved_is_asked_for_and_known_by_its_contents(
    qtbot, window, merged, tmp_path, monkeypatch
):
    moved = tmp_path / "renamed.safetensors"
    shutil.move(merged.with_name("two.safetensors"), moved)
    show(qtbot, window)
    opened(qtbot, window, merged, monkeypatch, moved)
    qtbot.waitUntil(lambda: len(window.merging.choices.draft.chosen) == 2)
    assert window.merging.choices.draft.chosen[1] == moved


def test_another_file_is_doubted_and_used_when_the_user_says_so(
    qtbot, window, merged, tmp_path, monkeypatch
):
    merged.with_name("two.safetensors").unlink()
    other = tiny(tmp_path / "other.safetensors", 5.0)
    show(qtbot, window)
    opened(qtbot, window, merged, monkeypatch, other)
    qtbot.waitUntil(window.banner.isVisible)
    assert window.merging.choices.draft.empty
    buttons = {each.text(): each for each in window.banner.findChildren(QPushButton)}
    buttons["&Use it all the same"].click()
    qtbot.waitUntil(lambda: len(window.merging.choices.draft.chosen) == 2)
    assert window.merging.choices.draft.chosen[1] == other
    wait(qtbot, window)


def test_a_recipe_file_is_dropped_on_the_panel(qtbot, window, tmp_path):
    one, two = tiny(tmp_path / "one.safetensors", 1.0), tiny(tmp_path / "two.safetensors", 2.0)
    base = tiny(tmp_path / "base.safetensors", 0.0)
    blocks = {"alpha": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)}
    wanted = Merge((one, two, base), "add_difference", blocks=blocks, output=Output(tmp_path / "x"))
    path = tmp_path / "mine.json"
    path.write_text(recipe_to_json(wanted, folder=tmp_path))
    show(qtbot, window)
    drop(window, path)
    qtbot.waitUntil(lambda: len(window.merging.choices.draft.chosen) == 3)
    assert window.merging.choices.draft.ancestor == base
    assert named(window, "blockCurve").values == blocks["alpha"]
    planned(qtbot, window)


def test_a_recipe_whose_models_are_gone_is_not_opened_without_them(
    qtbot, window, tmp_path, monkeypatch
):
    wanted = Merge((tmp_path / "gone.safetensors", tmp_path / "lost.safetensors"))
    path = tmp_path / "mine.json"
    path.write_text(recipe_to_json(wanted))
    show(qtbot, window)
    opened(qtbot, window, path, monkeypatch, "")
    qtbot.waitUntil(window.banner.isVisible)
    assert window.merging.choices.draft.empty


def test_models_of_a_recipe_are_found_in_the_folder_of_another_open_file(
    qtbot, window, tmp_path, monkeypatch
):
    one, two = tiny(tmp_path / "one.safetensors", 1.0), tiny(tmp_path / "two.safetensors", 2.0)
    path = tmp_path / "mine.json"
    path.write_text(recipe_to_json(Merge((tmp_path / "old" / one.name, two))))
    show(qtbot, window, one)
    assert opened(qtbot, window, path, monkeypatch) == []
    qtbot.waitUntil(lambda: window.merging.choices.draft.chosen == (one, two))
    wait(qtbot, window)


def test_what_is_no_recipe_is_refused(qtbot, window, tmp_path, monkeypatch):
    plain = tiny(tmp_path / "one.safetensors", 1.0)
    show(qtbot, window)
    opened(qtbot, window, plain, monkeypatch)
    qtbot.waitUntil(window.banner.isVisible)
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"workflow": []}))
    opened(qtbot, window, other, monkeypatch)
    assert window.merging.choices.draft.empty
    assert values_of(plain)  # it is as it was
