"""A diffusers folder is one source: every component under its own name, saved like any other."""

import json
from pathlib import Path

import pytest

from ckpt_studio.core.recipe import Assemble, Output
from ckpt_studio.engine import open_checkpoint, plan
from tests.making.sparse import sparse_file
from tests.models import encoder, other_spelling, plan_table
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
