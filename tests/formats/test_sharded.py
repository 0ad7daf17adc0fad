"""Models in several files: found by any name, complete, and never outside their folder."""

import json
import os
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.opening import read_any
from tests.making.plans import write_source
from tests.making.torch_files import bytes_of

INDEX = "model.safetensors.index.json"


def shard(number: int, count: int = 2, stem: str = "model", kind: str = "safetensors") -> str:
    return f"{stem}-{number:05}-of-{count:05}.{kind}"


def write_shards(folder: Path, *, index: bool = True) -> Path:
    write_source(folder / shard(1), {"a": ("U8", [2], b"\1\2")}, {"format": "pt"})
    write_source(folder / shard(2), {"b": ("F16", [2], b"bbbb"), "c": ("U8", [1], b"c")})
    if index:
        write_index(folder, {"a": shard(1), "b": shard(2), "c": shard(2)})
    return folder / INDEX


def write_index(folder: Path, weight_map: object) -> Path:
    path = folder / INDEX
    path.write_text(json.dumps({"metadata": {"total_size": 7}, "weight_map": weight_map}))
    return path


def assert_whole(found: Checkpoint, folder: Path) -> None:
    assert found.container == "sharded"
    assert [file.path.name for file in found.files] == [shard(1), shard(2)]
    assert [bytes_of(found, name) for name in "abc"] == [b"\1\2", b"bbbb", b"c"]
    assert found.size == sum((folder / shard(number)).stat().st_size for number in (1, 2))
    assert found.metadata == {"format": "pt"}
    assert found.problems == ()


def refusal(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        read_any(path)
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize("name", [INDEX, shard(1), shard(2)])
def test_a_set_is_found_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    write_shards(tmp_path)
    assert_whole(read_any(tmp_path / name), tmp_path)


def test_a_set_without_an_index(tmp_path: Path) -> None:
    write_shards(tmp_path, index=False)
    assert_whole(read_any(tmp_path / shard(2)), tmp_path)


@pytest.mark.parametrize(
    ("file", "index"),
    [
        ("m.fp16-00001-of-00001.safetensors", "m.safetensors.index.fp16.json"),
        ("m.fp16-00001-of-00001.safetensors", "m.safetensors.fp16.index.json"),
        ("m-00001-of-00001.fp16.safetensors", "m.safetensors.fp16.index.json"),
        ("m-00001-of-00001.fp16.safetensors", "m.safetensors.index.fp16.json"),
    ],
)
def test_variants(tmp_path: Path, file: str, index: str) -> None:
    write_source(tmp_path / file, {"a": ("U8", [1], b"a")})
    (tmp_path / index).write_text(json.dumps({"weight_map": {"a": file, "lost": file}}))
    assert "lost" in refusal(tmp_path / file)
    assert "lost" in refusal(tmp_path / index)


def test_shards_that_are_pickles(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(3)}, tmp_path / shard(1, stem="pytorch_model", kind="bin"))
    torch.save({"b": torch.eye(3).T[:2].T}, tmp_path / shard(2, stem="pytorch_model", kind="bin"))
    found = read_any(tmp_path / shard(1, stem="pytorch_model", kind="bin"))
    assert bytes_of(found, "a") == torch.arange(3).numpy().tobytes()
    assert bytes_of(found, "b") == torch.eye(3)[:, :2].contiguous().numpy().tobytes()
    assert found.tensors["b"].shard == 2


def test_missing_shards_are_named(tmp_path: Path) -> None:
    write_shards(tmp_path)
    (tmp_path / shard(2)).unlink()
    assert shard(2) in refusal(tmp_path / INDEX)
    (tmp_path / INDEX).unlink()
    assert shard(2) in refusal(tmp_path / shard(1))


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    write_shards(tmp_path)
    (tmp_path / shard(2)).write_bytes(b"")
    assert shard(2) in refusal(tmp_path / INDEX)


def test_tensors_that_are_missing_double_or_not_listed(tmp_path: Path) -> None:
    write_shards(tmp_path)
    write_index(tmp_path, {"a": shard(1), "b": shard(2), "c": shard(2), "lost": shard(1)})
    assert "lost" in refusal(tmp_path / INDEX)
    write_index(tmp_path, {"a": shard(1), "b": shard(2)})
    found = read_any(tmp_path / INDEX)
    assert set(found.tensors) == {"a", "b", "c"}
    assert found.problems[0].message.endswith("does not list: c")
    write_source(tmp_path / shard(1), {"a": ("U8", [1], b"a"), "c": ("U8", [1], b"X")})
    write_index(tmp_path, {"a": shard(1), "b": shard(2), "c": shard(2)})
    found = read_any(tmp_path / INDEX)
    assert bytes_of(found, "c") == b"c"
    assert "Both of two shards" in found.problems[0].message
    (tmp_path / INDEX).unlink()
    assert "duplicate" in refusal(tmp_path / shard(1))


def test_shards_that_the_index_leaves_out(tmp_path: Path) -> None:
    write_shards(tmp_path)
    write_index(tmp_path, {"a": shard(1)})
    found = read_any(tmp_path / INDEX)
    assert set(found.tensors) == {"a"}
    assert shard(2) in found.problems[0].message


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "./", " ", "/etc/passwd", "../x.safetensors", "sub/x.safetensors"),
        *("C:\\x", "C:x", "\\\\server\\share\\x", "..\\x", "a\0b", "x" * 300, "//host/x"),
    ],
)
def test_paths_never_leave_the_folder(tmp_path: Path, name: str) -> None:
    assert "not allowed" in refusal(write_index(tmp_path, {"a": name}))


def test_links_stay_in_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    folder = tmp_path / "model"
    outside.mkdir()
    folder.mkdir()
    write_shards(folder)
    (folder / shard(1)).rename(folder / "renamed")
    (folder / shard(1)).symlink_to("renamed")
    assert set(read_any(folder / INDEX).tensors) == {"a", "b", "c"}
    (folder / "renamed").rename(outside / "x")
    (folder / shard(1)).unlink()
    (folder / shard(1)).symlink_to(outside / "x")
    assert "outside" in refusal(folder / INDEX)
    (folder / shard(1)).unlink()
    (folder / shard(1)).symlink_to(shard(1))
    assert shard(1) in refusal(folder / INDEX)


@pytest.mark.parametrize("as_text", [True, False])
def test_the_links_of_a_download_cache(tmp_path: Path, as_text: bool) -> None:
    blobs = tmp_path / "models--x" / "blobs"
    folder = tmp_path / "models--x" / "snapshots" / "abc" / "unet"
    blobs.mkdir(parents=True)
    folder.mkdir(parents=True)
    write_shards(folder)
    for number in (1, 2):
        blob = f"{number}" * 64
        (folder / shard(number)).rename(blobs / blob)
        target = f"../../../blobs/{blob}"
        if as_text:
            (folder / shard(number)).write_text(target)
        else:
            (folder / shard(number)).symlink_to(target)
    found = read_any(folder / INDEX)
    assert [bytes_of(found, name) for name in "abc"] == [b"\1\2", b"bbbb", b"c"]


def test_folders_and_pipes_in_place_of_shards(tmp_path: Path) -> None:
    write_shards(tmp_path)
    (tmp_path / shard(1)).unlink()
    (tmp_path / shard(1)).mkdir()
    assert "is a folder" in refusal(tmp_path / INDEX)
    if hasattr(os, "mkfifo"):
        (tmp_path / shard(1)).rmdir()
        os.mkfifo(tmp_path / shard(1))
        assert "is a pipe" in refusal(tmp_path / INDEX)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("[]", "a list"),
        ("[" * 100_000, "a list"),
        ('{"a":' + "[" * 100_000, "deep"),
        ("{}", "weight_map"),
        ('{"weight_map": []}', "weight_map"),
        ('{"weight_map": {}}', "weight_map"),
        ('{"weight_map": {"a": 1}}', "a number"),
        ('{"weight_map": {"a": "x"}, "weight_map": {"a": "y"}}', "duplicate"),
        ('{"weight_map": {"a": "x", "a": "y"}}', "duplicate"),
        ('{"weight_map": {"a": "x"}', "missing"),
        ('{"weight_map": {"a": "x"}} x', "follows"),
        ('{"weight_map": {"a": "\\ud800"}}', "surrogate"),
        ('{"n": NaN}', "NaN"),
    ],
)
def test_every_rule_of_the_index(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / INDEX).write_text(text)
    said = refusal(tmp_path / INDEX)
    assert word in said
    assert said.startswith(INDEX)


def test_numbers_that_no_set_has(tmp_path: Path) -> None:
    for number, count in ((3, 2), (1, 0), (1, 99_999)):
        write_source(tmp_path / shard(number, count), {"a": ("U8", [1], b"a")})
        assert "number" in refusal(tmp_path / shard(number, count))


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ),
    raw=st.binary(max_size=30),
)
def test_any_index(tmp_path_factory: pytest.TempPathFactory, value: object, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / INDEX
    for data in (json.dumps({"weight_map": value}).encode(), raw, b'{"weight_map":' + raw):
        path.write_bytes(data)
        with pytest.raises(FormatError):
            read_any(path)
