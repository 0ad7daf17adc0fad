"""Two models become one: dropped, mixed, looked at and saved, as a person does it."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QSlider

from ckpt_studio.app.main_window import MERGE
from ckpt_studio.core.recipe import Precision
from tests.gui.acting import choose, drop, named
from tests.gui.merging import (
    planned,
    press,
    recipe,
    said,
    save,
    show,
    small_lora,
    tiny,
    type_in,
    values_of,
    wait,
)


def two(folder):
    return tiny(folder / "one.safetensors", 1.0), tiny(folder / "two.safetensors", 2.0)


def test_two_dropped_models_are_merged_into_a_file(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    assert [path.name for path in window.merging.choices.draft.chosen] == [
        "one.safetensors",
        "two.safetensors",
    ]
    type_in(window, "mergeNumberAlpha", "0.25")
    planned(qtbot, window)
    assert any("8 merged" in line for line in named(window, "mergePlan").sentences)
    output = tmp_path / "one_two_merge.safetensors"
    assert recipe(window).output.path == output
    save(qtbot, window)
    assert set(values_of(output).values()) == {1.25}
    assert window.session.empty  # nothing went into the recipe of Assemble
    assert recipe(window).output.path == tmp_path / "one_two_merge_2.safetensors"


def test_a_window_without_models_says_what_to_do(qtbot, window):
    show(qtbot, window)
    button = named(window, "mergeSaveButton")
    assert not button.isEnabled()
    assert button.toolTip() == "Choose model A and B first."
    assert "headers" in named(window, "mergePlan").sentences[0]


def test_the_slider_says_in_words_how_much_there_is_of_each(qtbot, window, tmp_path):
    panel = show(qtbot, window, *two(tmp_path))
    slider = named(panel, "mergeSliderAlpha", QSlider)
    slider.setFocus()
    for _ in range(4):
        QTest.keyClick(slider, Qt.Key.Key_Left)
    assert recipe(window).parameters == {"alpha": 0.3}
    texts = {each.text() for each in panel.numbers.findChildren(QLabel)}
    assert {"70 % A one", "30 % B two"} <= texts
    assert named(window, "mergeNumberAlpha").text() == "0.3"
    window.actions_.undo.trigger()
    assert recipe(window).parameters == {}
    assert "50 % A one" in {each.text() for each in panel.numbers.findChildren(QLabel)}
    wait(qtbot, window)


def test_several_values_make_several_files_in_one_pass(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    type_in(window, "mergeNumberAlpha", "0.25, 0.5")
    planned(qtbot, window)
    stem = "one_two_merge"
    files = f"2 files: {stem}_0.25.safetensors and {stem}_0.5.safetensors"
    assert said(window, "mergeSeveral") == files
    save(qtbot, window)
    assert set(values_of(tmp_path / f"{stem}_0.25.safetensors").values()) == {1.25}
    assert set(values_of(tmp_path / f"{stem}_0.5.safetensors").values()) == {1.5}
    assert len(window.jobs.records) == 1


def test_what_is_no_number_is_said_and_the_ratio_stays(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    type_in(window, "mergeNumberAlpha", "0.3x")
    assert named(window, "mergeNumberWrong").isVisible()
    assert "not a number" in said(window, "mergeNumberWrong")
    assert recipe(window).parameters == {"alpha": 0.3}
    wait(qtbot, window)


def test_a_method_with_an_ancestor_asks_for_it(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    choose(window, "mergeMethod", "Add difference")
    assert "A + α·(B − C)" in named(window, "mergeFormula").full_text
    texts = {each.text() for each in named(window, "mergePanel").numbers.findChildren(QLabel)}
    assert {"only A", "A and all that B learned"} <= texts
    assert named(window, "mergeModelC").accessibleDescription() == "common ancestor"
    wait(qtbot, window)
    assert not named(window, "mergeSaveButton").isEnabled()
    drop(named(window, "mergeModelC"), tiny(tmp_path / "base.safetensors", 0.5))
    planned(qtbot, window)
    type_in(window, "mergeNumberAlpha", "1")
    planned(qtbot, window)
    save(qtbot, window)
    assert set(values_of(tmp_path / "one_two_base_merge.safetensors").values()) == {2.5}


def test_a_method_for_any_number_of_models_grows_with_them(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    choose(window, "mergeMethod", "Average")
    drop(named(window, "mergeDropZone"), tiny(tmp_path / "three.safetensors", 3.0))
    planned(qtbot, window)
    assert named(window, "mergeModelD").isVisible()
    type_in(window, "mergeNumberWeight3", "2")
    planned(qtbot, window)
    save(qtbot, window)
    output = tmp_path / "one_two_three_merge.safetensors"
    assert set(values_of(output).values()) == {2.25}


def test_a_method_that_draws_lots_has_a_seed(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    assert not named(window, "mergeSeed").isVisible()
    choose(window, "mergeMethod", "DARE")
    drop(named(window, "mergeModelD"), tiny(tmp_path / "base.safetensors", 0.5))
    planned(qtbot, window)
    named(window, "mergeSeed").setValue(7)
    plan = planned(qtbot, window)
    assert recipe(window).seed == 7
    assert {dict(row.expr.parameters)["seed"] for row in plan.tensors} == {7.0}


def test_a_model_is_chosen_from_the_open_ones_cleared_and_comes_back(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    press(window, "mergeClearA")
    assert named(window, "mergeSaveButton").toolTip() == "Choose model A first."
    window.actions_.undo.trigger()
    planned(qtbot, window)
    box = named(window, "mergeFileA", QComboBox)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    draft = window.merging.choices.draft
    assert [path.name for path in draft.chosen] == ["two.safetensors"] * 2
    wait(qtbot, window)


def test_models_of_two_families_are_refused_with_why(qtbot, window, folder):
    show(qtbot, window, folder / "unet.safetensors", folder / "xl_unet.safetensors")
    wait(qtbot, window)
    (line, *_) = named(window, "mergePlan").sentences
    assert "Stable Diffusion XL" in line
    assert not named(window, "mergeSaveButton").isEnabled()


def test_a_file_in_use_is_not_closed(qtbot, window, tmp_path):
    show(qtbot, window, *two(tmp_path))
    window.session.show_document(window.session.documents[0])
    window.actions_.close_file.trigger()
    assert len(window.session.documents) == 2
    assert window.banner.isVisible()


def test_parts_and_precision(qtbot, window, folder):
    show(qtbot, window, folder / "whole.safetensors", folder / "whole.safetensors")
    drop(named(window, "mergeModelB"), folder / "whole.safetensors")
    plan = planned(qtbot, window)
    assert plan.coverage.copied == 248  # the VAE of A
    choose(window, "mergeTextEncoders", "Merge in their own ratio")
    named(window, "mergeEncoderValue").setValue(0.2)
    assert recipe(window).part_values == {"te": {"alpha": 0.2}}
    choose(window, "mergeTextEncoders", "Take those of B")
    assert recipe(window).parts == {"te": "b"}
    assert recipe(window).part_values == {}
    choose(window, "mergePrecision", "BF16")
    assert recipe(window).precision == {"unet": Precision.BF16, "te": Precision.BF16}
    press(window, "mergeWriteRecipe")
    assert not recipe(window).metadata.recipe
    drop(window, folder / "small_vae.safetensors")
    plan = planned(qtbot, window)
    assert recipe(window).vae.name == "small_vae.safetensors"
    assert plan.coverage.taken > 248
    choose(window, "mergeVae", "Take that of B")
    assert (recipe(window).vae, recipe(window).parts["vae"]) == (None, "b")
    for _ in range(20):
        window.actions_.undo.trigger()
    assert window.merging.choices.draft.empty
    wait(qtbot, window)


def test_a_vae_is_browsed_for(qtbot, window, folder, monkeypatch):
    show(qtbot, window)
    path = folder / "vae.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], ""))
    choose(window, "mergeVae", "Bake in another file")
    qtbot.waitUntil(lambda: recipe(window).vae == path)
    assert named(window, "mergeModelVae").isVisible()
    window.actions_.undo.trigger()
    assert recipe(window).vae is None
    wait(qtbot, window)


def test_a_lora_is_baked_into_one_model(qtbot, window, folder, tmp_path, monkeypatch):
    show(qtbot, window)
    choose(window, "mergeMethod", "No interpolation")
    assert not named(window, "mergePanel").numbers.isVisible()  # there is nothing to choose
    drop(named(window, "mergeModelA"), folder / "unet.safetensors")
    wait(qtbot, window)
    lora = small_lora(tmp_path / "style.safetensors")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(lora)], ""))
    press(window, "mergeAddLora")
    qtbot.waitUntil(lambda: bool(recipe(window).loras))
    named(window, "mergeLoraStrength0").setValue(0.75)
    (used,) = recipe(window).loras
    assert (used.strength, used.te_strength) == (0.75, None)
    named(window, "mergeLoraEncoders0").setValue(0.5)
    assert recipe(window).loras[0].te_strength == 0.5
    planned(qtbot, window)
    reach = named(window, "mergeLoraReach0").full_text
    assert reach.endswith("touches 1 of 686 tensors, 1 unmatched")
    assert named(window, "mergeLoraShow0").isVisible()
    assert named(window, "mergeSaveButton").isEnabled()
    press(window, "mergeLoraRemove0")
    assert recipe(window).loras == ()
    wait(qtbot, window)


def test_a_dropped_lora_finds_its_place(qtbot, window, folder, tmp_path):
    assert window.actions_.panels[MERGE].shortcut().toString() == "Ctrl+5"
    show(qtbot, window)
    drop(window, small_lora(tmp_path / "style.safetensors"), *two(tmp_path))
    wait(qtbot, window)
    draft = window.merging.choices.draft
    assert [path.name for path in draft.chosen] == ["one.safetensors", "two.safetensors"]
    assert [lora.path.name for lora in draft.recipe.loras] == ["style.safetensors"]
    assert "reaches no tensor" in named(window, "mergePlan").sentences[0]
