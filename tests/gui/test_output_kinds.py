"""What is written, as chosen on the Assemble panel: kinds, separate files, averaged weights."""

from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox

from ckpt_studio.app.job_log import State
from ckpt_studio.app.main_window import JOBS
from ckpt_studio.core.assembly.ema import ema_name
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.output_kinds import OutputKind, kind_of
from ckpt_studio.core.plan import Report
from ckpt_studio.core.progress import Progress
from ckpt_studio.engine import open_checkpoint
from tests import models
from tests.gui.acting import choose, click, drop, in_dialog, named, settled, wait_for_plan
from tests.gui.conftest import write

PARTS, CKPT = "Parts as separate files", "One file (.ckpt, for old programs)"


@pytest.fixture
def light_parts(tmp_path):
    """The smallest model of real shape: a gigabyte of holes."""
    return (
        write(tmp_path / "light_unet.safetensors", models.unet("sd15", "F8_E4M3")),
        write(tmp_path / "light_clip_l.safetensors", models.encoder("clip_l", "F8_E4M3")),
        write(tmp_path / "light_vae.safetensors", models.vae("sd15", "F8_E4M3")),
    )


def with_parts(qtbot, window, parts, root):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    choose(window, "outputKind", PARTS)
    type_path(qtbot, window, root)


def type_path(qtbot, window, path):
    field = named(window, "outputPath", QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, str(path))
    qtbot.waitUntil(lambda: settled(window) and window.session.plan.output == path)


def kind(window):
    return kind_of(window.session.recipe.output)


def undo(window):
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_every_kind_waits_for_a_model_and_says_so(window):
    box = named(window, "outputKind", QComboBox)
    for row in range(1, box.count()):
        item = box.model().index(row, 0)
        assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
        assert item.data(Qt.ItemDataRole.ToolTipRole) == "Choose or drop a model first."


def test_the_kind_and_the_path_follow_each_other_and_undo(qtbot, window, parts, folder):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    path = named(window, "outputPath", QLineEdit)
    assert path.text() == str(folder / "unet_custom.safetensors")
    choose(window, "outputKind", CKPT)
    assert path.text() == str(folder / "unet_custom.ckpt")
    choose(window, "outputKind", "Shards of 5 GB")
    size = named(window, "shardSize", QSpinBox)
    assert size.isVisible()
    size.setFocus()
    size.selectAll()
    QTest.keyClicks(size, "2")
    assert window.session.recipe.output.shard_bytes == 2 * 10**9
    assert named(window, "outputKind", QComboBox).currentText() == "Shards of 2 GB"
    assert "--" not in path.text()
    choose(window, "outputKind", PARTS)
    assert path.text() == str(folder)
    for expected in (OutputKind.SHARDS, OutputKind.SHARDS, OutputKind.SAFETENSORS):
        window.actions_.undo.trigger()
        assert kind(window) is expected
    assert path.text() == str(folder / "unet_custom.safetensors")
    choose(window, "precisionModel", "BF16")  # the name still follows what is chosen
    assert path.text() == str(folder / "unet_custom_bf16.safetensors")
    wait_for_plan(qtbot, window)


def test_an_ending_that_is_typed_chooses_the_kind(qtbot, window, parts, tmp_path):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    field = named(window, "outputPath", QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, str(tmp_path / "old.ckpt"))
    assert named(window, "outputKind", QComboBox).currentText() == CKPT


def test_the_parts_are_listed_with_proposed_names(qtbot, window, parts, tmp_path):
    with_parts(qtbot, window, parts, tmp_path)
    texts = {
        name: named(window, f"partName{name}", QLineEdit).text()
        for name in ("Model", "TextEncoders", "Vae")
    }
    assert texts == {
        "Model": "diffusion_models/unet_fp16.safetensors",
        "TextEncoders": "text_encoders/clip_l_fp16.safetensors",
        "Vae": "vae/vae_fp16.safetensors",
    }
    assert window.assemble.plan_view.sentences[0].startswith("Complete: 3 files")
    assert len(window.session.new_checkpoint.opened.checkpoint.tensors) == len(
        window.session.plan.tensors
    )


def test_a_name_is_typed_as_one_step_and_a_part_left_out_as_another(qtbot, window, parts, tmp_path):
    with_parts(qtbot, window, parts, tmp_path)
    field = named(window, "partNameVae", QLineEdit)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "vae/mine.safetensors")
    qtbot.waitUntil(lambda: settled(window))
    assert field.text() == "vae/mine.safetensors"
    assert "vae/mine.safetensors" in window.session.plan.files
    tick = named(window, "partWriteModel", QCheckBox)
    QTest.keyClick(tick, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: settled(window) and len(window.session.plan.files) == 2)
    assert not named(window, "partNameModel").isEnabled()
    command = command_line(window.session.recipe)
    assert "--separate" in command
    assert "--name unet= " in command
    assert "--name vae=vae/mine.safetensors" in command
    undo(window)
    undo(window)
    qtbot.waitUntil(lambda: settled(window) and len(window.session.plan.files) == 3)
    assert field.text() == "vae/vae_fp16.safetensors"
    assert kind(window) is OutputKind.PARTS


def test_a_name_outside_the_folder_is_refused_and_can_be_corrected(qtbot, window, parts, tmp_path):
    with_parts(qtbot, window, parts, tmp_path)
    field = named(window, "partNameVae", QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, "../vae.safetensors")
    qtbot.waitUntil(lambda: not window.session.planning)
    assert "leads out of the folder" in window.assemble.plan_view.sentences[0]
    assert not named(window, "saveButton").isEnabled()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    wait_for_plan(qtbot, window)
    assert field.text() == "vae/vae_fp16.safetensors"


def test_a_vae_alone_is_a_part_without_a_model(qtbot, window, folder, tmp_path):
    drop(window, folder / "small_vae.safetensors")
    qtbot.waitUntil(lambda: not window.session.planning and not window.session.empty)
    choose(window, "outputKind", PARTS)
    wait_for_plan(qtbot, window)
    assert window.session.recipe.output.path == folder
    assert list(window.session.plan.files) == ["vae/small_vae_fp8_e4m3fn.safetensors"]


def press(name):
    return lambda dialog: QTest.mouseClick(
        named(dialog, name, QPushButton), Qt.MouseButton.LeftButton
    )


def test_the_parts_are_written_as_one_job_with_one_result(qtbot, window, light_parts, tmp_path):
    root = tmp_path / "models"
    root.mkdir()
    with_parts(qtbot, window, light_parts, root)
    shown = []

    def look_and_save(dialog):
        labels = (each.property("text") for each in dialog.findChildren(object))
        shown.extend(str(text) for text in labels if text)
        press("planSave")(dialog)

    in_dialog("savePlan", look_and_save)
    click(window, "saveButton")
    qtbot.waitUntil(window.assemble.result.isVisible, timeout=60_000)
    assert any(text.startswith("3 files") for text in shown)
    assert len(window.jobs.records) == 1
    report = window.assemble.result.report
    names = [file.path.relative_to(root).as_posix() for file in report.files]
    assert names == [
        "diffusion_models/light_unet_fp8_e4m3fn.safetensors",
        "text_encoders/light_clip_l_fp8_e4m3fn.safetensors",
        "vae/light_vae_fp8_e4m3fn.safetensors",
    ]
    assert report.verified
    assert open_checkpoint(report.files[0].path).recognition.architecture == "sd15"
    assert all(len(file.sha256) == 64 for file in report.files)
    assert not window.isWindowModified()
    wait_for_plan(qtbot, window)
    proposed = named(window, "partNameVae", QLineEdit).text()
    assert proposed == "vae/light_vae_fp8_e4m3fn_2.safetensors"


@pytest.fixture
def trained(tmp_path):
    """A training checkpoint with averaged weights."""
    plain = models.unet("sd15", "F8_E4M3", prefix="model.diffusion_model.")
    averaged = {ema_name(key): row for key, row in plain.items()}
    first = {f"first_stage_model.{key}": row for key, row in models.vae("sd15", "F8_E4M3").items()}
    return write(tmp_path / "trained.safetensors", {**plain, **averaged, **first})


def test_averaged_weights_are_offered_where_they_are(qtbot, window, parts, trained):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    assert not named(window, "emaRow").isVisible()
    drop(named(window, "sourceModel"), trained)
    qtbot.waitUntil(lambda: settled(window) and named(window, "emaRow").isVisible())
    choose(window, "emaChoice", "Use")
    assert window.session.recipe.ema
    assert command_line(window.session.recipe).count("--ema") == 1
    wait_for_plan(qtbot, window)
    unet = next(row for row in window.session.plan.tensors if row.part == "unet")
    assert unet.expr.tensor.name.startswith("model_ema.")
    undo(window)
    assert not window.session.recipe.ema


def test_averaged_weights_do_not_stay_chosen_for_another_model(qtbot, window, parts, trained):
    drop(window, trained)
    qtbot.waitUntil(lambda: settled(window) and named(window, "emaRow").isVisible())
    choose(window, "emaChoice", "Use")
    drop(named(window, "sourceModel"), parts[0])
    qtbot.waitUntil(lambda: settled(window) and window.session.recipe.model == parts[0])
    assert not window.session.recipe.ema
    assert not named(window, "emaRow").isVisible()


def test_the_folder_for_parts_is_that_of_all_models(qtbot, window, parts, tmp_path):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    folder = tmp_path / "models" / "checkpoints"
    folder.mkdir(parents=True)
    type_path(qtbot, window, folder / "new.safetensors")
    choose(window, "outputKind", PARTS)
    assert Path(named(window, "outputPath", QLineEdit).text()) == tmp_path / "models"
    window.actions_.undo.trigger()
    assert Path(named(window, "outputPath", QLineEdit).text()) == folder / "new.safetensors"
    wait_for_plan(qtbot, window)


@pytest.fixture
def slow(qtbot, window, light_parts, tmp_path):
    """A window with three parts to save; the second one does not end until it is cancelled."""
    root = tmp_path / "models"
    root.mkdir()
    with_parts(qtbot, window, light_parts, root)
    written = []

    def write(plan, options, progress, cancel):
        if len(written) == 1:
            while True:
                progress(Progress(1, 2, phase="Writing"))
                cancel.raise_if_cancelled()
                sleep(0.005)
        plan.output.parent.mkdir(parents=True, exist_ok=True)
        plan.output.write_bytes(b"done")
        written.append(plan.output)
        return Report(plan.output, plan.bytes, 1.0)

    window.session.verbs = replace(window.session.verbs, write=write)
    in_dialog("savePlan", press("planSave"))
    click(window, "saveButton")
    qtbot.waitUntil(lambda: window.jobs.running is not None and len(written) == 1)
    return window, written


def test_cancel_stops_the_rest_and_names_what_is_complete(qtbot, slow):
    window, written = slow
    record = window.jobs.running
    qtbot.waitUntil(lambda: record.progress.phase == "File 2 of 3: Writing")
    window.actions_.cancel_job.trigger()
    qtbot.waitUntil(lambda: record.state is State.CANCELLED)
    window.show_panel(JOBS)
    texts = [label.text() for label in window.jobs_panel.findChildren(QLabel)]
    name = written[0].name
    assert f"Cancelled. Complete and kept: {name}." in texts
    assert written[0].read_bytes() == b"done"
    assert window.assemble.result.isHidden()


def test_trying_again_writes_only_what_is_not_complete(qtbot, slow):
    window, written = slow
    first = window.jobs.running
    window.actions_.cancel_job.trigger()
    qtbot.waitUntil(lambda: first.state is State.CANCELLED)
    written.append(None)  # from now on nothing waits
    window.show_panel(JOBS)
    click(window, "jobAgain")
    qtbot.waitUntil(lambda: window.jobs.records[-1].state is State.DONE, timeout=10_000)
    assert [path.parent.name for path in written if path] == [
        *("diffusion_models", "text_encoders", "vae"),
    ]
    report = window.jobs.records[-1].result
    assert [file.path for file in report.files] == [path for path in written if path]
    command = command_line(window.jobs.records[-1].recipe)
    assert f"--name vae=vae/{written[-1].name}" in command
