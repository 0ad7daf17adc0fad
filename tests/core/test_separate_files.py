"""The parts of a checkpoint as files of their own: sources, names, folders, what is respected."""

from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.assembly.ema import ema_name
from ckpt_studio.core.assembly.separate_files import folder_of, separate_files, together
from ckpt_studio.core.assembly.single_file import extract
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.recipe import Assemble, Layout, Output, Precision
from tests.models import encoder, opened, unet, vae
from tests.planning import recipe_of, sources

ROOT = Path("/comfy/models")


def separated(files, taken=(), names=None, **changes):
    output = Output(path=ROOT, layout=Layout.PARTS, names=names or {})
    recipe = replace(recipe_of(files, **changes), output=output)
    by_path = {file.checkpoint.path: file for file in files.values()}
    found = separate_files(recipe, by_path, lambda path: path in taken)
    return found, by_path


def names(found):
    return {item.part: item.file for item in found.files}


def plan_of(found, by_path, part):
    item = next(each for each in found.files if each.part == part)
    return extract(item.recipe, by_path[item.source])


def test_each_part_goes_where_comfyui_looks_for_it():
    files = sources("sdxl")
    found, _ = separated(files, precision={"te": Precision.BF16, "vae": Precision.FP32})
    assert names(found) == {
        "unet": "diffusion_models/unet_fp16.safetensors",
        "clip_l": "text_encoders/clip_l_bf16.safetensors",
        "clip_g": "text_encoders/clip_g_bf16.safetensors",
        "vae": "vae/vae_fp32.safetensors",
    }
    assert folder_of("clip_vision") == "clip_vision"
    assert found.problems == ()


def test_a_part_of_a_whole_checkpoint_is_named_after_it_and_the_part():
    table = {
        **unet("sd15", prefix="model.diffusion_model."),
        **{f"first_stage_model.{key}": row for key, row in vae("sd15", "F32").items()},
        **{f"cond_stage_model.transformer.{key}": row for key, row in encoder("clip_l").items()},
    }
    base = opened(table, "photon_v1_fp16.safetensors")
    found, _ = separated({"base": base})
    assert names(found)["vae"] == "vae/photon_v1_vae_fp32.safetensors"
    assert names(found)["clip_l"] == "text_encoders/photon_v1_clip_l_fp16.safetensors"


def test_parts_from_several_sources_are_each_taken_from_their_own():
    files = sources("sd15")
    found, by_path = separated(files)
    for item in found.files:
        assert item.source.name == f"{item.part}.safetensors"
        assert {part.part for part in plan_of(found, by_path, item.part).parts} == {item.part}


def test_no_name_that_is_taken_is_proposed():
    taken = {ROOT / "vae/vae_fp16.safetensors", ROOT / "vae/vae_fp16_2.safetensors"}
    found, _ = separated(sources("sd15"), taken)
    assert names(found)["vae"] == "vae/vae_fp16_3.safetensors"


def test_a_name_of_the_user_stands_and_an_empty_one_leaves_the_part_out():
    found, _ = separated(sources("sd15"), names={"vae": "vae/mine.safetensors", "clip_l": ""})
    by_part = {item.part: item for item in found.files}
    assert by_part["vae"].recipe.output.path == ROOT / "vae/mine.safetensors"
    assert by_part["clip_l"].recipe is None
    assert by_part["clip_l"].proposed == "text_encoders/clip_l_fp16.safetensors"


@pytest.mark.parametrize("name", ["../vae.safetensors", "/vae.safetensors", "a/../../b", r"C:\v"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name):
    with pytest.raises(PlanError, match="leads out"):
        separated(sources("sd15"), names={"vae": name})


def test_averaged_weights_and_the_prediction_go_with_the_model():
    table = unet("sdxl", prefix="model.diffusion_model.")
    averaged = {ema_name(key): ("F32", shape) for key, (_, shape) in table.items()}
    files = sources("sdxl", unet={**table, **averaged})
    found, by_path = separated(files, ema=True, prediction="v", target=None)
    plan = plan_of(found, by_path, "unet")
    assert {part.part: dict(part.dtype_before) for part in plan.parts}["unet"].keys() == {"F32"}
    assert "v_pred" in {row.name for row in plan.tensors}
    assert names(found)["unet"] == "diffusion_models/unet_fp32.safetensors"
    assert not plan_of(found, by_path, "vae").added


def test_text_encoders_and_a_vae_need_no_model():
    files = {name: file for name, file in sources("sdxl").items() if name != "unet"}
    found, _ = separated(files)
    assert list(names(found)) == ["clip_l", "clip_g", "vae"]
    with pytest.raises(PlanError, match="Nothing was chosen"):
        separate_files(Assemble(), {}, lambda _: False)


def test_a_file_that_does_not_fit_the_model_is_an_error():
    files = sources("sd15", clip_g=encoder("clip_g"))
    found, _ = separated(files)
    assert [problem.severity for problem in found.problems] == ["error"]
    assert "clip_g" not in names(found)


def test_one_plan_shows_what_all_of_them_write():
    found, by_path = separated(sources("sd15"))
    plans = [extract(item.recipe, by_path[item.source]) for item in found.files]
    whole = together(found, plans, ROOT, ())
    assert whole.data_bytes == sum(plan.data_bytes for plan in plans)
    assert [part.part for part in whole.parts] == ["unet", "clip_l", "vae"]
    assert {row.file for row in whole.tensors} == set(names(found).values())


def test_the_folder_of_one_kind_is_no_place_for_all_of_them():
    files = sources("sd15")
    output = Output(path=ROOT / "checkpoints", layout=Layout.PARTS)
    by_path = {file.checkpoint.path: file for file in files.values()}
    found = separate_files(replace(recipe_of(files), output=output), by_path, lambda _: False)
    assert [(each.code, each.hint) for each in found.problems] == [
        ("wrong-level", f"Choose {ROOT}.")
    ]
