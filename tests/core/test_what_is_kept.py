"""What ComfyUI itself loses is kept, and what it does not load again is said."""

import json

import pytest

from ckpt_studio.core.families.architecture import families, family
from ckpt_studio.engine.lowering import lower
from tests.models import component_table, encoder, opened, plan_table, unet, vae
from tests.planning import assembled


def test_zero123_is_told_by_its_projection_and_keeps_it():
    projection = {
        "cc_projection.weight": ("F32", (768, 772)),
        "cc_projection.bias": ("F32", (768,)),
    }
    table = unet("stable_zero123", prefix="model.diffusion_model.") | projection
    assert opened(table).recognition.architecture == "stable_zero123"
    assert opened(unet("stable_zero123")).recognition.architecture == "sd15_ip2p"
    plan = assembled("stable_zero123", {"unet": table}, target=None)
    assert plan.target == "stable_zero123"
    assert projection.items() <= plan_table(plan).items()
    assert not plan.dropped


def test_playground_keeps_its_statistics():
    statistics = {"edm_mean": ("F32", (1, 4, 1, 1)), "edm_std": ("F32", (1, 4, 1, 1))}
    plan = assembled("sdxl_playground25", {"unet": unet("sdxl") | statistics}, target=None)
    assert plan.target == "sdxl_playground25"
    assert statistics.items() <= plan_table(plan).items()
    assert "edm_vpred.sigma_max" in plan.added


def test_cosmos_keeps_its_wavelets():
    name = "decoder.unpatcher3d.wavelets"
    plan = assembled("cosmos_7b_t2v", {"vae": vae("cosmos_7b_t2v") | {name: ("F32", (2,))}})
    assert plan_table(plan)[f"vae.{name}"] == ("F32", (2,))
    assert f"vae.{name}" not in plan_table(assembled("cosmos_7b_t2v"))
    assert not plan.errors


def test_ltx_keeps_its_config_from_both_files():
    files = {
        "unet": opened(
            unet("ltxv_13b"),
            "unet.safetensors",
            {"config": json.dumps({"transformer": {"a": 1}}), "other": "x"},
        ),
        "vae": opened(
            vae("ltxv_13b"), "vae.safetensors", {"config": json.dumps({"vae": {"b": 2}})}
        ),
        "t5xxl": opened(encoder("t5xxl"), "t5xxl.safetensors"),
    }
    metadata = assembled("ltxv_13b", files).metadata
    assert json.loads(metadata["config"]) == {"transformer": {"a": 1}, "vae": {"b": 2}}
    assert "other" not in metadata


@pytest.mark.parametrize("config", ["no JSON", "[1]"])
def test_a_strange_config_stays_as_it_is(config):
    files = {
        "unet": opened(unet("ltxv_13b"), "unet.safetensors", {"config": config}),
        "vae": opened(vae("ltxv_13b"), "vae.safetensors", {"config": "{}"}),
    }
    assert assembled("ltxv_13b", files).metadata["config"] == config


def test_the_vae_tells_ltx_video_09_from_later_ones():
    assert assembled("ltxv_2b_096", target=None).target == "ltxv_2b_096"
    whole = plan_table(assembled("ltxv_2b_096"))
    assert opened(whole).recognition.architecture == "ltxv_2b_096"


def test_tokenizers_are_carried_along():
    tokenizer = {"spiece_model": ("U8", (4_548_313,))}
    table = encoder("umt5xxl") | tokenizer
    plan = assembled("wan21_14b_t2v", {"umt5xxl": table})
    assert plan_table(plan)["text_encoders.spiece_model"] == tokenizer["spiece_model"]
    del table["spiece_model"]
    plan = assembled("wan21_14b_t2v", {"umt5xxl": table})
    assert [problem.code for problem in plan.errors] == ["incomplete:umt5xxl"]
    assert "tokenizer" in plan.errors[0].message


def test_stable_audio_needs_its_conditioners():
    bare = assembled("stable_audio", {"unet": unet("stable_audio")})
    assert [problem.code for problem in bare.errors] == ["missing-part:conditioner"]
    assert len(bare.missing) == 6
    base = opened(plan_table(assembled("stable_audio")), "base.safetensors")
    whole = assembled("stable_audio", {"unet": unet("stable_audio"), "base": base})
    assert not whole.errors


@pytest.mark.parametrize("name", [item.id for item in families() if item.warning])
def test_what_is_not_loaded_again_is_said(name):
    plan = assembled(name)
    assert [problem.message for problem in plan.problems if problem.code == "reload"] == [
        family(name).warning
    ]


@pytest.mark.parametrize("name", ["svd", "stable_cascade_c", "hunyuan3d_v2", "sd21_unclip_l"])
def test_an_image_encoder_has_its_place(name):
    placement = family(name).clip_vision
    plan = assembled(name)
    rows = [row for row in plan.tensors if row.part == "clip_vision"]
    assert rows
    assert all(row.name.startswith(placement.prefix) for row in rows)
    found = opened(plan_table(plan)).recognition.find("clip_vision")
    assert (found.component, found.missing) == (placement.component.id, ())
    without = assembled(name, {"clip_vision": None})
    assert not without.errors
    assert [p.code for p in without.problems] == ["missing-part:clip_vision"]


def test_a_wrong_image_encoder_is_refused():
    wrong = component_table(family("svd").clip_vision.component)
    plan = assembled("hunyuan3d_v2", {"clip_vision": wrong})
    assert [problem.code for problem in plan.errors] == ["wrong-part:clip_vision"]
    assert "DINOv2" in plan.errors[0].hint
    plan = assembled("hunyuan3d_v2", {"clip_vision": vae("sdxl")})
    assert [problem.code for problem in plan.errors] == ["wrong-part:clip_vision"]
    plan = assembled("sdxl", {"clip_vision": wrong})
    assert [problem.code for problem in plan.errors] == ["wrong-part:clip_vision"]


def test_ltx_2_connectors_among_the_tensors_of_the_diffusion_model():
    table = {}
    for key, value in encoder("ltxav_connectors").items():
        name = key.replace(
            "text_embedding_projection.", "text_embedding_projection.aggregate_embed."
        )
        head = "model.diffusion_model." if "connector" in name else ""
        table[head + name] = value
    whole = unet("ltxav_19b", prefix="model.diffusion_model.") | table
    found = opened(whole).recognition
    assert found.architecture == "ltxav_19b"
    assert found.find("unet").unexpected == ()
    connectors = found.find("ltxav_connectors")
    assert (connectors.missing, connectors.unexpected) == ((), ())


def test_a_nested_language_model_is_the_same_encoder():
    nested = {
        key.replace("model.", "model.language_model.", 1)
        if key.startswith("model.")
        else f"model.{key}": value
        for key, value in encoder("qwen25_7b").items()
    }
    part = opened(nested).recognition.find("qwen25_7b")
    assert (part.form, part.missing, part.unexpected) == ("nested", (), ())
    outer = {f"language_model.{key}": value for key, value in encoder("mistral3_24b").items()}
    assert opened(outer).recognition.find("mistral3_24b").missing == ()


def test_a_counter_that_a_tool_made_a_weight_stays_one():
    counters = {
        key: ("F16", ()) for key in vae("stable_cascade_c") if key.endswith("num_batches_tracked")
    }
    plan = assembled("stable_cascade_c", {"vae": vae("stable_cascade_c") | counters})
    kept = {row.name: row for row in plan.tensors}
    for key in counters:
        assert kept[f"vae.{key}"].dtype.label == "F16"
        assert lower(kept[f"vae.{key}"].expr)


def test_the_vae_of_ltx_2_does_not_look_at_the_time():
    timed = ("time_embedder", "scale_shift_table", "timestep_scale_multiplier")
    table = {
        key: spec for key, spec in vae("ltxav_19b").items() if not any(w in key for w in timed)
    }
    assert len(vae("ltxav_19b")) - len(table) == 42
    plan = assembled("ltxav_19b", {"vae": table})
    assert not plan.errors
    assert {f"vae.{key}" for key in table} <= plan_table(plan).keys()
    assert not any(w in row for w in timed for row in plan_table(plan) if row.startswith("vae."))
