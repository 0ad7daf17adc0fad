"""Other programs change a file while it is open."""

import os
from dataclasses import replace

import pytest

from ckpt_studio.core.metadata import SetValue
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine.writing import write
from tests.gui.acting import click, in_dialog
from tests.gui.test_edit_saving import finished, look_at, metadata_of, offers, press, shown
from tests.making.edits import edit, model


@pytest.fixture
def path(tmp_path):
    return model(tmp_path / "model.safetensors", 4096, title="Old", author="Me")


@pytest.fixture
def opened(qtbot, window, path):
    return look_at(qtbot, window, path)


def change(path, *edits):
    """What another program does: it puts another file in place."""
    write(edit(path, *edits))


def test_edits_are_kept_and_the_user_chooses(qtbot, window, opened, path):
    opened.edit(SetValue("title", "Mine"))
    change(path, SetValue("title", "Theirs"), SetValue("license", "MIT"))
    qtbot.waitUntil(lambda: "changed on disk" in shown(window))
    assert "1 key added and 1 changed" in shown(window)
    assert offers(window) == ["&Reload", "&Keep mine"]
    assert opened.metadata == {"title": "Mine", "author": "Me"}
    click(window, "problemSecondAction")
    assert opened.metadata == {"title": "Mine", "author": "Me", "license": "MIT"}
    assert opened.original["title"] == "Theirs"
    in_dialog("editPlan", press("editSave"))
    click(window, "metadataSave")
    finished(qtbot, window)
    assert metadata_of(path) == {"title": "Mine", "author": "Me", "license": "MIT"}


def test_reload_drops_the_edits_and_undo_brings_them_back(qtbot, window, opened, path):
    opened.edit(SetValue("title", "Mine"))
    change(path, SetValue("author", "Them"))
    qtbot.waitUntil(lambda: len(offers(window)) == 2)
    click(window, "problemAction")
    assert opened.metadata == {"title": "Old", "author": "Them"}
    assert opened.undo_stack.isClean()
    opened.undo_stack.undo()
    assert opened.metadata == {"title": "Mine", "author": "Them"}


def test_nothing_is_saved_over_a_change_that_was_not_seen(qtbot, window, opened, path):
    opened.edit(SetValue("title", "Mine"))
    window.file_changes.stop()
    window.file_changes.blockSignals(True)  # nobody told, as on a network drive
    change(path, SetValue("title", "Theirs"))
    window.file_changes.blockSignals(False)
    window.file_changes.stop()
    click(window, "metadataSave")
    qtbot.waitUntil(lambda: len(offers(window)) == 2)
    assert window.jobs.records == ()
    assert metadata_of(path)["title"] == "Theirs"
    assert opened.metadata["title"] == "Mine"


def test_a_change_while_the_job_waits_is_noticed_too(qtbot, window, opened, path):
    window.settings.skip_usual_edit = True
    real = window.session.verbs.plan
    calls = []

    def plan(recipe):
        calls.append(recipe)
        if len(calls) == 2:  # the job begins
            change(path, SetValue("title", "Theirs"))
        return real(recipe)

    window.session.verbs = replace(window.session.verbs, plan=plan)
    opened.edit(SetValue("title", "Mine"))
    click(window, "metadataSave")
    qtbot.waitUntil(lambda: len(offers(window)) == 2 and "Keep" in offers(window)[1])
    assert metadata_of(path)["title"] == "Theirs"
    assert opened.metadata["title"] == "Mine"


def test_without_edits_the_file_is_read_again(qtbot, window, opened, path):
    change(path, SetValue("title", "Theirs"))
    qtbot.waitUntil(lambda: opened.metadata["title"] == "Theirs")
    assert opened.undo_stack.isClean()
    assert window.banner.message.kind == "note"
    assert "changed by another program" in shown(window)
    change(path, SetValue("title", "Again"))  # a replaced file is followed as well
    qtbot.waitUntil(lambda: opened.metadata["title"] == "Again")


def test_saved_edits_do_not_come_back_over_a_later_change(qtbot, window, opened, path):
    window.settings.skip_usual_edit = True
    opened.edit(SetValue("title", "Mine"))
    click(window, "metadataSave")
    finished(qtbot, window)
    change(path, SetValue("title", "Theirs"))
    qtbot.waitUntil(lambda: opened.metadata["title"] == "Theirs")
    assert opened.undo_stack.isClean()
    assert opened.edits_since_original() == ()
    opened.edit(SetValue("author", "You"))
    change(path, SetValue("title", "Theirs 2"))
    qtbot.waitUntil(lambda: len(offers(window)) == 2)
    click(window, "problemSecondAction")
    assert opened.metadata == {"title": "Theirs 2", "author": "You"}


def test_another_date_alone_is_no_reason_to_ask(qtbot, window, opened, path):
    opened.edit(SetValue("title", "Mine"))
    os.utime(path, ns=(1, 1))
    qtbot.waitUntil(lambda: opened.opened.checkpoint == open_checkpoint(path).checkpoint)
    assert not window.banner.isVisible()
    assert opened.metadata["title"] == "Mine"
    assert not opened.undo_stack.isClean()


def test_a_file_that_goes_is_told_and_the_edits_stay(qtbot, window, opened, path):
    opened.edit(SetValue("title", "Mine"))
    path.unlink()
    qtbot.waitUntil(lambda: "does not exist" in shown(window))
    assert "Your edits are kept" in shown(window)
    assert opened.metadata["title"] == "Mine"


def test_saving_is_no_change_by_another_program(qtbot, window, opened, path):
    window.settings.skip_usual_edit = True
    for number in range(3):
        opened.edit(SetValue("title", str(number)))
        click(window, "metadataSave")
        finished(qtbot, window, number + 1)
    qtbot.wait(800)
    assert window.banner.message.kind == "good"
    assert opened.undo_stack.isClean()
