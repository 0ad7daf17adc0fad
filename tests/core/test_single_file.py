"""Convert, extract and edit metadata: plans with one source."""

from pathlib import Path

import pytest

from ckpt_studio.core.assembly.single_file import convert, edit_metadata, extract
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import operation
from ckpt_studio.core.metadata import RemoveKeys, SetValue
from ckpt_studio.core.recipe import Convert, EditMetadata, Extract, Precision
from tests.models import encoder, opened, other_spelling, plan_table, unet, vae
from tests.planning import assembled

SOURCE = Path("model.safetensors")


def converted(table, **precision):
    choices = {key.replace("all_", "*"): value for key, value in precision.items()}
    return convert(Convert(SOURCE, precision=choices), opened(table))


def kept_reasons(plan):
    return {name: problem.message for problem in plan.problems for name in problem.names}


def test_converting_keeps_names_and_what_must_not_change():
    table = {
        "a.weight": ("F32", (4, 4)),
        "count": ("I64", (1,)),
        "flag": ("BOOL", (1,)),
        "logit_scale": ("F32", ()),
        "betas": ("F32", (1000,)),
        "layer.weight": ("F8_E4M3", (4, 4)),
        "layer.weight_scale": ("F32", ()),
        "f4": ("F4", (4, 4)),
    }
    plan = converted(table, all_=Precision.FP16)
    after = plan_table(plan)
    assert after.keys() == table.keys()
    assert {name for name in table if after[name][0] != table[name][0]} == {"a.weight"}
    reasons = kept_reasons(plan)
    assert "quantised" in reasons["layer.weight"]
    assert "decode" in reasons["layer.weight_scale"]
    assert "schedule" in reasons["betas"]
    assert "single numbers" in reasons["logit_scale"]
    assert "no weights" in reasons["count"]


def test_plain_fp8_can_be_converted():
    plan = converted({"a.weight": ("F8_E4M3", (4, 4))}, all_=Precision.BF16)
    assert plan_table(plan) == {"a.weight": ("BF16", (4, 4))}


def test_converting_by_part():
    table = plan_table(assembled("sdxl"))
    plan = converted(table, unet=Precision.BF16, te=Precision.FP32)
    after = plan_table(plan)
    assert after["model.diffusion_model.out.2.weight"][0] == "BF16"
    assert after["first_stage_model.quant_conv.weight"][0] == "F16"
    assert after["conditioner.embedders.1.model.ln_final.weight"][0] == "F32"
    assert plan.target == "sdxl"


def test_the_flux_norm_scales_are_weights():
    plan = converted(unet("flux_dev", "BF16"), all_=Precision.FP16)
    assert {dtype for dtype, _ in plan_table(plan).values()} == {"F16"}


@pytest.mark.parametrize(
    ("part", "wanted"),
    [("unet", unet("sdxl")), ("vae", vae("sdxl")), ("clip_l", encoder("clip_l"))],
)
def test_a_part_comes_out_as_its_loaders_read_it(part, wanted):
    table = plan_table(assembled("sdxl"))
    plan = extract(Extract(SOURCE, part), opened(table))
    assert plan_table(plan) == wanted
    assert plan.metadata == {"format": "pt"}
    assert {operation(row.expr) for row in plan.tensors} == {"copy"}


def test_an_openclip_encoder_comes_out_with_hf_names():
    plan = extract(Extract(SOURCE, "clip_g"), opened(plan_table(assembled("sdxl"))))
    names = plan_table(plan).keys()
    assert "text_model.encoder.layers.31.self_attn.k_proj.weight" in names
    assert plan_table(plan)["text_projection.weight"] == ("F16", (1280, 1280))
    assert not plan.computes


def test_a_diffusers_vae_comes_out_in_the_original_names():
    plan = extract(Extract(SOURCE, "vae"), opened(other_spelling("vae_kl4")))
    assert plan_table(plan) == vae("sdxl")


def test_a_v_prediction_unet_keeps_its_markers_beside_its_keys():
    table = plan_table(assembled("sdxl_vpred_zsnr"))
    plan = extract(Extract(SOURCE, "unet"), opened(table))
    assert {"v_pred", "ztsnr", "out.2.weight"} <= plan_table(plan).keys()


def test_extract_in_another_precision():
    table = plan_table(assembled("sd15"))
    plan = extract(Extract(SOURCE, "vae", precision={"*": Precision.FP32}), opened(table))
    assert {dtype for dtype, _ in plan_table(plan).values()} == {"F32"}


def test_a_part_that_is_not_there():
    with pytest.raises(PlanError, match=r"holds no T5-XXL\."):
        extract(Extract(SOURCE, "t5xxl"), opened(vae("sdxl")))


def test_editing_metadata_keeps_every_tensor_in_its_place():
    table = {"b": ("U8", (3,)), "a": ("F32", (2,)), "c": ("F16", (5,))}
    edits = (SetValue("title", "New"), RemoveKeys(frozenset({"old"})))
    plan = edit_metadata(EditMetadata(SOURCE, edits), opened(table, metadata={"old": "1"}))
    assert list(plan_table(plan)) == ["b", "a", "c"]
    assert plan.metadata == {"title": "New"}
    assert {operation(row.expr) for row in plan.tensors} == {"copy"}


def tidied(table, **changes):
    return convert(Convert(SOURCE, **changes), opened(table))


TRAINED = {
    "model.diffusion_model.x.weight": ("F32", (2, 2)),
    "model_ema.diffusion_modelxweight": ("F32", (2, 2)),
    "betas": ("F32", (1000,)),
    "text_model.embeddings.position_ids": ("F16", (1, 77)),
    "odd.position_ids": ("I64", (3, 4)),
}


def test_what_training_left_is_left_out_when_asked():
    assert plan_table(tidied(TRAINED)).keys() == TRAINED.keys()
    plan = tidied(TRAINED, prune=True)
    gone = {"model_ema.diffusion_modelxweight", "betas"}
    assert plan_table(plan).keys() == TRAINED.keys() - gone
    assert {drop.name for drop in plan.dropped} == gone
    assert "EMA" in plan.dropped[0].reason


def test_tensors_are_left_out_by_name():
    plan = tidied(TRAINED, drop=("betas",), precision={"*": Precision.FP16})
    assert plan_table(plan).keys() == TRAINED.keys() - {"betas"}
    assert [(drop.name, drop.reason) for drop in plan.dropped] == [("betas", "it was named")]
    assert not plan.errors
    (problem,) = tidied(TRAINED, drop=("beta", "x")).errors
    assert problem.names == ("beta", "x")
    assert "has no tensor of the names “beta” and “x”" in problem.message
    (problem,) = tidied(TRAINED, drop=tuple(TRAINED)).errors
    assert problem.code == "nothing-left"


def test_position_numbers_are_written_anew():
    plan = tidied(TRAINED, fix_position_ids=True)
    rows = {row.name: row for row in plan.tensors}
    fixed = rows["text_model.embeddings.position_ids"]
    assert (fixed.dtype.label, fixed.shape) == ("I64", (1, 77))
    assert list(memoryview(fixed.expr.data).cast("q")) == list(range(77))
    assert operation(rows["odd.position_ids"].expr) == "copy"
