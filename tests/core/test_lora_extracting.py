"""The plan of an extracted LoRA: names that programs read, ranks, and what is left out."""

import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.lora.extracting import extract_lora
from ckpt_studio.core.lora.matching import match
from ckpt_studio.core.lora.reading import modules_of, unknown_in
from ckpt_studio.core.lora.recipes import ExtractLora
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.tensors import DType
from tests.models import checkpoint, encoder, opened, plan_table, unet


def whole(family, *encoders):
    table = unet(family, prefix="model.diffusion_model.")
    for name in encoders:
        start = f"text_encoders.{name}.transformer."
        table |= {
            start + key: value for key, value in encoder(name).items() if key != "logit_scale"
        }
        table |= {f"text_encoders.{name}.logit_scale": ("F32", ())}
    return table


def planned(a, b=None, **choices):
    files = [opened(a, "a.safetensors"), opened(b or a, "b.safetensors")]
    recipe = ExtractLora(*(file.checkpoint.path for file in files), **choices)
    return extract_lora(recipe, {file.checkpoint.path: file for file in files})


@pytest.mark.parametrize(
    ("family", "encoders", "name"),
    [
        (
            "sd15",
            ("clip_l",),
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
        ),
        ("sd15", ("clip_l",), "lora_te_text_model_encoder_layers_0_mlp_fc1"),
        (
            "sdxl",
            ("clip_l", "clip_g"),
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q",
        ),
        ("sdxl", ("clip_l", "clip_g"), "lora_te2_text_model_encoder_layers_31_self_attn_q_proj"),
        ("flux_dev", ("clip_l", "t5xxl"), "lora_unet_double_blocks_0_img_attn_qkv"),
        ("flux_dev", ("clip_l", "t5xxl"), "lora_te3_encoder_block_0_layer_0_SelfAttention_q"),
        ("z_image", (), "diffusion_model.layers.0.attention.qkv"),
        ("wan21_1.3b_t2v", (), "diffusion_model.blocks.0.self_attn.q"),
    ],
)
def test_every_weight_has_a_module_that_leads_back_to_it(family, encoders, name):
    table = whole(family, *encoders)
    plan = planned(table)
    lora = checkpoint(plan_table(plan))
    modules = modules_of(lora)
    assert unknown_in(lora) == ()
    assert name in {module.name for module in modules}
    model = opened(table).recognition
    shapes = {
        part.part: {key: expr.shape for key, expr in part.tensors.items()} for part in model.parts
    }
    found = match(modules, shapes, family)
    assert found.unmatched == ()
    keys = [(target.part, target.key) for target, _ in found.targets]
    assert len(set(keys)) == len(modules)
    assert not any(target.rows or target.swapped for target, _ in found.targets)
    wanted = {
        (part, key)
        for part, tensors in shapes.items()
        for key, shape in tensors.items()
        if len(shape) > 1 and key.endswith(".weight")
    }
    skipped = wanted - set(keys)
    assert all("embed" in key or "shared" in key or "_bias" in key for _, key in skipped)
    assert plan.target == family


def test_ranks_are_those_of_the_recipe_and_never_more_than_the_weight_has():
    rows = plan_table(planned(whole("sd15"), rank=64, conv_rank=8))
    assert rows["lora_unet_down_blocks_0_resnets_0_conv1.lora_down.weight"][1] == (8, 320, 3, 3)
    assert rows["lora_unet_down_blocks_0_resnets_0_conv1.lora_up.weight"][1] == (320, 8, 1, 1)
    name = "lora_unet_down_blocks_0_attentions_0_proj_in"
    assert rows[f"{name}.lora_down.weight"][1] == (64, 320, 1, 1)
    assert rows["lora_unet_conv_out.lora_up.weight"][1] == (4, 4, 1, 1)


def test_convolutions_and_text_encoders_can_be_left_out():
    rows = plan_table(planned(whole("sd15", "clip_l"), conv_rank=0, te=False))
    assert not any("conv1" in name or name.startswith("lora_te") for name in rows)
    assert any("proj_in" in name for name in rows)


def test_precision_and_metadata():
    plan = planned(whole("flux_dev"), rank=16, precision=Precision.BF16)
    assert {row.dtype for row in plan.tensors if not row.name.endswith("alpha")} == {DType.BF16}
    assert plan.metadata["ss_network_module"] == "networks.lora_flux"
    assert plan.metadata["ss_base_model_version"] == "flux1"
    assert plan.metadata["ss_network_dim"] == "16"


def test_tensors_of_another_shape_are_left_out_and_named():
    b = whole("sd15")
    b["model.diffusion_model.input_blocks.0.0.weight"] = ("F16", (320, 9, 3, 3))
    plan = planned(whole("sd15"), b)
    (problem,) = plan.problems
    assert problem.names == ("unet.input_blocks.0.0.weight",)
    assert not any("conv_in" in row.name for row in plan.tensors)


def test_other_families_and_quantised_models_are_refused():
    quantised = whole("sd15")
    quantised["model.diffusion_model.out.2.weight_scale"] = ("F32", ())
    with pytest.raises(PlanError, match="is quantised"):
        planned(whole("sd15"), quantised)
    with pytest.raises(PlanError, match="different families"):
        planned(whole("sd15"), whole("flux_dev"))
    with pytest.raises(PlanError, match="rank 0"):
        planned(whole("sd15"), rank=0)
