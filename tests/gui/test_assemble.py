from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton

from ckpt_studio.app.main_window import TENSORS
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.tensors import DType
from tests.cli.files import sparse_file
from tests.gui.acting import choose, click, drop, named, settled, wait_for_plan


def test_dropped_files_find_their_places(qtbot, window, parts):
    unet, clip, vae = parts
    drop(window, vae, clip, unet)
    wait_for_plan(qtbot, window)
    recipe = window.session.recipe
    assert (recipe.model, recipe.text_encoders, recipe.vae) == (unet, (clip,), vae)
    assert window.session.family.id == "sd15"
    assert "recognised" in named(window, "targetArchitecture", QComboBox).currentText()
    assert window.session.plan.errors == ()
    assert named(window, "saveButton").isEnabled()


def test_files_named_at_the_start_are_in_place_and_nothing_is_unsaved(qtbot, open_window, parts):
    window = open_window(*parts)
    wait_for_plan(qtbot, window)
    assert window.session.recipe.vae == parts[2]
    assert not window.isWindowModified()


LORA = {
    f"lora_unet_down_blocks_0_attentions_0_proj_{way}.lora_{end}.weight": (DType.F16, (4, 4))
    for way in ("in", "out")
    for end in ("up", "down")
}


@pytest.mark.parametrize(
    ("kind", "table"), [("lora", LORA), ("anything", {"some.weight": (DType.F16, (4, 4))})]
)
def test_a_file_for_no_slot_is_looked_at_when_the_program_starts_with_it(
    qtbot, open_window, tmp_path, kind, table
):
    path = sparse_file(tmp_path / f"{kind}.safetensors", table)
    window = open_window(path)
    qtbot.waitUntil(lambda: settled(window) and window.panel == TENSORS)
    assert window.session.current.path == path
    assert window.session.empty
    assert not window.banner.isVisible()
    assert not window.isWindowModified()
    assert named(window, "tensorTable").model().rowCount() == len(table)


def test_beside_a_model_a_lora_is_refused_with_the_reason(qtbot, open_window, parts, tmp_path):
    window = open_window(parts[0], sparse_file(tmp_path / "lora.safetensors", LORA))
    qtbot.waitUntil(lambda: settled(window) and window.banner.isVisible())
    assert window.panel != TENSORS
    assert "A LoRA changes a model" in window.banner.message.what


def test_a_whole_checkpoint_fills_what_no_other_file_gives(qtbot, window, folder):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    drop(named(window, "sourceVae"), folder / "small_vae.safetensors")
    qtbot.waitUntil(lambda: settled(window) and window.session.recipe.vae is not None)
    assert window.session.recipe.base == folder / "whole.safetensors"
    sources = {part.part: part.source.name for part in window.session.plan.parts}
    assert sources == {
        "unet": "whole.safetensors",
        "clip_l": "whole.safetensors",
        "vae": "small_vae.safetensors",
    }


def test_clearing_one_part_of_a_whole_checkpoint_keeps_the_others(qtbot, window, folder):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    QTest.mouseClick(named(window, "clearVae"), Qt.MouseButton.LeftButton)
    wait_for_plan(qtbot, window)
    qtbot.waitUntil(lambda: bool(window.session.plan.errors))
    recipe, whole = window.session.recipe, folder / "whole.safetensors"
    assert (recipe.model, recipe.text_encoders, recipe.vae) == (whole, (whole,), None)


def test_a_file_that_does_not_fit_a_slot_is_refused_with_the_reason(qtbot, window, folder):
    drop(named(window, "sourceVae"), folder / "clip_g.safetensors")
    qtbot.waitUntil(window.banner.isVisible)
    assert window.banner.message.what == "clip_g.safetensors has no VAE. It holds CLIP-G."
    assert window.session.empty


def test_a_text_encoder_of_another_family_is_refused(qtbot, window, parts, folder):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    drop(window, folder / "clip_g.safetensors")
    qtbot.waitUntil(window.banner.isVisible)
    assert "holds CLIP-G; Stable Diffusion 1.5 uses CLIP-L" in window.banner.message.what
    assert window.session.recipe.text_encoders == (parts[1],)


def test_a_file_that_is_no_model_says_so(qtbot, window, folder):
    drop(window, folder / "page.safetensors")
    qtbot.waitUntil(window.banner.isVisible)
    message = window.banner.message
    assert "page.safetensors" in message.what
    assert message.todo
    assert "Traceback" not in message.what + message.details


def test_precision_is_chosen_with_keys_and_undone(qtbot, window, parts):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    before = window.session.plan.bytes
    choose(window, "precisionModel", "FP8 e4m3")
    qtbot.waitUntil(lambda: settled(window) and window.session.plan.bytes < before * 0.7)
    assert window.session.recipe.precision["unet"] is Precision.FP8_E4M3FN
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    while window.session.undo_stack.index() > 1:
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: settled(window) and window.session.plan.bytes == before)
    assert named(window, "precisionModel", QComboBox).currentText() == "Keep (F16)"


def test_every_edit_can_be_undone_and_redone(qtbot, window, parts):
    session = window.session
    states = [session.recipe]
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    states.append(session.recipe)
    choose(window, "targetArchitecture", "Stable Diffusion 1.5")
    assert session.recipe.target == "sd15"
    states.append(session.recipe)
    click_clear = named(window, "clearTextEncoders")
    QTest.mouseClick(click_clear, Qt.MouseButton.LeftButton)
    states.append(session.recipe)
    assert window.actions_.undo.text() == "&Undo Clear CLIP-L"
    for state in reversed(states[:-1]):
        window.actions_.undo.trigger()
        assert chosen(session.recipe) == chosen(state)
    for state in states[1:]:
        window.actions_.redo.trigger()
        assert chosen(session.recipe) == chosen(state)


def fields(recipe):
    return {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}


def chosen(recipe):
    return {name: value for name, value in fields(recipe).items() if name != "output"}


def test_a_missing_part_can_be_left_out_by_its_button(qtbot, window, parts):
    drop(window, parts[0], parts[1])
    wait_for_plan(qtbot, window)
    save = named(window, "saveButton", QPushButton)
    assert (save.text(), save.isEnabled()) == ("1 problem", False)
    assert "VAE" in save.toolTip()
    click(window, "saveWithout")
    qtbot.waitUntil(lambda: settled(window) and save.isEnabled())
    assert window.session.plan.missing


def test_what_a_new_plan_offers_can_be_clicked_at_once(qtbot, window, parts):
    drop(window, parts[0], parts[1])
    wait_for_plan(qtbot, window)
    before = window.findChildren(QPushButton, "saveWithout")
    window.assemble.plan_view.show_plan(window.session.plan)
    both = window.findChildren(QPushButton, "saveWithout")
    assert [button.isVisible() for button in both] == [False] * len(before) + [True]
    click(window, "saveWithout")
    save = named(window, "saveButton", QPushButton)
    qtbot.waitUntil(lambda: settled(window) and save.isEnabled())


def test_the_proposed_name_follows_the_parts_until_one_is_typed(qtbot, window, folder, tmp_path):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    path = named(window, "outputPath", QLineEdit)
    assert path.text() == str(folder / "whole_custom.safetensors")
    choose(window, "precisionModel", "BF16")
    assert path.text() == str(folder / "whole_custom_bf16.safetensors")
    path.selectAll()
    QTest.keyClicks(path, str(tmp_path / "mine.safetensors"))
    choose(window, "precisionModel", "Keep (F16)")
    assert Path(path.text()) == tmp_path / "mine.safetensors"
    wait_for_plan(qtbot, window)


@pytest.mark.parametrize("family", ["Stable Diffusion XL", "Flux.1 dev"])
def test_a_family_with_other_tensors_cannot_be_chosen_and_says_why(qtbot, window, parts, family):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    box = named(window, "targetArchitecture", QComboBox)
    item = box.model().index(box.findText(family), 0)
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert "not those of Stable Diffusion 1.5" in item.data(Qt.ItemDataRole.ToolTipRole)
    possible = box.model().index(box.findText("Stable Diffusion 1.5"), 0)
    assert possible.flags() & Qt.ItemFlag.ItemIsEnabled


def test_a_family_that_does_not_fit_another_model_is_told_in_the_plan(qtbot, window, parts, folder):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    choose(window, "targetArchitecture", "Stable Diffusion 1.5")
    drop(named(window, "sourceModel"), folder / "xl_unet.safetensors")
    qtbot.waitUntil(lambda: settled(window) and window.session.recognised == "sdxl")
    assert any("cannot be saved as" in line for line in window.assemble.plan_view.sentences)
    assert not named(window, "saveButton").isEnabled()
    assert named(window, "targetArchitecture", QComboBox).currentText() == "Stable Diffusion 1.5"
