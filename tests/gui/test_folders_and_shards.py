"""Folders and shards: opened whole, chosen from a list, merged into one file."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QListView, QPushButton

from ckpt_studio.app.merge_dialog import proposed_file
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.recipe import Precision
from ckpt_studio.engine import open_checkpoint
from tests import models
from tests.gui.acting import click, drop, in_dialog, named, settled, wait_for_plan
from tests.gui.conftest import write


def shards(folder, stem="model", count=3, index=True):
    """A small text encoder in shards."""
    folder.mkdir(parents=True, exist_ok=True)
    table = models.encoder("clip_l", "F8_E4M3")
    names = sorted(table)
    files = [f"{stem}-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)]
    for number, file in enumerate(files):
        write(folder / file, {name: table[name] for name in names[number::count]})
    if index:
        weights = {name: files[place % count] for place, name in enumerate(names)}
        text = json.dumps({"metadata": {}, "weight_map": weights})
        (folder / f"{stem}.safetensors.index.json").write_text(text)
    return [folder / file for file in files]


def opened(window):
    return [document.path for document in window.session.documents]


def choose_folder(monkeypatch, folder):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(folder))


def settle(qtbot, window, count=1):
    qtbot.waitUntil(lambda: settled(window) and len(window.session.documents) == count)


def test_a_shard_opens_its_set_and_says_so(qtbot, window, tmp_path):
    files = shards(tmp_path / "t5")
    drop(window, files[1])
    settle(qtbot, window)
    index = tmp_path / "t5" / "model.safetensors.index.json"
    assert opened(window) == [index]
    assert window.session.recipe.text_encoders == (index,)
    assert window.banner.message.what == (
        f"{files[1].name} is one of 3 files of a model; all of them were opened."
    )


@pytest.mark.parametrize("index", [True, False])
def test_all_shards_of_a_set_are_one_source(qtbot, window, tmp_path, index):
    files = shards(tmp_path / "t5", index=index)
    drop(window, *reversed(files))
    settle(qtbot, window)
    assert len(window.session.files[opened(window)[0]].checkpoint.files) == 3
    assert not window.banner.isVisible()


def test_missing_shards_are_named(qtbot, window, tmp_path):
    files = shards(tmp_path / "t5", index=False)
    files[0].unlink()
    drop(window, files[2])
    qtbot.waitUntil(window.banner.isVisible)
    assert files[0].name in window.banner.message.what
    assert opened(window) == []


def test_a_folder_of_shards_is_one_source_by_the_menu(qtbot, window, tmp_path, monkeypatch):
    shards(tmp_path / "text_encoder", "encoder", index=False)
    choose_folder(monkeypatch, tmp_path / "text_encoder")
    window.actions_.open_folder.trigger()
    settle(qtbot, window)
    assert len(window.session.recipe.text_encoders) == 1


def test_a_folder_with_one_model_is_that_model(qtbot, window, parts, tmp_path):
    inside = tmp_path / "downloads" / "vae"
    inside.mkdir(parents=True)
    (inside / "my.safetensors").symlink_to(parts[2])
    drop(window, tmp_path / "downloads")
    settle(qtbot, window)
    assert window.session.recipe.vae == inside / "my.safetensors"


@pytest.fixture
def several(parts, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    for part in parts:
        (folder / part.name).symlink_to(part)
    shards(folder / "t5", "encoder")
    return folder


def rows(dialog):
    model = named(dialog, "folderModels", QListView).model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_a_folder_with_several_models_gives_a_choice(qtbot, window, several):
    seen = []

    def search_and_open(dialog):
        seen.extend(rows(dialog))
        field = named(dialog, "folderSearch", QLineEdit)
        QTest.keyClicks(field, "vae")
        seen.append(rows(dialog)[1:])
        QTest.keyClick(field, Qt.Key.Key_Return)

    in_dialog("folderDialog", search_and_open)
    drop(window, several)
    settle(qtbot, window)
    assert seen[0] == str(several)
    assert set(seen[1:-1]) == {
        *("clip_l.safetensors", "t5/encoder.safetensors", "unet.safetensors", "vae.safetensors"),
    }
    assert seen[-1] == ["vae.safetensors"]
    assert window.session.recipe.vae == several / "vae.safetensors"


def test_a_folder_on_a_slot_fills_that_slot(qtbot, window, several):
    def take_unet(dialog):
        QTest.keyClicks(named(dialog, "folderSearch", QLineEdit), "unet")
        QTest.mouseClick(named(dialog, "folderOpen", QPushButton), Qt.MouseButton.LeftButton)

    in_dialog("folderDialog", take_unet)
    drop(named(window, "sourceModel"), several)
    settle(qtbot, window)
    assert window.session.recipe.model == several / "unet.safetensors"


def test_a_folder_without_a_model_is_told(qtbot, window, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    drop(window, empty)
    qtbot.waitUntil(window.banner.isVisible)
    assert "holds no model" in window.banner.message.what


def test_the_weights_of_a_component_are_no_choice(qtbot, window, parts, tmp_path):
    folder = tmp_path / "vae"
    folder.mkdir()
    for name in ("diffusion_pytorch_model", "diffusion_pytorch_model.fp16"):
        (folder / f"{name}.safetensors").hardlink_to(parts[2])
    drop(window, folder)
    settle(qtbot, window)
    assert window.session.recipe.vae == folder


def test_merging_waits_for_a_model_in_shards(window):
    action = window.actions_.merge_shards
    assert action.objectName() == "actionMergeShards"
    assert not action.isEnabled()
    assert action.toolTip().startswith("Open a model that lies in shards first")
    assert not named(window, "shardsRow").isVisible()


def test_shards_become_one_file(qtbot, window, tmp_path):
    shards(tmp_path / "repo" / "text_encoder")
    drop(window, tmp_path / "repo" / "text_encoder")
    settle(qtbot, window)
    recipe = window.session.recipe
    target = tmp_path / "repo" / "repo_text_encoder_fp16.safetensors"

    seen = []

    def choose_half_and_save(dialog):
        path = named(dialog, "mergePath", QLineEdit)
        seen.append(path.text())
        box = named(dialog, "mergePrecision", QComboBox)
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Down)
        seen.append(path.text())
        save = named(dialog, "planSave", QPushButton)
        qtbot.waitUntil(save.isEnabled)
        QTest.mouseClick(save, Qt.MouseButton.LeftButton)

    in_dialog("savePlan", choose_half_and_save)
    click(window, "mergeShards")
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen == [str(target.with_name("repo_text_encoder.safetensors")), str(target)]
    qtbot.waitUntil(window.assemble.result.isVisible, timeout=60_000)
    assert {tensor.dtype.label for tensor in open_checkpoint(target).checkpoint.tensors.values()}
    assert open_checkpoint(target).recognition.find("clip_l") is not None
    assert window.session.recipe == recipe
    command = command_line(window.jobs.records[-1].recipe)
    assert command.startswith("ckpt-studio convert ")
    assert command.endswith(f"--dtype fp16 -o {target}")


def test_a_name_that_cannot_be_used_is_told_in_the_dialog(qtbot, window, tmp_path):
    shards(tmp_path / "repo" / "text_encoder")
    drop(window, tmp_path / "repo" / "text_encoder")
    settle(qtbot, window)

    def type_badly(dialog):
        path, save = named(dialog, "mergePath", QLineEdit), named(dialog, "planSave", QPushButton)
        path.selectAll()
        QTest.keyClicks(path, str(tmp_path / "a?b"))
        qtbot.waitUntil(lambda: "cannot be the name" in dialog.failure)
        assert not save.isEnabled()
        path.selectAll()
        QTest.keyClick(path, Qt.Key.Key_Delete)
        qtbot.wait(200)
        assert not save.isEnabled()
        QTest.mouseClick(named(dialog, "planCancel", QPushButton), Qt.MouseButton.LeftButton)

    in_dialog("savePlan", type_badly)
    window.actions_.merge_shards.trigger()
    qtbot.waitUntil(lambda: window.findChild(QLineEdit, "mergePath") is not None)
    qtbot.waitUntil(lambda: window.findChild(QLineEdit, "mergePath") is None)
    assert window.jobs.records == ()


def test_where_the_one_file_is_proposed(tmp_path):
    folder = tmp_path / "FLUX.1-dev" / "transformer"
    file = folder / "diffusion_pytorch_model-00001-of-00003.safetensors"
    one = folder.parent / "FLUX.1-dev_transformer_bf16.safetensors"
    assert proposed_file(file, Precision.BF16) == one
    own = tmp_path / "qwen-00001-of-00009.safetensors"
    (tmp_path / "qwen.safetensors.index.json").touch()
    assert proposed_file(own, Precision.KEEP) == tmp_path / "qwen.safetensors"
    (tmp_path / "qwen.safetensors").touch()
    assert proposed_file(own, Precision.KEEP) == tmp_path / "qwen_2.safetensors"


def test_a_model_in_shards_is_a_source_like_any_other(qtbot, window, parts, tmp_path):
    shards(tmp_path / "clip")
    drop(window, parts[0], tmp_path / "clip", parts[2])
    wait_for_plan(qtbot, window)
    assert window.session.plan.errors == ()
