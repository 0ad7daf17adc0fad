"""Diffusers folders: the weights of each component, whatever form they have."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.folders import read_folder, read_folder_as_one
from tests.making.plans import write_source

COMPONENTS = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "safety_checker": [None, None],
    "requires_safety_checker": False,
}


def weights(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".bin":
        torch.save({name: torch.ones(1)}, path)
    else:
        write_source(path, {name: ("U8", [1], b"x")})


def folder(root: Path, components: object = COMPONENTS) -> Path:
    (root / "model_index.json").write_text(json.dumps(components))
    return root


def names(root: Path, variant: str = "") -> dict[str, list[str]]:
    return {name: list(found.tensors) for name, found in read_folder(root, variant)}


def test_each_component_in_the_order_of_the_index(tmp_path: Path) -> None:
    root = folder(tmp_path)
    weights(root / "unet" / "diffusion_pytorch_model.safetensors", "u")
    weights(root / "vae" / "diffusion_pytorch_model.bin", "v")
    weights(root / "text_encoder" / "model.safetensors", "t")
    weights(root / "tokenizer" / "model.safetensors", "never read")
    found = read_folder(root)
    assert [name for name, _ in found] == ["unet", "vae", "text_encoder"]
    assert [list(each.tensors) for _, each in found] == [["u"], ["v"], ["t"]]
    assert [name for name, _ in read_folder(root / "model_index.json")] == [n for n, _ in found]


def test_the_metadata_of_its_files_are_those_of_the_folder(tmp_path: Path) -> None:
    """What a folder was written with is in its first file, as in shards."""
    root = folder(tmp_path)
    for place, notes in (("unet", {"workflow": "{}", "a": "1"}), ("vae", {"a": "2", "b": "3"})):
        path = root / place / "diffusion_pytorch_model.safetensors"
        path.parent.mkdir()
        write_source(path, {"x": ("U8", [1], b"x")}, notes)
    assert read_folder_as_one(root).metadata == {"workflow": "{}", "a": "1", "b": "3"}


@pytest.mark.parametrize(
    ("files", "variant", "wanted"),
    [
        (["model.safetensors", "model.fp16.safetensors"], "", "model.safetensors"),
        (["model.safetensors", "model.fp16.safetensors"], "fp16", "model.fp16.safetensors"),
        (["model.safetensors"], "fp16", "model.safetensors"),
        (["model.fp16.safetensors"], "", "model.fp16.safetensors"),
        (["model.safetensors", "pytorch_model.bin"], "", "model.safetensors"),
        (["pytorch_model.bin", "pytorch_model.fp16.bin"], "fp16", "pytorch_model.fp16.bin"),
        (["pytorch_model.bin", "model.fp16.safetensors"], "", "pytorch_model.bin"),
        (["other.safetensors", "config.json"], "", None),
    ],
)
def test_which_file_is_taken(
    tmp_path: Path, files: list[str], variant: str, wanted: str | None
) -> None:
    root = folder(tmp_path, {"unet": ["diffusers", "UNet"], "vae": ["diffusers", "VAE"]})
    weights(root / "vae" / "model.safetensors", "vae")
    for name in files:
        if name.endswith(".json"):
            (root / "unet" / name).write_text("{}")
        else:
            weights(root / "unet" / name, name)
    assert names(root, variant).get("unet") == (None if wanted is None else [wanted])


@pytest.mark.parametrize(
    ("index", "stem"),
    [
        ("diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model"),
        ("diffusion_pytorch_model.safetensors.index.fp16.json", "diffusion_pytorch_model.fp16"),
        ("diffusion_pytorch_model.safetensors.fp16.index.json", "diffusion_pytorch_model.fp16"),
    ],
)
def test_shards_by_their_index(tmp_path: Path, index: str, stem: str) -> None:
    root = folder(tmp_path)
    shards = [f"{stem}-0000{number}-of-00002.safetensors" for number in (1, 2)]
    for shard in shards:
        weights(root / "unet" / shard, shard)
    held = {"weight_map": {shard: shard for shard in shards}}
    (root / "unet" / index).write_text(json.dumps(held))
    assert names(root) == {"unet": shards}
    (root / "unet" / shards[1]).unlink()
    with pytest.raises(FormatError, match=shards[1]):
        read_folder(root)


def test_a_folder_without_an_index(tmp_path: Path) -> None:
    weights(tmp_path / "vae" / "anything.safetensors", "v")
    assert names(tmp_path / "vae") == {"vae": ["v"]}
    weights(tmp_path / "te" / "model-00001-of-00002.safetensors", "a")
    weights(tmp_path / "te" / "model-00002-of-00002.safetensors", "b")
    assert names(tmp_path / "te") == {"te": ["a", "b"]}
    weights(tmp_path / "two" / "a.safetensors", "a")
    weights(tmp_path / "two" / "b.safetensors", "b")
    with pytest.raises(FormatError, match="no weights"):
        read_folder(tmp_path / "two")


def test_folders_that_hold_no_model(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no weights"):
        read_folder(folder(tmp_path))
    with pytest.raises(FormatError, match="no folder"):
        read_folder(tmp_path / "missing")
    with pytest.raises(FormatError, match="no index"):
        read_folder(folder(tmp_path, [1]))


@pytest.mark.parametrize("name", ["..", "../other", "/etc", "C:\\x", ""])
def test_components_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="not allowed"):
        read_folder(folder(tmp_path, {name: ["diffusers", "UNet"]}))


def test_components_may_not_be_links_elsewhere(tmp_path: Path) -> None:
    root = tmp_path / "model"
    root.mkdir()
    weights(tmp_path / "other" / "deep" / "model.safetensors", "w")
    (root / "unet").symlink_to(tmp_path / "other" / "deep")
    with pytest.raises(FormatError, match="outside"):
        read_folder(folder(root))


NAMES = st.sampled_from(["unet", "vae", "tokenizer", "..", "", "/", "model_index.json"]) | st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(listing=st.dictionaries(NAMES, VALUES, max_size=4), raw=st.binary(max_size=40))
def test_any_index_of_a_folder(
    tmp_path_factory: pytest.TempPathFactory, listing: object, raw: bytes
) -> None:
    root = tmp_path_factory.getbasetemp() / "any folder"
    weights(root / "unet" / "diffusion_pytorch_model.safetensors", "u")
    for data in (json.dumps(listing).encode(), raw, b'{"unet":' + raw):
        (root / "model_index.json").write_bytes(data)
        with suppress(FormatError):
            assert [name for name, _ in read_folder(root)] == ["unet"]
