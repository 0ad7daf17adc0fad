"""Saving from PyTorch files and shards: the same bytes as the tensors, whatever form they have."""

import json
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ckpt_studio.core.errors import FormatError, SourceChangedError
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.opening import Library, open_checkpoint
from ckpt_studio.engine.writing import write
from tests.making.plans import copy_plan, plan_for

VALUES = {
    "plain": torch.arange(3_000_000, dtype=torch.float32).view(1000, 3000),
    "transposed": torch.arange(12, dtype=torch.bfloat16).view(3, 4).T,
    "conv": torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last),
    "expanded": torch.tensor([1.5]).expand(7),
    "scalar": torch.tensor(4.6, dtype=torch.float16),
    "empty": torch.empty(0, 3),
}


def deflate(path: Path) -> Path:
    packed = path.with_name("packed.ckpt")
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return packed


@pytest.mark.parametrize("form", ["zip", "legacy", "deflated"])
def test_a_ckpt_saved_as_safetensors(tmp_path: Path, form: str) -> None:
    path = tmp_path / "m.ckpt"
    torch.save(
        {"state_dict": VALUES, "epoch": 1}, path, _use_new_zipfile_serialization=form != "legacy"
    )
    opened = open_checkpoint(deflate(path) if form == "deflated" else path)
    write(copy_plan(opened.checkpoint, tmp_path / "out.safetensors"))
    found = load_file(tmp_path / "out.safetensors")
    assert set(found) == set(VALUES)
    assert all(torch.equal(found[name], value) for name, value in VALUES.items())


def test_values_of_a_compressed_tensor_are_converted(tmp_path: Path) -> None:
    torch.save(VALUES, tmp_path / "m.ckpt")
    source = open_checkpoint(deflate(tmp_path / "m.ckpt")).checkpoint
    rows = {name: cast(read(0, source.tensors[name]), DType.BF16) for name in ("plain", "conv")}
    write(plan_for((source,), rows, tmp_path / "out.safetensors"))
    found = load_file(tmp_path / "out.safetensors")
    assert all(torch.equal(found[name], VALUES[name].bfloat16()) for name in rows)


def test_compressed_data_that_are_damaged_stop_the_save(tmp_path: Path) -> None:
    torch.save(VALUES, tmp_path / "m.ckpt")
    path = deflate(tmp_path / "m.ckpt")
    data = bytearray(path.read_bytes())
    at = data.index(b"/data/0") + 40
    data[at : at + 3000] = bytes(3000)
    path.write_bytes(data)
    plan = copy_plan(open_checkpoint(path).checkpoint, tmp_path / "out.safetensors")
    with pytest.raises(FormatError, match="compressed data"):
        write(plan)
    assert not (tmp_path / "out.safetensors").exists()


def shards(folder: Path) -> Path:
    names = [f"m-0000{number}-of-00002.safetensors" for number in (1, 2)]
    save_file({"a": torch.ones(4)}, folder / names[0])
    save_file({"b": torch.zeros(3), "c": torch.eye(2)}, folder / names[1])
    index = folder / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": dict(zip("abc", (*names, names[1]), strict=True))}))
    return index


def test_shards_saved_as_one_file(tmp_path: Path) -> None:
    source = open_checkpoint(shards(tmp_path)).checkpoint
    write(copy_plan(source, tmp_path / "out.safetensors"))
    found = load_file(tmp_path / "out.safetensors")
    assert torch.equal(found["a"], torch.ones(4))
    assert torch.equal(found["b"], torch.zeros(3))
    assert torch.equal(found["c"], torch.eye(2))


def test_a_set_is_opened_again_when_one_of_its_files_changes(tmp_path: Path) -> None:
    library = Library()
    index = shards(tmp_path)
    first = library.open(index)
    assert library.open(index) is first
    second = tmp_path / "m-00002-of-00002.safetensors"
    save_file({"b": torch.zeros(9), "c": torch.eye(2)}, second)
    assert library.open(index).checkpoint.tensors["b"].shape == (9,)
    with pytest.raises(SourceChangedError):
        write(copy_plan(first.checkpoint, tmp_path / "out.safetensors"))
    second.unlink()
    with pytest.raises(FormatError, match=second.name):
        library.open(index)
