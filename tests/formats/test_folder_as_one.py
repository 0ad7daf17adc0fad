"""A diffusers folder is one source: every component under its own name, saved like any other."""

import json
from pathlib import Path

import pytest

from ckpt_studio.core.expr import read
from ckpt_studio.core.families.architecture import component
from ckpt_studio.core.recipe import Assemble, Output
from ckpt_studio.engine import open_checkpoint, plan, write
from tests.making.plans import plan_for
from tests.making.sparse import sparse_file
from tests.models import encoder, opened, other_spelling, plan_table, unet, vae
from tests.planning import assembled


@pytest.fixture
def sdxl_folder(tmp_path: Path) -> Path:
    tables = {
        "unet": other_spelling("sdxl_unet 4"),
        "vae": other_spelling("vae_kl4"),
        "text_encoder": encoder("clip_l"),
        "text_encoder_2": encoder("clip_g") | {"text_projection.weight": ("F16", (1280, 1280))},
        "safety_checker": {"vision_model.a": ("F16", (1,))},
    }
    index: dict[str, object] = {"_class_name": "StableDiffusionXLPipeline"}
    for name, table in tables.items():
        stem = "model" if "text" in name or "safety" in name else "diffusion_pytorch_model"
        folder = tmp_path / "model" / name
        folder.mkdir(parents=True)
        sparse_file(folder / f"{stem}.safetensors", table)
        index[name] = ["diffusers", name.title()]
    (tmp_path / "model" / "model_index.json").write_text(json.dumps(index))
    return tmp_path / "model"


@pytest.mark.parametrize("by_index", [False, True])
def test_a_folder_is_recognised_with_all_its_parts(sdxl_folder: Path, by_index: bool):
    opened = open_checkpoint(sdxl_folder / "model_index.json" if by_index else sdxl_folder)
    assert opened.checkpoint.container == "diffusers"
    assert len(opened.checkpoint.files) == 4
    assert opened.recognition.architecture == "sdxl"
    prefixes = {part.part: part.prefix for part in opened.recognition.parts}
    assert prefixes == {
        "unet": "unet.",
        "vae": "vae.",
        "clip_l": "text_encoder.",
        "clip_g": "text_encoder_2.",
    }
    assert opened.recognition.other == ()


def test_a_folder_gives_the_checkpoint_of_its_parts(sdxl_folder: Path, tmp_path: Path):
    made = plan(Assemble(base=sdxl_folder, output=Output(path=tmp_path / "out.safetensors")))
    assert not made.errors
    assert plan_table(made) == plan_table(assembled("sdxl"))


def test_a_folder_of_one_component_keeps_its_names(sdxl_folder: Path):
    opened = open_checkpoint(sdxl_folder / "unet")
    assert opened.recognition.find("unet").prefix == ""
    assert opened.checkpoint.path == sdxl_folder / "unet"


def test_the_tokenizer_beside_a_text_encoder_comes_with_it(tmp_path: Path):
    root, words = tmp_path / "wan", b"words and their numbers"
    tables = {
        "text_encoder": {k: v for k, v in encoder("umt5xxl").items() if k != "spiece_model"},
        "transformer": unet("wan21_1.3b_t2v"),
        "vae": vae("wan21_1.3b_t2v"),
    }
    for name, table in tables.items():
        (root / name).mkdir(parents=True)
        sparse_file(root / name / "model.safetensors", table)
    (root / "tokenizer").mkdir()
    (root / "tokenizer" / "spiece.model").write_bytes(words)
    index = {name: ["diffusers", name] for name in (*tables, "tokenizer")}
    (root / "model_index.json").write_text(json.dumps(index))
    found = open_checkpoint(root)
    assert found.recognition.find("umt5xxl").missing == ()
    made = plan(Assemble(base=root, output=Output(path=tmp_path / "out.safetensors")))
    assert not made.errors
    table = plan_table(made)
    assert table.pop("text_encoders.spiece_model") == ("U8", (len(words),))
    whole = plan_table(assembled("wan21_1.3b_t2v"))
    assert table.items() <= whole.items()
    rows = {"spiece_model": read(0, found.checkpoint.tensors["text_encoder.spiece_model"])}
    write(plan_for((found.checkpoint,), rows, tmp_path / "words.safetensors"))
    assert (tmp_path / "words.safetensors").read_bytes().endswith(words)


@pytest.mark.parametrize("name", ["t5xxl", "t5base", "pile_t5xl", "llama"])
def test_a_tokenizer_that_comfyui_has_itself_is_nothing_unexpected(name):
    part = opened(encoder(name) | {"spiece_model": ("U8", (9,))}).recognition.find(
        component(name).part
    )
    assert (part.unexpected, part.ignored) == ((), ("spiece_model",))
