"""A merge that is in no file is marked, asked about on closing, and survives a crash."""

import pytest
from PySide6.QtWidgets import QPushButton

from ckpt_studio.app.settings import Settings
from ckpt_studio.app.unsaved_work import left_work
from ckpt_studio.core.recipe import LoraUse, Merge
from tests.gui.acting import click, in_dialog, named
from tests.gui.merging import planned, recipe, save, show, tiny, type_in, values_of, wait
from tests.gui.test_recovery import lose_recipe


def two(folder):
    return tiny(folder / "one.safetensors", 1.0), tiny(folder / "two.safetensors", 2.0)


@pytest.fixture
def ready(qtbot, window, tmp_path):
    assert not window.isWindowModified()
    show(qtbot, window, *two(tmp_path))
    planned(qtbot, window)
    return window


def pressing(name):
    return lambda dialog: dialog.findChild(QPushButton, name).click()


def test_a_merge_is_unsaved_until_it_is_written(qtbot, ready):
    assert ready.isWindowModified()
    assert ready.windowTitle().startswith("one_two_merge[*]")
    save(qtbot, ready)
    assert not ready.isWindowModified()
    type_in(ready, "mergeNumberAlpha", "0.25")
    assert ready.isWindowModified()
    wait(qtbot, ready)


@pytest.mark.parametrize(("button", "open_after"), [("closeCancel", True), ("closeDiscard", False)])
def test_closing_with_a_merge_asks(ready, button, open_after):
    in_dialog("closeQuestion", pressing(button))
    ready.close()
    assert ready.isVisible() is open_after


def test_closing_can_write_the_merge_first(qtbot, ready, tmp_path):
    def write_it(dialog):
        in_dialog("savePlan", pressing("planSave"))
        pressing("closeSave")(dialog)

    in_dialog("closeQuestion", write_it)
    ready.close()
    qtbot.waitUntil(lambda: not ready.isVisible(), timeout=60_000)
    assert set(values_of(tmp_path / "one_two_merge.safetensors").values()) == {1.5}


def test_a_merge_that_was_taken_back_is_not_asked_about(qtbot, ready):
    ready.actions_.undo.trigger()
    assert ready.merging.choices.draft.empty
    assert not ready.isWindowModified()
    wait(qtbot, ready)


def test_a_lost_merge_comes_back(open_window, own_settings, qtbot, tmp_path):
    one, other = two(tmp_path)
    lost = Merge((one, other), parameters={"alpha": 0.25}, loras=(LoraUse(one, 0.5),))
    folder = Settings().recovery_folder
    lose_recipe(folder, lost)
    window = open_window()
    assert "before 1 change was saved" in window.banner.message.what
    click(window, "problemAction")
    qtbot.waitUntil(lambda: recipe(window).parameters == {"alpha": 0.25}, timeout=15_000)
    assert window.merging.choices.draft.models == (one, other)
    assert recipe(window).loras == (LoraUse(one, 0.5),)
    assert window.isWindowModified()
    qtbot.waitUntil(lambda: left_work(folder) == ())
    wait(qtbot, window)


def test_a_merge_is_kept_while_it_is_made(qtbot, ready):
    folder = Settings().recovery_folder
    qtbot.waitUntil(lambda: list(folder.glob("*.json")) != [], timeout=15_000)
    (file,) = folder.glob("*.json")
    assert "two.safetensors" in file.read_text()
    save(qtbot, ready)
    qtbot.waitUntil(lambda: not list(folder.glob("*.json")), timeout=15_000)
    assert not named(ready, "mergePanel").isHidden()
