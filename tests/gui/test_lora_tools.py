"""LoRAs that are extracted, joined and resized in the window, as a person does it."""

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractSpinBox, QFileDialog, QLineEdit, QPushButton, QTabBar
from safetensors.numpy import load_file

from ckpt_studio.app.lora_dialog import LoraDialog
from ckpt_studio.app.main_window import COMPARE, JOBS
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.lora.recipes import ExtractLora, MergeLoras, ResizeLora
from ckpt_studio.core.recipe import LoraUse, Precision
from tests.engine import test_lora_making as making
from tests.gui.acting import choose, click, drop, named
from tests.gui.lettering import require_letters_and_names
from tests.gui.merging import press, type_in

tiny = making.tiny  # the family of the small models
LAYER = "diffusion_model.blocks.1.mlp.up"


@pytest.fixture
def models(tmp_path):
    """Two models that differ by rank 3 in every matrix."""
    a = making.model()
    return (
        making.saved(tmp_path / "base.safetensors", a),
        making.saved(tmp_path / "tuned.safetensors", making.changed(a, rank=3)),
    )


@pytest.fixture
def loras(tmp_path):
    """Two LoRAs of rank 4 and 2 for one layer."""
    return tuple(
        making.saved(
            tmp_path / f"{name}.safetensors", making.lora([LAYER], rank, seed, shape=(256, 64))
        )
        for name, rank, seed in (("style", 4, 1), ("detail", 2, 9))
    )


@pytest.fixture
def dialog(window):
    window.actions_.lora_tools.trigger()
    return named(window, "loraDialog", LoraDialog)


def show_tab(dialog, place):
    named(dialog, "loraTabs", QTabBar).setCurrentIndex(place)


def saving(qtbot, dialog):
    """The button that saves, once the plan is there."""
    button = named(dialog, "loraSave", QPushButton)
    qtbot.waitUntil(button.isEnabled, timeout=15_000)
    return button


def make(qtbot, window, dialog):
    """Save, wait until the result is there, and return the tensors."""
    path = dialog.recipe.output.path
    saving(qtbot, dialog).click()
    qtbot.waitUntil(lambda: window.banner.message.what == f"Saved {path.name}", timeout=60_000)
    return load_file(path)


def test_a_lora_is_extracted_from_two_models(qtbot, window, dialog, models, tmp_path):
    assert "Choose both models" in named(dialog, "loraPlan").sentences[0]
    assert not named(dialog, "loraSave").isEnabled()
    for letter, path in zip("AB", models, strict=True):
        drop(named(dialog, f"loraModel{letter}"), path)
        qtbot.waitUntil(lambda wanted=path: wanted in window.session.files, timeout=15_000)
    named(dialog, "loraRank").setValue(2)
    named(dialog, "loraConvRank").setValue(0)
    press(dialog, "loraEncoders")
    press(dialog, "loraVectors")
    choose(dialog, "loraPrecision", "F32")
    recipe = dialog.recipe
    assert recipe == ExtractLora(
        *models,
        rank=2,
        conv_rank=0,
        te=False,
        vectors=True,
        precision=Precision.FP32,
        output=recipe.output,
    )
    assert recipe.output.path == tmp_path / "tuned_lora.safetensors"
    tensors = make(qtbot, window, dialog)
    assert tensors[f"{LAYER}.lora_down.weight"].shape == (2, 64)
    said = window.banner.message
    assert said.todo.startswith("The rank holds ")  # 2 of 3 ranks: not all of it
    assert "least: " in said.todo
    assert LAYER.removeprefix("diffusion_model.") in said.details
    window.show_panel(JOBS)
    (record,) = window.jobs.records
    click(window, "jobCopyCommand")
    command = QGuiApplication.clipboard().text()
    assert command.startswith("ckpt-studio lora extract ")
    for words in ("--rank 2", "--conv-rank 0", "--no-te", "--vectors", "--dtype fp32", "-o"):
        assert f" {words} " in command
    assert record.recipe == recipe


def test_the_difference_of_a_comparison_becomes_a_lora(qtbot, window, models):
    window.show_panel(COMPARE)
    drop(window, *models)
    qtbot.waitUntil(lambda: named(window, "compareLora").isVisible(), timeout=15_000)
    press(window, "compareLora")
    dialog = named(window, "loraDialog", LoraDialog)
    assert (dialog.recipe.a, dialog.recipe.b) == models
    saving(qtbot, dialog)
    dialog.reject()


def test_loras_are_joined_exactly_or_cut_to_a_rank(qtbot, window, dialog, loras, monkeypatch):
    show_tab(dialog, 1)
    assert "Add two LoRAs" in named(dialog, "loraPlan").sentences[0]
    names = [str(path) for path in loras]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (names, ""))
    press(dialog, "loraAdd")
    qtbot.waitUntil(lambda: dialog.recipe is not None, timeout=15_000)
    named(dialog, "loraJoinStrength1", QAbstractSpinBox).setValue(0.5)
    named(dialog, "loraJoinEncoders0", QAbstractSpinBox).setValue(0.25)
    assert dialog.recipe.loras == (LoraUse(loras[0], 1.0, 0.25), LoraUse(loras[1], 0.5))
    assert not named(dialog, "loraJoinRank").isVisible()
    choose(dialog, "loraJoinKind", "Rank")
    named(dialog, "loraJoinRank").setValue(3)
    assert isinstance(dialog.recipe, MergeLoras)
    assert dialog.recipe.rank == 3
    choose(dialog, "loraJoinKind", "Exact: the ranks add up")
    made = make(qtbot, window, dialog)
    assert made[f"{LAYER}.lora_down.weight"].shape == (6, 64)
    wanted = making.delta(load_file(loras[0]), LAYER) + 0.5 * making.delta(
        load_file(loras[1]), LAYER
    )
    making.close(making.delta(made, LAYER), wanted, 1e-2)


def test_a_joined_lora_can_be_taken_out_again(qtbot, window, dialog, loras):
    show_tab(dialog, 1)
    dialog.join.add(loras)
    press(dialog, "loraJoinRemove0")
    assert [lora.path for lora in dialog.recipe.loras] == [loras[1]]
    assert named(dialog, "loraJoin0").isVisible()
    dialog.reject()


def test_a_lora_that_is_looked_at_is_resized(qtbot, window, loras, tmp_path):
    window.sources.look_at(loras[:1])
    qtbot.waitUntil(lambda: window.session.current.path == loras[0], timeout=15_000)
    window.actions_.lora_tools.trigger()
    dialog = named(window, "loraDialog", LoraDialog)
    named(dialog, "loraNewRank").setValue(1)
    assert isinstance(dialog.recipe, ResizeLora)
    assert dialog.recipe.output.path == tmp_path / "style_rank1.safetensors"
    made = make(qtbot, window, dialog)
    assert made[f"{LAYER}.lora_down.weight"].shape == (1, 64)
    assert "The rank holds " in window.banner.message.todo


@pytest.mark.parametrize("place", range(3))
def test_letters_and_names_of_each_page(dialog, loras, place):
    dialog.join.add(loras)
    show_tab(dialog, place)
    if place == 1:
        choose(dialog, "loraJoinKind", "Share of the changes")
    require_letters_and_names(dialog)
    dialog.reject()


def test_each_layer_gets_the_rank_that_keeps_a_share(qtbot, window, dialog, loras):
    show_tab(dialog, 2)
    dialog.resize_.choose(loras[0])
    choose(dialog, "loraNewKind", "Share of the changes")
    named(dialog, "loraNewShare").setValue(40)
    assert (dialog.recipe.energy, dialog.recipe.rank) == (0.4, 16)
    made = make(qtbot, window, dialog)
    assert made[f"{LAYER}.lora_down.weight"].shape[0] in {1, 2, 3}  # of 4
    assert "The rank holds " in window.banner.message.todo
    assert "--energy 0.4" in command_line(window.jobs.records[0].recipe)


def test_what_cannot_be_done_is_said_in_the_dialog(qtbot, window, dialog, models, loras):
    dialog.extract.choose(models[0], loras[0])
    qtbot.waitUntil(
        lambda: "holds no diffusion model" in named(dialog, "loraPlan").sentences[0],
        timeout=15_000,
    )
    assert not named(dialog, "loraSave").isEnabled()
    dialog.reject()


def test_a_file_that_is_there_is_replaced_by_name(qtbot, window, dialog, models, tmp_path):
    dialog.extract.choose(*models)
    (tmp_path / "old.safetensors").write_bytes(b"old")
    saving(qtbot, dialog)
    type_in(dialog, "loraPath", str(tmp_path / "old.safetensors"))
    assert named(dialog, "loraPath", QLineEdit).text() == str(tmp_path / "old.safetensors")
    button = saving(qtbot, dialog)
    assert named(dialog, "loraPlan").sentences == ("Ready to be written: a LoRA for Tiny DiT.",)
    assert button.text() == "&Replace"
    assert make(qtbot, window, dialog)
