from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
)

from ckpt_studio.app.job_log import State
from ckpt_studio.app.main_window import JOBS, METADATA
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.plan import OnOverflow, Report
from ckpt_studio.core.progress import Progress
from ckpt_studio.engine import open_checkpoint
from tests import models
from tests.gui.acting import choose, click, drop, in_dialog, named, settled, wait_for_plan
from tests.gui.conftest import write

GIB = 2**30
SECOND = 200  # turns that endless work takes in a second at most


@pytest.fixture
def light_parts(tmp_path_factory):
    """The smallest model of real shape: a gigabyte of holes."""
    folder = tmp_path_factory.mktemp("light")
    return (
        write(folder / "unet.safetensors", models.unet("sd15", "F8_E4M3")),
        write(folder / "clip_l.safetensors", models.encoder("clip_l", "F8_E4M3")),
        write(folder / "vae.safetensors", models.vae("sd15", "F8_E4M3")),
    )


@pytest.fixture
def ready(qtbot, window, parts, tmp_path):
    """A window with a complete model whose save writes nothing until a test says what it does."""
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    type_output(qtbot, window, tmp_path / "new.safetensors")
    return window


def type_output(qtbot, window, path):
    field = named(window, "outputPath", QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, str(path))
    qtbot.waitUntil(lambda: settled(window) and window.session.plan.output == path)


def writing(window, write):
    window.session.verbs = replace(window.session.verbs, write=write)


def endless(plan, options, progress, cancel):
    while True:
        progress(Progress(4 * GIB, 7 * GIB, phase="Writing"))
        cancel.raise_if_cancelled()
        sleep(1 / SECOND)


def at_once(plan, options, progress, cancel):
    progress(Progress(plan.bytes, plan.bytes, phase="Writing"))
    plan.output.write_bytes(b"done")
    sha = "a" * 64 if options.hashes else None
    return Report(plan.output, plan.bytes, 1.0, sha256=sha, verified=options.verify)


def press(name):
    return lambda dialog: QTest.mouseClick(
        named(dialog, name, QPushButton), Qt.MouseButton.LeftButton
    )


def save(window, *, answer="planSave"):
    in_dialog("savePlan", press(answer))
    click(window, "saveButton")


def test_the_whole_job_from_drop_to_file(qtbot, window, light_parts, tmp_path):
    drop(window, *light_parts)
    wait_for_plan(qtbot, window)
    out = tmp_path / "out" / "new.safetensors"
    out.parent.mkdir()
    type_output(qtbot, window, out)
    save(window)
    qtbot.waitUntil(window.assemble.result.isVisible, timeout=60_000)
    report = window.assemble.result.report
    saved = open_checkpoint(out)
    assert saved.recognition.architecture == "sd15"
    assert report.bytes == out.stat().st_size
    assert report.verified
    assert len(report.sha256) == 64
    assert not window.isWindowModified()
    assert [path.name for path in out.parent.iterdir()] == ["new.safetensors"]
    click(window, "copyHashes")
    assert report.sha256 in QGuiApplication.clipboard().text()
    out.unlink()


def test_the_plan_is_shown_before_and_cancel_writes_nothing(qtbot, ready, tmp_path):
    writing(ready, at_once)
    save(ready, answer="planCancel")
    assert ready.jobs.records == ()
    assert list(tmp_path.glob("*.safetensors")) == []


def test_the_plan_is_not_shown_again_when_the_user_says_so(qtbot, ready):
    writing(ready, at_once)

    def tick_and_save(dialog):
        named(dialog, "planSkip", QCheckBox).setChecked(True)
        press("planSave")(dialog)

    in_dialog("savePlan", tick_and_save)
    click(ready, "saveButton")
    qtbot.waitUntil(lambda: not ready.jobs.queue.busy)
    type_output(qtbot, ready, ready.session.plan.output.with_name("second.safetensors"))
    click(ready, "saveButton")
    qtbot.waitUntil(lambda: len(ready.jobs.records) == 2 and not ready.jobs.queue.busy)


def test_replacing_a_file_is_asked_and_cancel_is_the_default(qtbot, ready, tmp_path):
    writing(ready, at_once)
    old = tmp_path / "old.safetensors"
    old.write_bytes(b"precious")
    type_output(qtbot, ready, old)
    seen = []

    def look(dialog):
        seen.append(named(dialog, "planSave", QPushButton).text())
        seen.append(named(dialog, "planCancel", QPushButton).isDefault())
        QTest.keyClick(dialog, Qt.Key.Key_Return)

    in_dialog("savePlan", look)
    click(ready, "saveButton")
    assert seen == ["&Replace", True]
    assert old.read_bytes() == b"precious"


def test_a_running_save_shows_its_progress_and_stops_within_a_second(qtbot, ready):
    turns = []

    def count(plan, options, progress, cancel):
        endless(plan, options, lambda now: (turns.append(now), progress(now)), cancel)

    writing(ready, count)
    save(ready)
    qtbot.waitUntil(lambda: named(ready, "jobStrip").isVisible())
    ready.actions_.panels[JOBS].trigger()
    bar = named(ready, "jobProgress", QProgressBar)
    qtbot.waitUntil(lambda: bar.value() == 571)
    assert "4.00 of 7.00 GiB" in ready.jobs_panel.cards[0]._line.text()
    before = len(turns)
    click(ready, "jobCancel")
    qtbot.waitUntil(lambda: ready.jobs.records[0].state is State.CANCELLED)
    assert len(turns) - before < SECOND
    assert "Nothing was written" in ready.jobs_panel.cards[0]._line.text()


def test_a_failed_save_says_what_to_do_and_can_be_tried_again(qtbot, ready):
    tries = []

    def full_disk(plan, options, progress, cancel):
        tries.append(plan)
        raise WriteError("The disk is full.", "Choose another folder.")

    writing(ready, full_disk)
    save(ready)
    qtbot.waitUntil(ready.banner.isVisible)
    assert (ready.banner.message.what, ready.banner.message.todo) == (
        "The disk is full.",
        "Choose another folder.",
    )
    ready.actions_.panels[JOBS].trigger()
    click(ready, "jobAgain")
    qtbot.waitUntil(lambda: len(tries) == 2 and not ready.jobs.queue.busy)


def test_the_command_line_of_a_job_can_be_copied(qtbot, ready, parts):
    writing(ready, at_once)
    save(ready)
    qtbot.waitUntil(lambda: not ready.jobs.queue.busy)
    ready.actions_.panels[JOBS].trigger()
    click(ready, "jobCopyCommand")
    command = QGuiApplication.clipboard().text()
    assert command.startswith("ckpt-studio save --model")
    assert all(str(path) in command for path in parts)


def test_finished_jobs_can_be_cleared(qtbot, ready):
    writing(ready, at_once)
    save(ready)
    qtbot.waitUntil(lambda: not ready.jobs.queue.busy)
    ready.actions_.panels[JOBS].trigger()
    click(ready, "jobsClear")
    assert ready.jobs_panel.cards == ()


def test_closing_during_a_job_can_keep_it_running(qtbot, ready):
    writing(ready, endless)
    save(ready)
    qtbot.waitUntil(lambda: ready.jobs.running is not None)
    in_dialog("closeQuestion", press("closeQuestionStay"))
    ready.close()
    assert ready.isVisible()
    assert ready.jobs.running is not None


def test_closing_during_a_job_can_cancel_it_and_quit(qtbot, ready):
    writing(ready, endless)
    save(ready)
    qtbot.waitUntil(lambda: ready.jobs.running is not None)
    in_dialog("closeQuestion", press("closeQuestionGo"))
    ready.close()
    qtbot.waitUntil(lambda: not ready.isVisible())
    assert ready.jobs.records[0].state is State.CANCELLED


@pytest.mark.parametrize(
    ("button", "open_after"), [("closeQuestionStay", True), ("closeQuestionGo", False)]
)
def test_a_json_text_with_a_mistake_is_asked_about(window, qtbot, button, open_after):
    window.show_panel(METADATA)
    view = named(window, "metadataViewJson", QToolButton)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton)
    edit = named(window, "metadataJsonText", QPlainTextEdit)
    edit.insertPlainText('"typed" ')
    in_dialog("closeQuestion", press(button))
    window.close()
    assert window.isVisible() is open_after
    edit.clear()
    edit.insertPlainText("{}")


@pytest.mark.parametrize(("button", "open_after"), [("closeCancel", True), ("closeDiscard", False)])
def test_closing_with_changes_asks(qtbot, ready, button, open_after):
    in_dialog("closeQuestion", press(button))
    ready.close()
    assert ready.isVisible() is open_after


def test_closing_with_changes_can_save_first(qtbot, ready, tmp_path):
    writing(ready, at_once)

    def save_it(dialog):
        in_dialog("savePlan", press("planSave"))
        press("closeSave")(dialog)

    in_dialog("closeQuestion", save_it)
    ready.close()
    qtbot.waitUntil(lambda: not ready.isVisible())
    assert Path(tmp_path / "new.safetensors").exists()


def test_saving_again_proposes_a_name_that_is_free(qtbot, window, folder):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    writing(window, at_once)
    first = window.session.plan.output
    save(window)
    qtbot.waitUntil(lambda: not window.jobs.queue.busy and settled(window))
    assert first.exists()
    assert window.session.recipe.output.path.name == "whole_custom_2.safetensors"
    first.unlink()


def test_jobs_of_earlier_starts_are_shown_and_forgotten_when_cleared(qtbot, ready, open_window):
    writing(ready, at_once)
    save(ready)
    qtbot.waitUntil(lambda: not ready.jobs.queue.busy and settled(ready))
    later = open_window()
    later.actions_.panels[JOBS].trigger()
    (card,) = later.jobs_panel.cards
    assert "new.safetensors" in card.accessibleName()
    assert "a" * 64 in card._line.text()
    click(later, "jobCopyCommand")
    assert QGuiApplication.clipboard().text().startswith("ckpt-studio save --model")
    click(later, "jobsClear")
    latest = open_window()
    latest.actions_.panels[JOBS].trigger()
    assert latest.jobs_panel.cards == ()


def test_what_happens_to_values_that_do_not_fit_is_chosen_in_the_plan(qtbot, ready):
    plans = []

    def note(plan, options, progress, cancel):
        plans.append(plan)
        return at_once(plan, options, progress, cancel)

    writing(ready, note)
    choose(ready, "precisionModel", "FP8 e4m3")
    wait_for_plan(qtbot, ready)

    def choose_and_save(dialog):
        choose(dialog, "planOverflow", "Store the largest value")
        press("planSave")(dialog)

    in_dialog("savePlan", choose_and_save)
    click(ready, "saveButton")
    qtbot.waitUntil(lambda: bool(plans) and not ready.jobs.queue.busy)
    assert plans[0].on_overflow is OnOverflow.CLAMP
    assert "--on-overflow clamp" in command_line(ready.jobs.records[0].recipe)


def test_a_folder_is_no_place_for_a_file(qtbot, ready, tmp_path):
    field, button = named(ready, "outputPath", QLineEdit), named(ready, "saveButton", QPushButton)
    field.selectAll()
    QTest.keyClicks(field, str(tmp_path))
    qtbot.waitUntil(lambda: settled(ready) and not button.isEnabled())
    assert button.toolTip() == "This is a folder. Add a name for the file."


def test_a_save_that_is_tried_again_is_planned_anew(qtbot, ready):
    tries = []

    def refuse_once(plan, options, progress, cancel):
        tries.append(plan)
        if len(tries) == 1:
            raise WriteError("The disk is full.", "Choose another folder.")
        return at_once(plan, options, progress, cancel)

    writing(ready, refuse_once)
    save(ready)
    qtbot.waitUntil(ready.banner.isVisible)
    ready.actions_.panels[JOBS].trigger()
    click(ready, "jobAgain")
    qtbot.waitUntil(lambda: len(tries) == 2 and not ready.jobs.queue.busy)
    assert tries[0] is not tries[1]
    assert ready.assemble.result.report is not None
    assert not ready.isWindowModified()


def test_a_refusal_goes_when_the_next_file_is_taken(qtbot, window, folder, parts):
    drop(window, folder / "page.safetensors")
    qtbot.waitUntil(window.banner.isVisible)
    drop(window, parts[0])
    qtbot.waitUntil(lambda: not window.banner.isVisible())
    wait_for_plan_or_problem(qtbot, window)


def wait_for_plan_or_problem(qtbot, window):
    qtbot.waitUntil(lambda: settled(window))
