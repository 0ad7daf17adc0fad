"""Folders of real layouts: which program they are of, and which models are in them."""

import json
import os
import sqlite3
import time

import pytest

from ckpt_studio.core.errors import Cancelled, FormatError
from ckpt_studio.core.model_folders import each_once
from ckpt_studio.core.programs import Kind, kind_of_part, programs
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.engine.locations import list_beside, locate
from ckpt_studio.engine.model_scan import list_models


def put(root, *names, size=10):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return root


def found(path):
    return {(model.kind.value, model.name) for model in list_models(path).models}


LAYOUTS = {
    "ComfyUI": (
        ("folder_paths.py", "models/controlnet/c.safetensors"),
        {
            "models/checkpoints/xl/base.safetensors": ("checkpoint", "xl/base.safetensors"),
            "models/unet/old.sft": ("diffusion_model", "old.sft"),
            "models/diffusion_models/flux.safetensors": ("diffusion_model", "flux.safetensors"),
            "models/clip/clip_l.safetensors": ("text_encoder", "clip_l.safetensors"),
            "models/text_encoders/t5.safetensors": ("text_encoder", "t5.safetensors"),
            "models/vae/ae.safetensors": ("vae", "ae.safetensors"),
            "models/clip_vision/h.safetensors": ("clip_vision", "h.safetensors"),
            "models/loras/a.safetensors": ("lora", "a.safetensors"),
            "models/diffusers/sdxl/model_index.json": None,
            "models/diffusers/sdxl/unet/diffusion_pytorch_model.safetensors": (
                "checkpoint",
                "sdxl",
            ),
        },
    ),
    "A1111": (
        ("webui.py", "models/ESRGAN/u.pth"),
        {
            "models/Stable-diffusion/sd.ckpt": ("checkpoint", "sd.ckpt"),
            "models/VAE/v.pt": ("vae", "v.pt"),
            "models/Lora/l.safetensors": ("lora", "l.safetensors"),
            "models/LyCORIS/y.safetensors": ("lora", "y.safetensors"),
        },
    ),
    "Forge": (
        ("webui.py", "modules_forge/main_entry.py"),
        {
            "models/Stable-diffusion/flux.safetensors": ("checkpoint", "flux.safetensors"),
            "models/VAE/ae.safetensors": ("vae", "ae.safetensors"),
            "models/text_encoder/t5.safetensors": ("text_encoder", "t5.safetensors"),
        },
    ),
    "SwarmUI": (
        ("SwarmUI.sln",),
        {
            "Models/Stable-Diffusion/a/x.safetensors": ("checkpoint", "a/x.safetensors"),
            "Models/diffusion_models/f.safetensors": ("diffusion_model", "f.safetensors"),
            "Models/clip/l.safetensors": ("text_encoder", "l.safetensors"),
            "Models/VAE/v.safetensors": ("vae", "v.safetensors"),
        },
    ),
    "Stability Matrix": (
        (),
        {
            "Data/Models/StableDiffusion/x.safetensors": ("checkpoint", "x.safetensors"),
            "Data/Models/DiffusionModels/f.safetensors": ("diffusion_model", "f.safetensors"),
            "Data/Models/TextEncoders/t.safetensors": ("text_encoder", "t.safetensors"),
        },
    ),
    "InvokeAI": (
        ("invokeai.yaml",),
        {
            "models/sd-1/main/a.safetensors": ("checkpoint", "a.safetensors"),
            "models/sdxl/vae/fix/diffusion_pytorch_model.safetensors": (
                "vae",
                "fix/diffusion_pytorch_model.safetensors",
            ),
            "models/any/t5_encoder/t5/text_encoder_2/model.safetensors": (
                "text_encoder",
                "t5/text_encoder_2/model.safetensors",
            ),
        },
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("inside", [False, True])
def test_each_program_is_known_by_its_folder_or_its_models_folder(tmp_path, name, inside):
    others, models = LAYOUTS[name]
    put(tmp_path, *others, *models)
    first = next(iter(models)).lower().index("models/")
    path = tmp_path / next(iter(models))[: first + len("models")] if inside else tmp_path
    assert locate(path).program == name
    assert found(path) == {kind for kind in models.values() if kind}


def test_every_program_of_the_data_has_a_layout_here():
    assert {program.name for program in programs()} == set(LAYOUTS)


def test_the_portable_comfyui_is_known_by_the_folder_around_it(tmp_path):
    put(tmp_path, "ComfyUI/folder_paths.py", "ComfyUI/models/vae/a.safetensors")
    assert found(tmp_path) == {("vae", "a.safetensors")}


def test_new_models_belong_into_the_first_folder_that_is_there(tmp_path):
    put(tmp_path, "folder_paths.py", "models/unet/a.sft", "models/text_encoders/b.sft")
    put(tmp_path, "models/clip/c.sft", "models/checkpoints/d.sft")
    location = locate(tmp_path)
    models = tmp_path / "models"
    homes = {part: location.home(kind_of_part(part)) for part in ("unet", "t5xxl", "checkpoint")}
    assert homes == {
        "unet": models / "unet",
        "t5xxl": models / "text_encoders",
        "checkpoint": models / "checkpoints",
    }
    assert location.home(Kind.VAE) is None
    (models / "diffusion_models").mkdir()
    assert locate(tmp_path).home(Kind.DIFFUSION_MODEL) == models / "diffusion_models"


def test_forge_keeps_diffusion_models_among_its_checkpoints(tmp_path):
    put(tmp_path, "modules_forge/x", "models/Stable-diffusion/a.safetensors")
    assert locate(tmp_path).home(Kind.DIFFUSION_MODEL) == tmp_path / "models/Stable-diffusion"


def test_a_folder_of_no_program_is_sorted_by_the_names_in_it(tmp_path):
    put(tmp_path, "loras/l.safetensors", "my/VAE/v.pt", "x.safetensors", "controlnet/c.pth")
    put(tmp_path, ".cache/part.safetensors", "notes.txt")
    assert locate(tmp_path).program == ""
    assert found(tmp_path) == {
        ("lora", "loras/l.safetensors"),
        ("vae", "my/VAE/v.pt"),
        ("unknown", "x.safetensors"),
    }
    assert found(tmp_path / "loras") == {("lora", "l.safetensors")}


def test_shards_are_one_model_and_a_diffusers_folder_is_too(tmp_path):
    shards = [f"t5-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    put(tmp_path, *shards, "t5.safetensors.index.json", "x/t5.safetensors")
    put(tmp_path, "sdxl/model_index.json", "sdxl/unet/a.safetensors", "sdxl/vae/b.safetensors")
    models = {model.name: model for model in list_models(tmp_path).models}
    assert set(models) == {"t5.safetensors", "x/t5.safetensors", "sdxl"}
    assert models["t5.safetensors"].path == tmp_path / shards[0]
    assert [(m.bytes, m.files) for m in models.values()] == [(20, 2), (30, 3), (10, 1)]
    assert models["sdxl"].path == tmp_path / "sdxl"


def test_a_list_of_comfyui_gives_its_folders_and_says_which_are_missing(tmp_path):
    put(tmp_path, "webui/models/VAE/a.pt", "webui/models/Lora/b.safetensors")
    text = "a:\n  base_path: webui\n  vae: models/VAE\n  loras: |\n    models/Lora\n    models/Ly\n"
    (tmp_path / "extra_model_paths.yaml").write_text(f"{text}  custom_nodes: nodes\n")
    location = locate(tmp_path / "extra_model_paths.yaml")
    assert list_models(location.path).models[0].place == "webui/models/Lora"
    assert location.missing == (tmp_path / "webui/models/Ly",)
    assert location.home(Kind.VAE) == tmp_path / "webui/models/VAE"
    assert found(location.path) == {("vae", "a.pt"), ("lora", "b.safetensors")}


def test_the_list_that_a_comfyui_reads_is_found_beside_it(tmp_path):
    put(tmp_path, "folder_paths.py", "models/vae/x.pt")
    assert list_beside(tmp_path) is None
    put(tmp_path, "extra_model_paths.yaml")
    assert list_beside(tmp_path) == list_beside(tmp_path / "models")


def invoke_database(root, *rows):
    (root / "databases").mkdir(parents=True)
    opened = sqlite3.connect(root / "databases" / "invokeai.db")
    opened.execute("PRAGMA journal_mode=WAL")
    opened.execute("CREATE TABLE models (id TEXT PRIMARY KEY, config TEXT NOT NULL)")
    opened.executemany("INSERT INTO models VALUES (?, ?)", enumerate(rows))
    opened.commit()
    opened.close()


def test_invokeai_names_models_by_its_database_where_folders_say_nothing(tmp_path):
    put(tmp_path, "models/1b9c/vae.safetensors", "elsewhere/xl.safetensors")
    config = {"name": "Fixed VAE", "type": "vae", "path": "1b9c/vae.safetensors"}
    outside = {"name": "XL", "type": "main", "path": str(tmp_path / "elsewhere/xl.safetensors")}
    invoke_database(
        tmp_path, json.dumps(config), json.dumps(outside), "no json", '{"type": "vae"}', "[]"
    )
    before = sorted((tmp_path / "databases").iterdir())
    assert found(tmp_path) == {("vae", "Fixed VAE"), ("checkpoint", "XL")}
    assert sorted((tmp_path / "databases").iterdir()) == before
    assert locate(tmp_path).home(Kind.VAE) is None


def test_a_broken_database_is_a_sentence(tmp_path):
    put(tmp_path, "databases/invokeai.db", "models/sd-1/main/a.safetensors", size=5000)
    with pytest.raises(FormatError, match=r"invokeai\.db cannot be read"):
        locate(tmp_path)


def test_links_in_a_circle_end_and_broken_ones_are_counted(tmp_path):
    put(tmp_path, "vae/a.safetensors", "vae/deep/b.safetensors")
    (tmp_path / "vae/deep/again").symlink_to(tmp_path / "vae")
    (tmp_path / "vae/self").symlink_to(tmp_path / "vae/self")
    (tmp_path / "vae/gone.safetensors").symlink_to(tmp_path / "nothing")
    listing = list_models(tmp_path / "vae")
    assert [model.name for model in listing.models] == ["a.safetensors", "deep/b.safetensors"]
    assert listing.unreadable == 2


def test_a_folder_that_may_not_be_read_is_counted(tmp_path, monkeypatch):
    put(tmp_path, "vae/a.safetensors", "vae/closed/b.safetensors")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = list_models(tmp_path)
    assert [model.name for model in listing.models] == ["vae/a.safetensors"]
    assert listing.unreadable == 1


@pytest.mark.parametrize("name", ["gone", "gone.yaml", "file"])
def test_what_is_not_there_is_a_sentence(tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError) as refused:
        list_models(tmp_path / name)
    assert name in refused.value.message


def test_thousands_of_models_are_listed_in_a_moment_and_the_search_can_be_stopped(tmp_path):
    for folder in range(50):
        put(tmp_path, *(f"checkpoints/{folder}/m{n}.safetensors" for n in range(100)), size=0)
    started = time.thread_time()
    listing = list_models(tmp_path)
    assert time.thread_time() - started < 2
    assert len(listing.models) == 5000
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        list_models(tmp_path, cancel=token)


def test_a_model_in_two_locations_counts_once_with_the_kind_that_is_known(tmp_path):
    put(tmp_path, "a/b/x.safetensors", "a/vae/y.safetensors")
    listings = [list_models(tmp_path / "a"), list_models(tmp_path / "a/vae")]
    once = each_once(listings)
    assert {(model.path.name, model.kind) for model in once} == {
        ("x.safetensors", Kind.UNKNOWN),
        ("y.safetensors", Kind.VAE),
    }
