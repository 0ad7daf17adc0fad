"""Outputs are named as ComfyUI names them."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.recipe import Layout, Output
from ckpt_studio.engine.output_names import next_output_path, resolve

NOW = datetime(2026, 3, 7, 9, 5, 1, tzinfo=UTC)


def named(folder, prefix="checkpoints/ComfyUI"):
    made = next_output_path(prefix, folder, now=NOW)
    return str(made.path.relative_to(folder)), made.title


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_the_first_number_and_the_title(tmp_path):
    assert named(tmp_path) == ("checkpoints/ComfyUI_00001_.safetensors", "ComfyUI 1")


def test_the_next_number_counts_any_ending_but_not_other_names(tmp_path):
    touch(tmp_path / "checkpoints", "ComfyUI_00007_.png", "ComfyUI_extra_00099_", "ComfyUIx_00050_")
    assert named(tmp_path)[0] == "checkpoints/ComfyUI_00008_.safetensors"
    touch(tmp_path / "checkpoints", "ComfyUI_000123_")
    assert named(tmp_path)[0] == "checkpoints/ComfyUI_00124_.safetensors"


def test_tokens_are_filled_in_and_unknown_ones_stay(tmp_path):
    prefix = "%year%-%month%-%day%_%hour%%minute%%second%_%width%_%date:yyyy%"
    assert named(tmp_path, prefix)[0] == "2026-03-07_090501_0_%date:yyyy%_00001_.safetensors"


@pytest.mark.parametrize(
    ("prefix", "path"),
    [("sub/", "sub_00001_"), ("a/b/../c", "a/c_00001_"), ("", "._00001_")],
)
def test_odd_prefixes(tmp_path, prefix, path):
    assert named(tmp_path, prefix)[0] == f"{path}.safetensors"


@pytest.mark.parametrize("prefix", ["../x", "/etc/x", "a/../../x"])
def test_a_prefix_may_not_leave_the_folder(tmp_path, prefix):
    with pytest.raises(PlanError, match="leads out"):
        named(tmp_path, prefix)


def test_a_path_gets_its_ending_once(tmp_path):
    assert resolve(Output(path=tmp_path / "a.b")).path.name == "a.b.safetensors"
    assert resolve(Output(path=tmp_path / "a.SFT")).path.name == "a.SFT"
    assert resolve(Output()) is None


@pytest.mark.parametrize("name", ["con", "a?b", "x.", "aux.safetensors", "a:b", "a\x1bb"])
def test_names_that_windows_refuses(name):
    with pytest.raises(PlanError, match="cannot be the name"):
        resolve(Output(path=Path("folder") / name))


def test_other_containers_are_refused():
    with pytest.raises(PlanError, match="GGUF"):
        resolve(Output(path=Path("a.gguf")))


@pytest.mark.parametrize("prefix", ["a:b", "con/x", "x./y", "a\nb"])
def test_a_prefix_follows_the_same_rule(tmp_path, prefix):
    with pytest.raises(PlanError, match="cannot be the name"):
        named(tmp_path, prefix)


@pytest.mark.parametrize("path", [".", "..", "/", "here"])
def test_a_folder_is_no_name(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    with pytest.raises(PlanError, match="is a folder"):
        resolve(Output(path=Path(path)))


@pytest.mark.skipif(os.name == "nt", reason="devices of POSIX")
def test_a_device_is_no_file():
    with pytest.raises(PlanError, match="null is a device"):
        resolve(Output(path=Path(os.devnull)))


def test_an_index_names_the_file_that_is_split(tmp_path):
    index = tmp_path / "flux.safetensors.index.json"
    assert resolve(Output(path=index, shard_bytes=9)).path.name == "flux.safetensors"
    assert resolve(Output(path=tmp_path / "flux", shard_bytes=9)).path.name == "flux.safetensors"


def test_a_folder_of_a_model_has_no_ending(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    diffusers = Output(layout=Layout.DIFFUSERS)
    for path in (tmp_path / "flux.1", tmp_path, Path()):
        named = resolve(replace(diffusers, path=path))
        assert (named.path, named.title) == (path, path.absolute().name)
    assert resolve(replace(diffusers, folder=tmp_path)).path.name == "ComfyUI_00001_"
    with pytest.raises(PlanError, match="cannot be the name"):
        resolve(replace(diffusers, path=tmp_path / "a?"))


@pytest.mark.parametrize(
    "output",
    [
        Output(path=Path("ä" * 123 + ".safetensors")),
        Output(path=Path("x" * 244)),
        Output(path=Path("x" * 232 + ".safetensors"), shard_bytes=1),
        Output(path=Path("x" * 256), layout=Layout.DIFFUSERS),
        Output(folder=Path(), prefix="x" * 240),
        Output(folder=Path(), prefix="x" * 256 + "/y"),
    ],
)
def test_a_name_that_no_disk_holds_is_refused(output):
    with pytest.raises(PlanError, match="too long"):
        resolve(output)


def test_the_longest_names_are_taken(tmp_path):
    (tmp_path / ("x" * 255)).touch()
    assert resolve(Output(path=tmp_path / ("x" * 243)))
    assert resolve(Output(path=tmp_path / ("x" * 228), shard_bytes=1))
