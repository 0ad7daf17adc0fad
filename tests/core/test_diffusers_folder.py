"""A diffusers folder holds the tensors of a checkpoint under the names of diffusers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.assembly.assembling import assemble
from ckpt_studio.core.diffusers.diffusers_folder import assemble_folder, convert_to_folder
from ckpt_studio.core.diffusers.diffusers_layout import layout_of
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Cast, Read, Rows, read
from ckpt_studio.core.families.architecture import families, family, of_same_shape
from ckpt_studio.core.families.renames import apply_rules, inverse
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.recipe import Assemble, Convert, Precision
from ckpt_studio.core.recognise import fit, recognise
from ckpt_studio.core.recognition import Opened
from tests.models import (
    checkpoint,
    component_table,
    encoder,
    fingerprint,
    layouts,
    opened,
    plan_table,
    unet,
)
from tests.planning import assembled, recipe_of, sources

KNOWN = [item.id for item in families() if item.diffusers]
PREDICTED = {"v": "v_prediction", "v-zsnr": "v_prediction", "edm-v": "v_prediction"}


def no_texts(path, name):
    return {}


def folder(name, tables=None, texts=no_texts, **changes):
    """Plan of the diffusers folder of a family from single files."""
    files = sources(name, **{"clip_vision": None, **(tables or {})})
    by_path = {file.checkpoint.path: file for file in files.values()}
    changes.setdefault("target", name)
    return assemble_folder(recipe_of(files, **changes), by_path, texts)


def tables_of(plan):
    """Key tables of the files of a plan."""
    files = {row.file: {} for row in plan.tensors}
    for row in plan.tensors:
        files[row.file][row.name] = (row.dtype.label, row.shape)
    return files


def texts_of(plan):
    return {name: json.loads(text) for name, text in plan.texts.items()}


def as_source(plan, path="/models/folder"):
    """The folder of a plan as if it was open."""
    table = {
        f"{file.split('/')[0]}.{name}": value
        for file, names in tables_of(plan).items()
        for name, value in names.items()
    }
    made = replace(checkpoint(table), path=Path(path), container="diffusers")
    return Opened(made, recognise(made))


def test_the_families_that_can_be_written():
    assert {"sd15", "sd20", "sdxl", "sdxl_refiner", "sd3_medium", "flux_dev"} <= set(KNOWN)
    assert not {"stable_zero123", "sd20_depth", "sd21_unclip_l", "lotus_d"} & set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_the_way_to_diffusers_names_and_back_changes_nothing(name):
    for part in (family(name).unet.component, family(name).vae.component):
        specs = part.specs()
        table = {key: value for key, value in component_table(part).items() if key in specs}
        native = {key: read(0, tensor) for key, tensor in checkpoint(table).tensors.items()}
        rules = next(form.rules for form in part.forms if form.name == "diffusers")
        there = apply_rules(inverse(rules), native)
        again = apply_rules(rules, there)
        assert {key: fit(specs[key], expr) for key, expr in again.items()} == native


@pytest.mark.parametrize("name", [name for name in KNOWN if "unet_diffusers" in layouts()[name]])
def test_the_files_have_the_tensors_that_diffusers_expects(name):
    tables = tables_of(folder(name))
    known = layouts()[name]
    part = layout_of(family(name)).parts["unet"]
    assert fingerprint(tables[part.file]) == known["unet_diffusers"]
    vae = "vae/diffusion_pytorch_model.safetensors"
    assert fingerprint(tables[vae]) == known["vae_diffusers"]
    for file, table in tables.items():
        if file.startswith("text_encoder"):
            assert file.endswith("/model.safetensors")
            assert not {"logit_scale", "text_model.embeddings.position_ids"} & table.keys()


@pytest.mark.parametrize("name", KNOWN)
def test_a_folder_is_the_same_family_and_gives_the_same_checkpoint(name):
    source = as_source(folder(name))
    same = {item.id for item in of_same_shape(family(name))}
    assert source.recognition.architecture in same
    assert all(not part.missing for part in source.recognition.parts)
    assert source.recognition.other == ()
    path = source.checkpoint.path
    plan = assemble(Assemble(base=path, target=name), {path: source}, title="ComfyUI 1")
    assert not plan.errors
    assert plan_table(plan) == plan_table(assembled(name, {"clip_vision": None}))


@pytest.mark.parametrize("name", KNOWN)
def test_every_file_has_its_settings(name):
    plan = folder(name)
    assert not plan.errors
    texts = texts_of(plan)
    index = texts.pop("model_index.json")
    for file in tables_of(plan):
        place = file.split("/")[0]
        library, kind = index[place]
        config = texts.pop(f"{place}/config.json")
        assert None not in config.values() or config["mid_block_type"] is None
        assert kind == (config["architectures"][0] if "architectures" in config else None) or (
            library == "diffusers" and kind == config["_class_name"]
        )
    scheduler = texts.pop("scheduler/scheduler_config.json")
    assert index["scheduler"] == ["diffusers", scheduler["_class_name"]]
    assert texts == {}
    assert index["_class_name"].endswith("Pipeline")
    wanted = PREDICTED.get(family(name).prediction, "epsilon")
    assert scheduler.get("prediction_type", "epsilon") == wanted


def test_what_the_index_of_sdxl_says():
    assert texts_of(folder("sdxl"))["model_index.json"] == {
        "_class_name": "StableDiffusionXLPipeline",
        "_diffusers_version": "0.32.2",
        "force_zeros_for_empty_prompt": True,
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }


def test_the_refiner_has_the_second_text_encoder_alone():
    index = texts_of(folder("sdxl_refiner"))["model_index.json"]
    assert index["text_encoder"] == index["tokenizer"] == [None, None]
    assert index["tokenizer_2"] == ["transformers", "CLIPTokenizer"]
    assert index["requires_aesthetics_score"] is True


@pytest.mark.parametrize(
    ("name", "part", "values"),
    [
        ("sd15", "unet", {"in_channels": 4, "cross_attention_dim": 768}),
        ("sd15_inpaint", "unet", {"in_channels": 9, "out_channels": 4}),
        ("sd21_v", "unet", {"cross_attention_dim": 1024, "sample_size": 96}),
        ("sd20", "text_encoder", {"num_hidden_layers": 23, "hidden_act": "gelu"}),
        ("sdxl", "unet", {"transformer_layers_per_block": [1, 2, 10]}),
        ("sdxl", "vae", {"scaling_factor": 0.13025, "latent_channels": 4, "use_quant_conv": True}),
        ("sdxl", "text_encoder_2", {"projection_dim": 1280, "num_attention_heads": 20}),
        ("sdxl_vpred_zsnr", "scheduler", {"rescale_betas_zero_snr": True}),
        ("sd3_medium", "transformer", {"num_layers": 24, "dual_attention_layers": []}),
        ("sd35_medium", "transformer", {"dual_attention_layers": [*range(13)]}),
        ("sd35_large", "transformer", {"qk_norm": "rms_norm", "num_attention_heads": 38}),
        ("flux_dev", "transformer", {"guidance_embeds": True, "num_single_layers": 38}),
        ("flux_schnell", "transformer", {"guidance_embeds": False, "in_channels": 64}),
        ("flux_fill", "transformer", {"in_channels": 384, "out_channels": 64}),
        ("flux_dev", "vae", {"shift_factor": 0.1159, "use_post_quant_conv": False}),
        (
            "flux_dev",
            "text_encoder_2",
            {"d_model": 4096, "num_layers": 24, "torch_dtype": "float16"},
        ),
    ],
)
def test_settings(name, part, values):
    file = "scheduler_config" if part == "scheduler" else "config"
    config = texts_of(folder(name))[f"{part}/{file}.json"]
    assert {key: config[key] for key in values} == values


def test_sd3_medium_has_no_norm_of_queries():
    assert "qk_norm" not in texts_of(folder("sd3_medium"))["transformer/config.json"]


def test_a_model_with_fewer_blocks_says_so():
    table = {
        key: value
        for key, value in unet("flux_dev").items()
        if not key.startswith(tuple(f"double_blocks.{number}." for number in range(8, 19)))
    }
    plan = folder("flux_dev", {"unet": table})
    assert not plan.errors
    assert texts_of(plan)["transformer/config.json"]["num_layers"] == 8


def test_a_text_encoder_for_longer_prompts_says_so():
    table = encoder("clip_l")
    table["text_model.embeddings.position_embedding.weight"] = ("F16", (248, 768))
    config = texts_of(folder("flux_dev", {"clip_l": table}))["text_encoder/config.json"]
    assert config["max_position_embeddings"] == 248


def test_rows_of_a_joined_tensor_are_read_and_converted_as_they_are():
    plan = folder("flux_dev", precision={"*": Precision.BF16})
    rows = {row.name: row.expr for row in plan.tensors if row.file.startswith("transformer/")}
    match rows["single_transformer_blocks.0.proj_mlp.weight"]:
        case Cast(Rows(Read(_, tensor), start, stop)):
            assert (tensor.name, start, stop) == ("single_blocks.0.linear1.weight", 9216, 21504)
        case other:
            pytest.fail(f"{other}")


def test_from_a_folder_every_tensor_is_copied_as_it_is():
    source = as_source(folder("flux_dev"))
    again = convert_to_folder(Convert(source=source.checkpoint.path), source, no_texts)
    assert again.verb == "convert"
    assert all(isinstance(row.expr, Read) for row in again.tensors)
    assert tables_of(again) == tables_of(folder("flux_dev"))


def test_a_family_without_a_folder_is_refused():
    with pytest.raises(PlanError) as refused:
        folder("wan21_14b_t2v")
    assert (
        refused.value.message == "Wan 2.1 14B text to video cannot be saved as a diffusers folder."
    )
    assert "Stable Diffusion XL" in refused.value.hint


def test_t5_may_be_absent_from_sd3():
    plan = folder("sd3_medium", {"t5xxl": None})
    index = texts_of(plan)["model_index.json"]
    assert index["text_encoder_3"] == index["tokenizer_3"] == [None, None]
    assert not plan.errors
    assert not any(name.startswith("text_encoder_3") for name in plan.texts)


def test_a_part_that_is_missing():
    assert [problem.code for problem in folder("sdxl", {"vae": None}).errors] == [
        "missing-part:vae"
    ]
    plan = folder("sdxl", {"vae": None}, allow_missing=True)
    assert not plan.errors
    assert texts_of(plan)["model_index.json"]["vae"] == [None, None]


def test_a_part_of_a_checkpoint_becomes_what_it_is():
    source = opened(unet("sd15"))
    plan = convert_to_folder(Convert(source=source.checkpoint.path), source, no_texts)
    assert not plan.errors
    assert {"missing-part:clip_l", "missing-part:vae"} <= {item.code for item in plan.problems}
    assert list(tables_of(plan)) == ["unet/diffusion_pytorch_model.safetensors"]


def test_quantised_weights_are_refused():
    table = unet("flux_dev", "F8_E4M3") | {"img_in.scale_weight": ("F32", ())}
    plan = folder("flux_dev", {"unet": table})
    assert [problem.code for problem in plan.errors] == ["quantised:unet"]


def test_tokenizers_are_asked_for_once():
    plan = folder("sd3_medium")
    said = [problem for problem in plan.problems if problem.code == "tokenizers"]
    assert [problem.severity for problem in said] == [Severity.WARNING]
    assert said[0].names == ("tokenizer", "tokenizer_2", "tokenizer_3")
    assert "stabilityai/stable-diffusion-3-medium-diffusers" in said[0].hint


def test_tokenizers_come_with_the_text_encoders_of_a_folder():
    asked = []

    def texts(path, name):
        asked.append((path, name))
        return {"vocab.json": f"{name} of {path.name}"}

    sdxl = as_source(folder("sdxl"))
    tables = {"clip_l": sdxl, "clip_g": None}
    plan = folder("sd3_medium", tables, texts)
    assert asked == [(sdxl.checkpoint.path, "tokenizer"), (sdxl.checkpoint.path, "tokenizer_2")]
    assert plan.texts["tokenizer_2/vocab.json"] == "tokenizer_2 of folder"
    said = next(problem for problem in plan.problems if problem.code == "tokenizers")
    assert said.names == ("tokenizer_3",)
