from pathlib import Path

import pytest

from ckpt_studio.core.output_kinds import OutputKind, kind_of, models_folder, with_kind
from ckpt_studio.core.recipe import Layout, Output

FILE = Path("/comfy/models/checkpoints/mine.v2.safetensors")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (OutputKind.SAFETENSORS, FILE),
        (OutputKind.CKPT, FILE.with_suffix(".ckpt")),
        (OutputKind.SHARDS, FILE),
        (OutputKind.DIFFUSERS, FILE.with_suffix("")),
        (OutputKind.PARTS, Path("/comfy/models")),
    ],
)
def test_the_path_follows_the_kind(kind, path):
    output = with_kind(Output(path=FILE, overwrite=True), kind)
    assert (output.path, output.overwrite) == (path, False)
    assert kind_of(output) is kind


@pytest.mark.parametrize("kind", [OutputKind.CKPT, OutputKind.SHARDS, OutputKind.DIFFUSERS])
def test_one_file_comes_back_from_the_other_kinds(kind):
    there = with_kind(Output(path=FILE), kind, 10**9)
    assert there.shard_bytes == (10**9 if kind is OutputKind.SHARDS else 0)
    assert with_kind(there, OutputKind.SAFETENSORS) == Output(path=FILE)


def test_the_ending_alone_makes_a_pytorch_file():
    assert kind_of(Output(path=Path("a.pt"))) is OutputKind.CKPT
    assert kind_of(Output(path=Path("a.pt"), layout=Layout.PARTS)) is OutputKind.PARTS
    assert kind_of(Output()) is OutputKind.SAFETENSORS


def test_the_models_folder_is_above_the_folders_of_the_kinds():
    assert models_folder(Path("/comfy/models/Checkpoints")) == Path("/comfy/models")
    assert models_folder(Path("/my/files")) == Path("/my/files")
    assert models_folder(Path("/vae")) == Path("/vae")
