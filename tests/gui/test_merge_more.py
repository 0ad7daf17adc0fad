"""Rules by name, the look of the pictures, training leftovers, and LoRAs block by block."""

import pytest
from PySide6.QtWidgets import QAbstractSpinBox, QFileDialog, QLabel, QMenu

from ckpt_studio.core.recipe import NameRule
from tests.gui.acting import choose, drop, named
from tests.gui.merging import (
    START,
    bake,
    planned,
    press,
    recipe,
    said,
    save,
    show,
    tiny,
    type_in,
    values_of,
    wait,
)


@pytest.fixture
def more(qtbot, window, tmp_path):
    """A window with two tiny models and the section open."""
    show(
        qtbot,
        window,
        tiny(tmp_path / "one.safetensors", 1.0),
        tiny(tmp_path / "two.safetensors", 2.0),
    )
    press(window, "mergeMore")
    yield window
    wait(qtbot, window)


def summary(window):
    return named(window, "mergeMoreSummary").full_text


def test_a_rule_gives_tensors_another_value(qtbot, more, tmp_path):
    press(more, "mergeAddRule")
    assert recipe(more).rules == (NameRule("", {"alpha": 0.5}),)
    plan = planned(qtbot, more)  # a rule without a pattern is not finished
    assert {dict(row.expr.parameters)["alpha"] for row in plan.tensors} == {0.5}
    assert summary(more) == ""
    type_in(more, "mergeRulePattern0", "output_blocks")
    named(more, "mergeRuleValue0").setValue(1)
    assert recipe(more).rules == (NameRule("output_blocks", {"alpha": 1.0}),)
    assert named(more, "mergeRuleFound0").full_text == "matches 3 tensors"
    assert summary(more) == "1 rule"
    planned(qtbot, more)
    save(qtbot, more)
    values = values_of(tmp_path / "one_two_merge.safetensors")
    assert values["output_blocks.1.0"] == 2.0
    assert values["input_blocks.1.0"] == 1.5


def test_rules_are_removed_and_come_back(qtbot, more):
    for place, pattern in enumerate(("input", "output")):
        press(more, "mergeAddRule")
        type_in(more, f"mergeRulePattern{place}", pattern)
    press(more, "mergeRuleRemove0")
    assert [rule.pattern for rule in recipe(more).rules] == ["output"]
    assert summary(more) == "1 rule"
    more.actions_.undo.trigger()
    assert [rule.pattern for rule in recipe(more).rules] == ["input", "output"]
    wait(qtbot, more)


def test_rules_for_numbers_of_another_method_wait_for_it(qtbot, more):
    press(more, "mergeAddRule")
    type_in(more, "mergeRulePattern0", "input")
    choose(more, "mergeMethod", "Triple sum")
    choose(more, "mergeRuleParameter0", "β")
    named(more, "mergeRuleValue0").setValue(0.25)
    assert recipe(more).rules == (NameRule("input", {"beta": 0.25}),)
    choose(more, "mergeMethod", "Weighted sum")  # which has no such number
    assert summary(more) == ""
    planned(qtbot, more)
    choose(more, "mergeMethod", "Triple sum")
    assert summary(more) == "1 rule"
    wait(qtbot, more)


def test_a_rule_that_matches_nothing_says_so(qtbot, more):
    press(more, "mergeAddRule")
    type_in(more, "mergeRulePattern0", "nowhere*")
    assert named(more, "mergeRuleFound0").full_text == "matches no tensor that is merged"
    wait(qtbot, more)


def test_the_look_of_a_family_that_has_the_layers_is_adjusted(qtbot, window, folder):
    show(qtbot, window, folder / "unet.safetensors", folder / "whole.safetensors")
    press(window, "mergeMore")
    named(window, "mergeAdjustCONT").setValue(3)
    named(window, "mergeAdjustIN").setValue(-1.5)
    assert recipe(window).adjust == (-1.5, 0, 0, 3, 0, 0, 0, 0)
    assert summary(window) == "detail, first layer −1.5, contrast +3"
    plan = planned(qtbot, window)
    changed = {row.name for row in plan.tensors if row.expr.dtype.label == "F32"}
    assert not changed  # rounded to the precision of A
    press(window, "mergeAdjustReset")
    assert recipe(window).adjust == ()
    assert named(window, "mergeAdjustCONT").value() == 0
    wait(qtbot, window)


def test_the_look_of_another_family_cannot_be_adjusted(more):
    look = named(more, "mergeLook")
    assert not look.isEnabled()
    assert look.toolTip() == "Only Stable Diffusion 1, 2 and XL have the layers for this."


def test_training_leftovers_are_left_out(qtbot, window, tmp_path):
    keys = (f"{START}input_blocks.0.0.weight", "model_ema.diffusion_modelinput_blocks00weight")
    one = tiny(tmp_path / "one.safetensors", 1.0, keys)
    show(qtbot, window, one, tiny(tmp_path / "two.safetensors", 2.0, keys))
    assert len(planned(qtbot, window).tensors) == 2
    press(window, "mergeMore")
    press(window, "mergePrune")
    assert len(planned(qtbot, window).tensors) == 1
    assert summary(window) == "without training leftovers"


def test_what_is_set_is_said_while_the_section_is_closed(more):
    press(more, "mergePrune")
    press(more, "mergeMore")
    assert not named(more, "mergePrune").isVisible()
    assert summary(more) == "without training leftovers"
    more.actions_.undo.trigger()
    assert summary(more) == ""


def test_the_ratio_counts_for_nothing_while_all_lies_in_blocks(qtbot, more):
    assert named(more, "mergeSliderAlpha").isEnabled()
    press(more, "mergeByBlockAlpha")
    assert not named(more, "mergeSliderAlpha").isEnabled()
    assert not named(more, "mergeNumberAlpha").isEnabled()
    press(more, "mergeByBlockAlpha")
    assert named(more, "mergeNumberAlpha").isEnabled()
    wait(qtbot, more)


def test_the_ratio_counts_for_what_lies_outside_of_the_blocks(qtbot, window, folder):
    show(qtbot, window, folder / "whole.safetensors")
    drop(named(window, "mergeModelB"), folder / "whole.safetensors")
    planned(qtbot, window)
    choose(window, "mergeTextEncoders", "Merge in their own ratio")
    own = named(window, "mergeEncoderValue", QAbstractSpinBox)
    assert own.isEnabled()
    press(window, "mergeByBlockAlpha")
    assert not own.isEnabled()  # BASE is for the text encoders
    assert "Blocks have values of their own" in own.toolTip()
    choose(window, "mergePartition", "ComfyUI's sliders, 30 blocks")
    assert own.isEnabled()
    assert not named(window, "mergeNumberAlpha").isEnabled()
    choose(window, "mergeTextEncoders", "Merge like the model")
    texts = {each.text() for each in named(window, "mergePanel").numbers.findChildren(QLabel)}
    assert "for CLIP-L alone" in texts
    assert named(window, "mergeNumberAlpha").isEnabled()
    wait(qtbot, window)


@pytest.fixture
def loras(qtbot, window, tmp_path, monkeypatch):
    """A window with a tiny model and two LoRAs for it, each with one module in a block."""
    show(qtbot, window)
    choose(window, "mergeMethod", "No interpolation")
    drop(named(window, "mergeModelA"), tiny(tmp_path / "one.safetensors", 1.0))
    wait(qtbot, window)
    found = [bake(tmp_path / f"{name}.safetensors") for name in ("first", "second")]
    names = [str(path) for path in found]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (names, ""))
    press(window, "mergeAddLora")
    qtbot.waitUntil(lambda: len(recipe(window).loras) == 2, timeout=15_000)
    planned(qtbot, window)
    yield window
    wait(qtbot, window)


def test_loras_of_a_model_that_nobody_knows_are_baked_in(qtbot, loras, tmp_path):
    named(loras, "mergeLoraStrength1").setValue(0.5)
    assert "touches 2 of 8 tensors" in named(loras, "mergeLoraReach0").full_text
    planned(qtbot, loras)
    save(qtbot, loras)
    values = values_of(tmp_path / "one_merge.safetensors")
    assert values["input_blocks.1.0"] == 2.5
    assert values["output_blocks.0.0"] == 2.5
    assert values["middle_block.0"] == 1.0


def test_a_lora_has_a_factor_in_each_block(qtbot, loras, tmp_path):
    assert not named(loras, "mergeLoraBlocks0").isVisible()
    press(loras, "mergeLoraRemove1")
    press(loras, "mergeLoraByBlock0")
    assert recipe(loras).loras[0].blocks == (1.0,) * 8
    type_in(loras, "mergeLoraBlocks0", "1,1,0,1,1,0.25,1")  # without BASE
    assert recipe(loras).loras[0].blocks == (1, 1, 1, 0, 1, 1, 0.25, 1)
    planned(qtbot, loras)
    save(qtbot, loras)
    values = values_of(tmp_path / "one_merge.safetensors")
    assert values["input_blocks.1.0"] == 2.0
    press(loras, "mergeLoraByBlock0")
    assert recipe(loras).loras[0].blocks == ()


def test_factors_come_from_presets_and_wrong_ones_are_refused(loras):
    press(loras, "mergeLoraByBlock0")
    menu = named(loras, "mergeLoraPresetMenu0", QMenu)
    menu.aboutToShow.emit()
    next(each for each in menu.actions() if each.text() == "Only OUT").trigger()
    before = recipe(loras).loras[0].blocks
    assert before == (1, 0, 0, 0, 0, 1, 1, 1)
    assert named(loras, "mergeLoraBlocks0").text() == "1,0,0,0,0,1,1,1"
    type_in(loras, "mergeLoraBlocks0", "1,2")
    assert "2 values; this model has 8 blocks" in said(loras, "mergeLoraWrong0")
    assert recipe(loras).loras[0].blocks == before


def test_a_lora_is_moved_up_and_down(loras):
    assert not named(loras, "mergeLoraUp0").isEnabled()
    press(loras, "mergeLoraUp1")
    assert [each.path.stem for each in recipe(loras).loras] == ["second", "first"]
    press(loras, "mergeLoraDown0")
    assert [each.path.stem for each in recipe(loras).loras] == ["first", "second"]
    assert not named(loras, "mergeLoraDown1").isEnabled()
