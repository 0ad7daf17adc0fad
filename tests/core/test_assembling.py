"""A plan says what will be written, the same from whatever the sources are spelled like."""

import pytest

from ckpt_studio.core.assembly.assembling import assemble
from ckpt_studio.core.assembly.ema import ema_name
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Cast, Constant, Transpose, operation, reads
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.plan import file_order, source_names
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.recipe import MetadataChoice, Precision
from ckpt_studio.core.tensors import FILE_RANK
from tests.models import checkpoint, encoder, opened, other_spelling, plan_table, unet, vae
from tests.planning import assembled, recipe_of, sources


def row(plan, name):
    return next(item for item in plan.tensors if item.name == name)


def codes(plan):
    return {problem.code for problem in plan.errors}


def test_every_spelling_gives_the_same_table():
    plain = plan_table(assembled("sdxl"))
    other = assembled(
        "sdxl",
        {
            "unet": other_spelling("sdxl_unet 4"),
            "vae": other_spelling("vae_kl4"),
            "clip_g": other_spelling("openclip 1280 32"),
        },
    )
    assert plan_table(other) == plain
    assert not other.problems


def test_a_whole_checkpoint_gives_itself():
    table = plan_table(assembled("sdxl"))
    whole = opened(table, "whole.safetensors")
    files = {"base": whole}
    plan = assemble(recipe_of(files), {whole.checkpoint.path: whole}, title="x")
    assert plan_table(plan) == table
    ids = "conditioner.embedders.0.transformer.text_model.embeddings.position_ids"
    assert [item.name for item in plan.tensors if operation(item.expr) != "copy"] == [ids]


def test_openclip_is_copied_and_hf_is_joined_without_computing():
    plan = assembled("sdxl")
    name = "conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_weight"
    assert source_names(row(plan, name).expr) == tuple(
        f"text_model.encoder.layers.3.self_attn.{part}_proj.weight" for part in "qkv"
    )
    assert isinstance(row(plan, "conditioner.embedders.1.model.text_projection").expr, Transpose)
    assert not plan.computes
    copied = assembled("sdxl", {"clip_g": other_spelling("openclip 1280 32")})
    assert operation(row(copied, name).expr) == "copy"


def test_rows_are_in_the_order_of_safetensors():
    plan = assembled("sdxl")
    keys = [(FILE_RANK[item.dtype], item.name.encode()) for item in plan.tensors]
    assert keys == sorted(keys)
    assert [file_order(item) for item in plan.tensors] == keys
    assert plan.tensors[0].dtype.label == "I64"


def test_precision_is_chosen_by_part_group_and_for_all():
    plan = assembled(
        "sdxl",
        precision={
            "*": Precision.BF16,
            "te": Precision.FP16,
            "clip_l": Precision.FP32,
            "vae": Precision.KEEP,
        },
        on_overflow="clamp",
    )
    after = {part.part: dict(part.dtype_after) for part in plan.parts}
    assert list(after["unet"]) == ["BF16"]
    assert set(after["clip_g"]) == {"F16", "F32"}
    assert set(after["clip_l"]) == {"F32", "I64"}
    assert list(after["vae"]) == ["F16"]
    assert plan.computes
    assert plan.on_overflow == "clamp"


def test_logit_scale_and_position_ids_are_never_converted():
    plan = assembled("sdxl", precision={"*": Precision.FP8_E4M3FN})
    assert row(plan, "conditioner.embedders.1.model.logit_scale").dtype.label == "F32"
    ids = "conditioner.embedders.0.transformer.text_model.embeddings.position_ids"
    assert row(plan, ids).dtype.label == "I64"


def test_float_position_ids_are_written_as_whole_numbers():
    clip = encoder("clip_l") | {"text_model.embeddings.position_ids": ("F16", (1, 77))}
    plan = assembled("sdxl", {"clip_l": clip})
    ids = row(plan, "conditioner.embedders.0.transformer.text_model.embeddings.position_ids")
    assert isinstance(ids.expr, Constant)
    assert ids.expr.data[:16] == bytes(8) + b"\1" + bytes(7)
    assert not plan.errors


def test_a_missing_projection_is_the_identity():
    plan = assembled("flux_dev")
    made = row(plan, "text_encoders.clip_l.transformer.text_projection.weight")
    assert made.name in plan.added
    assert made.dtype.label == "F16"
    assert made.expr.data[:4] == b"\x00\x3c\x00\x00"
    own = assembled(
        "flux_dev", {"clip_l": encoder("clip_l") | {"text_projection.weight": ("F16", (768, 768))}}
    )
    assert reads(row(own, made.name).expr)


def test_a_bare_projection_is_transposed():
    clip = encoder("clip_l") | {"text_projection": ("F16", (768, 768))}
    plan = assembled("flux_dev", {"clip_l": clip})
    name = "text_encoders.clip_l.transformer.text_projection.weight"
    assert isinstance(row(plan, name).expr, Transpose)


def test_encoders_without_text_model_in_their_names():
    bare = {key.removeprefix("text_model."): value for key, value in encoder("clip_l").items()}
    assert plan_table(assembled("sd15", {"clip_l": bare})) == plan_table(assembled("sd15"))


def test_markers_come_from_the_source_or_are_made():
    from_file = assembled(
        "sdxl_vpred", {"unet": unet("sdxl") | {"v_pred": ("F32", (0,))}}, target=None
    )
    assert from_file.target == "sdxl_vpred"
    assert reads(row(from_file, "v_pred").expr)
    chosen = assembled("sdxl", target=None, prediction="v-zsnr")
    assert chosen.target == "sdxl_vpred_zsnr"
    assert {"v_pred", "ztsnr"} <= set(chosen.added)
    assert chosen.metadata["modelspec.predict_key"] == "v"


def test_the_sigmas_of_an_edm_model_are_its_own():
    table = unet("sdxl") | {
        "edm_vpred.sigma_max": ("F32", ()),
        "edm_vpred.sigma_min": ("F32", ()),
    }
    plan = assembled("sdxl", {"unet": table}, target=None)
    assert plan.target == "sdxl_edm_vpred"
    assert reads(row(plan, "edm_vpred.sigma_max").expr)
    assert "modelspec.predict_key" not in plan.metadata


def test_an_impossible_prediction_or_target_is_refused():
    with pytest.raises(PlanError, match="prediction"):
        assembled("flux_dev", prediction="epsilon")
    with pytest.raises(PlanError, match="Stable Diffusion XL"):
        assembled("sdxl", target="sd15")
    with pytest.raises(PlanError, match="no model family"):
        assembled("sdxl", target="sdxxl")


def test_without_a_diffusion_model_there_is_no_plan():
    with pytest.raises(PlanError, match="No diffusion model was chosen"):
        assembled("sdxl", {"unet": None}, target=None)
    with pytest.raises(PlanError, match="it holds a VAE"):
        assembled("sdxl", {"unet": vae("sdxl")}, target=None)


def test_an_encoder_that_does_not_fit_says_why():
    plan = assembled("flux_dev", {"clip_g": encoder("clip_g")})
    problem = plan.errors[0]
    assert problem.code == "wrong-part:clip_g"
    assert problem.message == "clip_g.safetensors holds CLIP-G, which does not fit Flux.1 dev."
    assert "Flux.1 dev takes CLIP-L and T5-XXL" in problem.hint


def test_the_same_encoder_twice_is_refused():
    files = sources("sd15", other=encoder("clip_l"))
    by_path = {file.checkpoint.path: file for file in files.values()}
    assert codes(assemble(recipe_of(files), by_path, title="")) == {"twice:clip_l"}


def test_a_vae_of_another_family_is_refused():
    plan = assembled("flux_dev", {"vae": vae("sdxl")})
    assert plan.errors[0].code == "wrong-part:vae"
    assert "16 channels" in plan.errors[0].hint


def test_an_absent_part_stops_the_job_unless_it_is_allowed():
    plan = assembled("sdxl", {"vae": None})
    assert codes(plan) == {"missing-part:vae"}
    assert len(plan.missing) == 248
    assert "first_stage_model.decoder.conv_in.weight" in plan.missing
    allowed = assembled("sdxl", {"vae": None}, allow_missing=True)
    assert not allowed.errors
    assert {p.code for p in allowed.problems} == {"missing-part:vae"}


def test_sd3_works_without_t5():
    plan = assembled("sd3_medium", {"t5xxl": None})
    assert not plan.errors
    assert plan.problems[0].severity is Severity.NOTE


def test_missing_and_misshapen_tensors_stop_the_job():
    table = unet("sdxl")
    del table["input_blocks.5.0.in_layers.2.weight"]
    table["out.0.weight"] = ("F16", (321,))
    plan = assembled("sdxl", {"unet": table})
    assert codes(plan) == {"incomplete:unet", "wrong-shape:unet"}
    assert plan.missing == ("model.diffusion_model.input_blocks.5.0.in_layers.2.weight",)
    assert "[321], not [320]" in plan.errors[1].message


def test_a_gap_in_the_blocks_of_a_flux_model_is_found():
    table = {k: v for k, v in unet("flux_dev").items() if not k.startswith("double_blocks.5.")}
    assert codes(assembled("flux_dev", {"unet": table})) == {"incomplete:unet"}


def test_a_flux_model_with_fewer_blocks_is_taken_as_it_is():
    table = {k: v for k, v in unet("flux_dev").items() if not k.startswith("double_blocks.18.")}
    plan = assembled("flux_dev", {"unet": table})
    assert not plan.errors
    assert len(plan.tensors) == 1442 - 24


def test_what_training_left_behind_is_dropped_and_named():
    table = unet("sd15", prefix="model.diffusion_model.") | {
        "model_ema.diffusion_modelout0weight": ("F32", (320,)),
        "betas": ("F32", (1000,)),
        "model.diffusion_model.strange.weight": ("F16", (3,)),
    }
    plan = assembled("sd15", {"unet": table})
    reasons = {drop.name: drop.reason for drop in plan.dropped}
    assert "EMA" in reasons["model_ema.diffusion_modelout0weight"]
    assert "schedule" in reasons["betas"]
    assert "no tensor of this name" in reasons["model.diffusion_model.strange.weight"]
    assert not plan.errors
    assert "strange" not in "".join(plan_table(plan))


def test_sd15_checkpoints_hold_no_projection():
    clip = encoder("clip_l") | {"text_projection.weight": ("F16", (768, 768))}
    plan = assembled("sd15", {"clip_l": clip})
    assert plan.dropped[0].name == "text_projection.weight"
    assert "do not hold it" in plan.dropped[0].reason


def test_mixed_types_are_joined_in_the_type_of_the_part():
    clip = encoder("clip_g", "F16")
    clip["text_model.encoder.layers.0.self_attn.q_proj.weight"] = ("F32", (1280, 1280))
    plan = assembled("sdxl", {"clip_g": clip})
    name = "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight"
    assert row(plan, name).dtype.label == "F16"
    assert row(plan, name).shape == (3840, 1280)
    assert not plan.errors


def quantised_t5():
    table = encoder("t5xxl")
    for name in list(table):
        if name.endswith(("wi_0.weight", "wo.weight")):
            table[name] = ("F8_E4M3", table[name][1])
            table[name.replace(".weight", ".scale_weight")] = ("F32", ())
    return table | {"scaled_fp8": ("F8_E4M3", (0,))}


def test_a_quantised_encoder_goes_in_with_its_scales():
    plan = assembled("flux_dev", {"t5xxl": quantised_t5()}, precision={"unet": Precision.BF16})
    assert not plan.errors
    table = plan_table(plan)
    assert "text_encoders.t5xxl.transformer.scaled_fp8" in table
    name = "text_encoders.t5xxl.transformer.encoder.block.0.layer.1.DenseReluDense.wo"
    assert table[f"{name}.scale_weight"] == ("F32", ())
    assert table[f"{name}.weight"][0] == "F8_E4M3"
    refused = assembled("flux_dev", {"t5xxl": quantised_t5()}, precision={"te": Precision.FP16})
    assert codes(refused) == {"quantised:t5xxl"}


def test_quantisation_settings_of_the_metadata_become_tensors():
    settings = '{"layers": {"img_in": {"format": "float8_e4m3fn"}}}'
    table = unet("flux_dev") | {"img_in.weight_scale": ("F32", ())}
    files = sources("flux_dev")
    files["unet"] = opened(table, "unet.safetensors", {"_quantization_metadata": settings})
    by_path = {file.checkpoint.path: file for file in files.values()}
    plan = assemble(recipe_of(files), by_path, title="")
    made = row(plan, "model.diffusion_model.img_in.comfy_quant").expr
    assert made.data == b'{"format": "float8_e4m3fn"}'
    assert "_quantization_metadata" not in plan.metadata


def test_metadata_is_what_checkpoint_save_writes():
    choice = MetadataChoice(
        prompt='{"3": 1}',
        extra_pnginfo={"workflow": "{}"},
        edits=(SetValue("modelspec.author", "A"),),
    )
    plan = assembled("sdxl", metadata=choice)
    assert list(plan.metadata) == [
        "modelspec.architecture",
        "modelspec.sai_model_spec",
        "modelspec.implementation",
        "modelspec.title",
        "modelspec.predict_key",
        "prompt",
        "workflow",
        "format",
        "modelspec.author",
    ]
    assert plan.metadata["modelspec.title"] == "ComfyUI 1"
    assert assembled("sd15").metadata == {
        "modelspec.predict_key": "epsilon",
        "prompt": "",
        "format": "pt",
    }


def test_advice_on_precisions():
    assert "black pictures" in "".join(
        p.message
        for p in assembled(
            "sdxl", {"vae": vae("sdxl", "F32")}, precision={"vae": Precision.FP16}
        ).problems
    )
    widened = assembled("sd15", precision={"unet": Precision.FP32})
    assert {p.code for p in widened.problems} == {"widening:unet"}
    assert isinstance(row(widened, "model.diffusion_model.out.0.weight").expr, Cast)


def test_every_family_takes_its_own_whole_checkpoint():
    table = plan_table(assembled("sd3_medium"))
    recognition = opened(table).recognition
    parts = {part.part: (part.form, part.prefix) for part in recognition.parts}
    assert parts["clip_l"] == ("hf", "text_encoders.clip_l.")
    assert parts["unet"] == ("checkpoint", "model.diffusion_model.")
    assert recognition.other == ()
    assert checkpoint(table).parameters > 0
    assert family("sd3_medium").vae.prefix == parts["vae"][1]


def test_the_23_layers_of_diffusers_sd2_are_enough():
    clip = {k: v for k, v in encoder("clip_h").items() if ".layers.23." not in k}
    plan = assembled("sd20", {"clip_h": clip})
    assert not plan.errors
    assert plan_table(plan) == plan_table(assembled("sd20"))
    made = "cond_stage_model.model.transformer.resblocks.23.mlp.c_fc.weight"
    assert made in plan.added
    assert source_names(row(plan, made).expr) == ("text_model.encoder.layers.22.mlp.fc1.weight",)
    assert {problem.code for problem in plan.problems} == {"stand-in:clip_h"}


def test_a_vae_out_of_another_family_is_taken_with_a_warning():
    whole = opened(plan_table(assembled("sdxl")), "whole.safetensors")
    files = {"unet": sources("sd15")["unet"], "base": whole}
    by_path = {file.checkpoint.path: file for file in files.values()}
    plan = assemble(recipe_of(files), by_path, title="")
    assert not plan.errors
    assert "other-latents" in {problem.code for problem in plan.problems}
    assert "other-latents" not in {problem.code for problem in assembled("sdxl").problems}


def test_a_long_clip_and_whole_numbers_for_weights_are_told():
    long = encoder("clip_l")
    long["text_model.embeddings.position_embedding.weight"] = ("F16", (248, 768))
    assert "unusual-size:clip_l" in {p.code for p in assembled("sd15", {"clip_l": long}).problems}
    table = unet("sd15") | {"out.0.weight": ("I64", (320,))}
    assert "not-weights:unet" in {p.code for p in assembled("sd15", {"unet": table}).problems}


def trained(**changes):
    plain = unet("sd15", "F32", prefix="model.diffusion_model.")
    table = plain | {ema_name(name): value for name, value in plain.items()} | changes
    return table | {"model_ema.decay": ("F32", ()), "betas": ("F32", (1000,))}


def test_averaged_weights_are_taken_on_request():
    plan = assembled("sd15", {"unet": trained()}, ema=True)
    assert not plan.errors
    name = "model.diffusion_model.out.0.weight"
    assert source_names(row(plan, name).expr) == ("model_ema.diffusion_modelout0weight",)
    assert {drop.name for drop in plan.dropped} == {"model_ema.decay", "betas"}
    plain = assembled("sd15", {"unet": trained()})
    assert source_names(row(plain, name).expr) == (name,)
    assert plan_table(plain) == plan_table(plan)


def test_averaged_weights_that_are_not_there_are_refused():
    with pytest.raises(PlanError, match="no EMA weights"):
        assembled("sd15", ema=True)
    wrong = {"model_ema.diffusion_modelout0weight": ("F32", (3,))}
    with pytest.raises(PlanError, match=r"no EMA copy of out\.0\.weight"):
        assembled("sd15", {"unet": trained(**wrong)}, ema=True)
