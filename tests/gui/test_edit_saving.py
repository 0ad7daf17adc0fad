"""Edits of metadata into files: the question before, what is told after, and where else to."""

import json
import os
from dataclasses import replace
from time import sleep

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLabel, QPushButton

from ckpt_studio.app.job_log import State
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.engine import HashCache, open_checkpoint
from tests.gui.acting import click, in_dialog, named
from tests.making.edits import data_sha256, model
from tests.making.plans import write_source

METADATA = 2


@pytest.fixture
def path(tmp_path):
    return model(tmp_path / "model.safetensors", 4096, title="Old", author="Me")


@pytest.fixture
def opened(qtbot, window, path):
    return look_at(qtbot, window, path)


def look_at(qtbot, window, path):
    """Open a file and go to its metadata."""
    window.sources.look_at((path,))
    qtbot.waitUntil(lambda: window.session.current.path == path)
    window.show_panel(METADATA)
    return window.session.current


def press(name):
    return lambda dialog: QTest.mouseClick(
        named(dialog, name, QPushButton), Qt.MouseButton.LeftButton
    )


def save(window, *, answer="editSave", look=lambda dialog: None):
    def act(dialog):
        look(dialog)
        press(answer)(dialog)

    in_dialog("editPlan", act)
    click(window, "metadataSave")


def finished(qtbot, window, jobs=1):
    qtbot.waitUntil(
        lambda: (
            len(window.jobs.records) == jobs
            and all(each.ended for each in window.jobs.records)
            and not window.sources.busy
        ),
        timeout=20_000,
    )
    qtbot.wait(20)  # what follows the end of a job


def metadata_of(path):
    return dict(open_checkpoint(path).checkpoint.metadata)


def shown(window):
    message = window.banner.message
    return f"{message.what}\n{message.todo}"


def texts(dialog):
    return "\n".join(each.text() for each in dialog.findChildren(QLabel))


def offers(window):
    return [remedy.caption for remedy in window.banner.message.remedies]


def test_the_question_says_what_changes_and_the_answer_what_came_of_it(qtbot, window, opened, path):
    autov3 = data_sha256(path)[:12]
    opened.edit(SetValue("title", "New"), SetValue("license", "MIT"))
    seen = []
    save(window, look=lambda dialog: seen.append(texts(dialog)))
    finished(qtbot, window)
    assert "1 key added and 1 changed" in seen[0]
    assert "fine everywhere" in seen[0]
    assert "SHA-256, AutoV1 and AutoV2 will change; AutoV3 stays" in seen[0]
    assert metadata_of(path) == {"title": "New", "author": "Me", "license": "MIT"}
    assert data_sha256(path)[:12] == autov3
    assert window.banner.isVisible()
    assert shown(window).startswith("Saved model.safetensors")
    assert f"AutoV3 {autov3} before, {autov3} after" in shown(window)
    assert opened.undo_stack.isClean()
    assert not window.isWindowModified()


def test_cancel_changes_nothing(qtbot, window, opened, path):
    before = path.read_bytes()
    opened.edit(SetValue("title", "New"))
    save(window, answer="editCancel")
    qtbot.waitUntil(lambda: not window.saving.edits.busy)
    assert window.jobs.records == ()
    assert path.read_bytes() == before
    assert not opened.undo_stack.isClean()


def test_the_date_stays_only_when_it_is_ticked(qtbot, window, opened, path):
    old = 1_600_000_000_000_000_000
    os.utime(path, ns=(old, old))
    window.file_changes.look()
    qtbot.waitUntil(lambda: opened.opened.checkpoint.files[0].signature.mtime_ns == old)

    def keep(dialog):
        box = named(dialog, "editKeepDate", QCheckBox)
        assert not box.isChecked()
        assert "A1111 and Forge" in box.accessibleDescription()
        box.click()

    opened.edit(SetValue("title", "New"))
    save(window, look=keep)
    finished(qtbot, window)
    assert path.stat().st_mtime_ns == old
    opened.edit(SetValue("title", "Newer"))
    save(window)
    finished(qtbot, window, 2)
    assert path.stat().st_mtime_ns > old


def test_what_is_ticked_is_remembered_and_the_question_can_go(qtbot, window, opened, path):
    def tick(dialog):
        named(dialog, "editHashes", QCheckBox).click()
        named(dialog, "editSkip", QCheckBox).click()

    opened.edit(SetValue("title", "New"))
    save(window, look=tick)
    finished(qtbot, window)
    assert "AutoV3 stays" in shown(window)
    taken = HashCache().take(path)
    opened.edit(SetValue("title", "Newer"))
    click(window, "metadataSave")
    finished(qtbot, window, 2)
    assert metadata_of(path)["title"] == "Newer"
    assert f"AutoV3 {taken.autov3} before, {taken.autov3} after" in shown(window)
    opened.edit(SetValue("picture", "x" * (1 << 20)))
    seen = []
    save(window, look=lambda dialog: seen.append(texts(dialog)))  # asked: this is unusual
    finished(qtbot, window, 3)
    assert "The header grows to 1.00 MiB" in seen[0]
    window.preferences.bring_up()
    box = named(window, "preferSkipEdits", QCheckBox)
    assert box.isChecked()
    box.click()
    assert not window.settings.skip_usual_edit


def test_several_files_are_one_question(qtbot, window, tmp_path):
    paths = [model(tmp_path / f"{name}.safetensors", 4096) for name in "abc"]
    documents = [look_at(qtbot, window, path) for path in paths]
    for number, document in enumerate(documents):
        document.edit(SetValue("n", str(number)))
    seen = []

    def act(dialog):
        seen.append(texts(dialog))
        press("editSave")(dialog)

    in_dialog("editPlan", act)
    for document in documents:
        window.saving.save_document(document)
    finished(qtbot, window, 3)
    assert [metadata_of(path)["n"] for path in paths] == ["0", "1", "2"]
    assert len(seen) == 1
    assert all(path.name in seen[0] for path in paths)


def test_a_read_only_file_gets_a_text_beside_it(qtbot, window, opened, monkeypatch, tmp_path):
    path = opened.path
    proposed = []

    def choose(parent, title, suggested, filters):
        proposed.append(suggested)
        return suggested, ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    path.chmod(0o444)
    before = path.read_bytes()
    opened.edit(SetValue("title", "New"))
    qtbot.waitUntil(lambda: not window.sources.busy)
    click(window, "metadataSave")
    qtbot.waitUntil(lambda: "is read-only" in shown(window))
    assert offers(window) == ["Save a &copy…", "Save as &JSON…"]
    click(window, "problemSecondAction")
    assert json.loads((tmp_path / "model.json").read_text()) == {"title": "New", "author": "Me"}
    assert proposed == [str(tmp_path / "model.json")]
    assert path.read_bytes() == before
    assert not opened.undo_stack.isClean()
    click(window, "metadataSave")
    qtbot.waitUntil(lambda: len(offers(window)) == 2)
    click(window, "problemSecondAction")
    assert proposed[-1] == str(tmp_path / "model.metadata.json")  # the other is there already


def test_a_copy_takes_the_edits_with_it(qtbot, window, opened, monkeypatch, tmp_path):
    path = opened.path
    copy = tmp_path / "model_edited.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (given[2], ""))
    before = path.read_bytes()
    opened.edit(SetValue("title", "New"))
    save(window, answer="editCopy")
    qtbot.waitUntil(lambda: window.session.current.path == copy, timeout=10_000)
    assert metadata_of(copy)["title"] == "New"
    assert path.read_bytes() == before
    assert opened.undo_stack.isClean()
    assert opened.metadata["title"] == "Old"
    opened.undo_stack.undo()
    assert opened.metadata["title"] == "New"


def test_a_copy_over_the_file_itself_is_a_save(qtbot, window, opened, path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    opened.edit(SetValue("title", "New"))
    save(window, answer="editCopy")
    finished(qtbot, window)
    assert metadata_of(path)["title"] == opened.metadata["title"] == "New"
    assert opened.undo_stack.isClean()


def test_a_copy_replaces_no_file_that_nobody_was_asked_about(
    qtbot, window, opened, monkeypatch, tmp_path
):
    other = model(tmp_path / "other.safetensors", 16)
    before = other.read_bytes()
    asked = []

    def refuse(box):
        asked.append(box.text())
        box.reject()

    typed = iter([str(tmp_path / "other"), ""])  # the ending is added to it
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(typed), ""))
    opened.edit(SetValue("title", "New"))
    in_dialog("replaceQuestion", refuse)
    save(window, answer="editCopy")
    qtbot.waitUntil(lambda: asked == ["other.safetensors exists already."], timeout=10_000)
    assert next(typed, None) is None
    assert other.read_bytes() == before
    assert opened.metadata["title"] == "New"


def test_another_kind_of_file_gets_a_new_one(qtbot, window, tmp_path, monkeypatch):
    path = tmp_path / "old.ckpt"
    torch.save({"state_dict": {"layer.weight": torch.zeros(2, 2)}}, path)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (given[2], ""))
    document = look_at(qtbot, window, path)
    document.edit(SetValue("title", "New"))
    click(window, "metadataSave")
    qtbot.waitUntil(lambda: len(offers(window)) == 2)
    assert "no safetensors file" in shown(window)
    click(window, "problemAction")
    copy = tmp_path / "old.safetensors"
    qtbot.waitUntil(lambda: window.session.current.path == copy, timeout=10_000)
    assert metadata_of(copy) == {"title": "New"}


def test_a_disk_that_fails_offers_another_place(qtbot, window, opened, path):
    def fail(plan, options, progress, cancel):
        raise WriteError("The disk is full", "Free some space.")

    window.session.verbs = replace(window.session.verbs, write=fail)
    opened.edit(SetValue("title", "New"))
    save(window)
    finished(qtbot, window)
    assert shown(window) == "The disk is full\nFree some space."
    assert len(offers(window)) == 2
    assert window.jobs.records[0].state is State.FAILED


def test_saving_twice_in_a_row_saves_what_came_meanwhile(qtbot, window, opened, path):
    window.settings.skip_usual_edit = True
    real = window.session.verbs.write

    def slow(plan, options, progress, cancel):
        sleep(0.2)
        return real(plan, options, progress, cancel)

    window.session.verbs = replace(window.session.verbs, write=slow)
    opened.edit(SetValue("title", "1"))
    click(window, "metadataSave")
    qtbot.waitUntil(lambda: window.saving.edits.saving(opened))
    opened.edit(SetValue("title", "2"))
    click(window, "metadataSave")
    finished(qtbot, window, 2)
    qtbot.waitUntil(opened.undo_stack.isClean)
    assert metadata_of(path)["title"] == "2"
    assert window.banner.message.kind == "good"


def test_closing_saves_edits_first(qtbot, window, opened, path):
    def save_it(dialog):
        in_dialog("editPlan", press("editSave"))
        press("closeSave")(dialog)

    opened.edit(SetValue("title", "New"))
    in_dialog("closeQuestion", save_it)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=10_000)
    assert metadata_of(path)["title"] == "New"


def test_a_wrong_hash_in_the_metadata_is_told(qtbot, window, tmp_path):
    path = tmp_path / "m.safetensors"
    write_source(path, {"a": ("U8", [4], b"abcd")}, {"sshs_model_hash": "0" * 64})
    document = look_at(qtbot, window, path)
    document.edit(SetValue("title", "New"))
    save(window)
    finished(qtbot, window)
    qtbot.waitUntil(lambda: window.banner.message.kind == "warning")
    assert "sshs_model_hash" in shown(window)
    assert metadata_of(path)["sshs_model_hash"] == "0" * 64
