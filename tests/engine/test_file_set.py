"""A set of files is written as one: shards with their index, or the folder of a model."""

import hashlib
import json
import os
import shutil
import struct
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import safe_open

from ckpt_studio.core.assembly.sharding import sharded
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import OverflowFoundError, PlanError, WriteError
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.plan import OnOverflow, Plan
from ckpt_studio.core.progress import Progress
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.isolated import write_isolated
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.opening import read_any
from tests.making.faults import contents
from tests.making.plans import copy_plan, data_of, dtype_of, plan_for, write_source
from tests.making.sets import folder_plan, shard, shard_names, shard_plan, source_with

ALL = WriteOptions(hashes=True, verify=True)


@pytest.fixture
def source(tmp_path: Path) -> Checkpoint:
    return source_with(tmp_path)


@pytest.mark.parametrize("write_it", [write, write_isolated])
def test_shards_have_every_byte_and_the_report_names_them(
    source: Checkpoint, tmp_path: Path, write_it
) -> None:
    plan = shard_plan(source, tmp_path / "new" / "out.safetensors")
    report = write_it(plan, ALL)
    folder = tmp_path / "new"
    assert sorted(contents(folder)) == sorted(shard_names(3))
    assert report.path == plan.output == folder / "out.safetensors.index.json"
    assert [file.path.name for file in report.files] == shard_names(3)
    for file in report.files:
        assert file.bytes == file.path.stat().st_size
    for file in report.files[:3]:
        assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert report.bytes == sum(file.bytes for file in report.files)
    assert (report.copied, report.converted, report.verified) == (3, 0, True)
    assert [data_of(folder / shard(n + 1, 3), f"t{n}") for n in range(3)] == [
        bytes([n] * 8) for n in range(3)
    ]


def test_the_reference_reader_and_the_index_agree(source: Checkpoint, tmp_path: Path) -> None:
    write(shard_plan(source, tmp_path / "out.safetensors", limit=16))
    index = json.loads((tmp_path / "out.safetensors.index.json").read_text())
    found = {}
    for name in set(index["weight_map"].values()):
        with safe_open(tmp_path / name, "np") as file:
            assert file.metadata()["format"] == "pt"
            found |= {key: (name, file.get_tensor(key).tobytes()) for key in file.keys()}  # noqa: SIM118 - no mapping
    assert {key: name for key, (name, _) in found.items()} == index["weight_map"]
    assert found["t2"] == (shard(2, 2), b"\2" * 8)
    assert index["metadata"]["total_size"] == 24


@pytest.mark.parametrize("metadata", [{}, {"prompt": "{}", "ü": "✓"}, {"format": "pt", "k": "v"}])
def test_one_file_comes_back_byte_for_byte(
    source: Checkpoint, tmp_path: Path, metadata: dict[str, str]
) -> None:
    rows = {name: read(0, info) for name, info in source.tensors.items()}
    single = tmp_path / "single.safetensors"
    write(plan_for((source,), rows, single, metadata=metadata))
    write(shard_plan(read_any(single), tmp_path / "out.safetensors"))
    merged = tmp_path / "merged.safetensors"
    write(copy_plan(read_any(tmp_path / "out.safetensors.index.json"), merged))
    assert merged.read_bytes() == single.read_bytes()


def test_a_large_workflow_is_stored_once(source: Checkpoint, tmp_path: Path) -> None:
    plan = replace(copy_plan(source, tmp_path / "out.safetensors"), metadata={"prompt": "x" * 9999})
    write(sharded(plan, 8))
    sizes = [(tmp_path / shard(n, 3)).stat().st_size for n in (1, 2, 3)]
    assert sizes[0] > 9999 > sizes[1] == sizes[2]
    assert read_any(tmp_path / shard(2, 3)).metadata == plan.metadata


def test_the_folder_of_a_model(source: Checkpoint, tmp_path: Path) -> None:
    plan = folder_plan(source, tmp_path / "a" / "model")
    report = write(plan, ALL)
    root = tmp_path / "a" / "model"
    assert sorted(contents(root)) == [
        *("model_index.json", "unet", "unet/config.json", "unet/model.safetensors"),
        *("vae", "vae/config.json", "vae/model.safetensors"),
    ]
    assert (root / "unet/config.json").read_text() == '{"a": 1}'
    assert read_any(root / "vae" / "model.safetensors").metadata == {"format": "pt"}
    assert data_of(root / "unet" / "model.safetensors", "T0") == bytes(8)
    assert report.path == root
    assert report.files[-1].path in {root / name for name in plan.texts}


def test_a_folder_has_to_be_new_or_empty(source: Checkpoint, tmp_path: Path) -> None:
    root = tmp_path / "model"
    root.mkdir()
    write(folder_plan(source, root))
    before = contents(root)
    for overwrite in (False, True):
        with pytest.raises(WriteError, match="model is not an empty folder"):
            write(replace(folder_plan(source, root), overwrite=overwrite))
    assert contents(root) == before


@pytest.mark.parametrize(
    "name", ["../x.safetensors", "/x.safetensors", "a\\b", "c:x", "", "a/../../b"]
)
def test_names_never_lead_out_of_the_folder(source: Checkpoint, tmp_path: Path, name: str) -> None:
    plan = folder_plan(source, tmp_path / "model")
    first, *others = plan.tensors
    with pytest.raises(PlanError, match="cannot be the name"):
        write(replace(plan, tensors=(replace(first, file=name), *others)))
    with pytest.raises(PlanError, match="cannot be the name"):
        write(replace(plan, texts={name: "x"}))
    assert sorted(contents(tmp_path)) == ["source.safetensors"]


def test_an_old_set_stays_until_replacing_is_allowed(source: Checkpoint, tmp_path: Path) -> None:
    write(shard_plan(source, tmp_path / "out.safetensors", limit=8))
    before = contents(tmp_path)
    for limit in (8, 16):
        with pytest.raises(WriteError, match="is there already"):
            write(shard_plan(source, tmp_path / "out.safetensors", limit=limit))
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("old", "new"), [(5, 3), (3, 5), (3, 3)])
def test_a_new_set_replaces_all_of_the_old_one(tmp_path: Path, old: int, new: int) -> None:
    write(shard_plan(source_with(tmp_path, old), tmp_path / "out.safetensors"))
    (tmp_path / "other-00001-of-00009.safetensors").write_bytes(b"not ours")
    second = source_with(tmp_path, new, "second.safetensors")
    write(shard_plan(second, tmp_path / "out.safetensors", overwrite=True))
    assert sorted(contents(tmp_path)) == sorted(
        [
            *shard_names(new),
            *("other-00001-of-00009.safetensors", "second.safetensors", "source.safetensors"),
        ]
    )
    found = read_any(tmp_path / "out.safetensors.index.json")
    assert list(found.tensors) == [f"t{n}" for n in range(new)]
    assert found.problems == ()


@pytest.mark.parametrize("limit", [8, 16])
def test_the_source_may_be_the_set_that_is_replaced(tmp_path: Path, limit: int) -> None:
    write(shard_plan(source_with(tmp_path), tmp_path / "out.safetensors"))
    found = read_any(tmp_path / "out.safetensors.index.json")
    rows = {f"new.{name}": read(0, info) for name, info in found.tensors.items()}
    plan = plan_for((found,), rows, tmp_path / "out.safetensors", overwrite=True)
    write(sharded(plan, limit))
    again = read_any(tmp_path / "out.safetensors.index.json")
    assert list(again.tensors) == list(rows)
    assert len(again.files) == 24 // limit + bool(24 % limit)


def test_properties_and_links_of_old_shards_are_kept(source: Checkpoint, tmp_path: Path) -> None:
    write(shard_plan(source, tmp_path / "out.safetensors"))
    first, real = tmp_path / shard(1, 3), tmp_path / "blob"
    first.rename(real)
    first.symlink_to(real.name)
    real.chmod(0o604)
    write(shard_plan(source, tmp_path / "out.safetensors", overwrite=True))
    assert first.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o604
    assert data_of(real, "t0") == bytes(8)


def test_two_names_of_one_file_are_refused(source: Checkpoint, tmp_path: Path) -> None:
    write(shard_plan(source, tmp_path / "out.safetensors"))
    (tmp_path / shard(2, 3)).unlink()
    (tmp_path / shard(2, 3)).symlink_to(shard(1, 3))
    before = contents(tmp_path)
    with pytest.raises(WriteError, match="is a link to another file of the set"):
        write(shard_plan(source, tmp_path / "out.safetensors", overwrite=True))
    assert contents(tmp_path) == before


def test_progress_counts_once_to_the_end(source: Checkpoint, tmp_path: Path) -> None:
    for options, phase in ((WriteOptions(), "Writing"), (ALL, "Writing and checking")):
        seen: list[Progress] = []
        plan = shard_plan(source, tmp_path / f"{phase}.safetensors")
        write(plan, options, progress=seen.append)
        done = [each.done for each in seen]
        assert done == sorted(done)
        assert {each.total for each in seen} == {done[-1]}
        assert {each.phase for each in seen} == {phase}


def hot_plan(folder: Path, on_overflow: OnOverflow, limit: int = 4) -> Plan:
    """Half precision for four tensors, two of which do not fit; one holds infinity."""
    values = {"a": (1, 2), "b": (1e9, 1), "c": (7e4, 1), "d": (float("inf"), 0)}
    source = write_source(
        folder / "hot.safetensors",
        {name: ("F32", [2], struct.pack("<2f", *pair)) for name, pair in values.items()},
    )
    rows = {name: cast(read(0, info), DType.F16) for name, info in source.tensors.items()}
    plan = plan_for((source,), rows, folder / "out.safetensors", on_overflow=on_overflow)
    return sharded(plan, limit)


def test_overflow_in_any_shard_saves_nothing_and_names_all(tmp_path: Path) -> None:
    with pytest.raises(OverflowFoundError) as caught:
        write(hot_plan(tmp_path, OnOverflow.ERROR))
    assert caught.value.message.startswith("2 values are too large for F16 in 2 tensors: b (1, up")
    assert sorted(contents(tmp_path)) == ["hot.safetensors"]


def test_overflow_can_be_clamped_in_every_shard(tmp_path: Path) -> None:
    report = write(hot_plan(tmp_path, OnOverflow.CLAMP))
    assert [item.name for item in report.overflowed] == ["b", "c"]
    assert [(p.code, p.names) for p in report.problems] == [("invalid-numbers", ("d",))]
    assert data_of(tmp_path / shard(3, 4), "c") == struct.pack("<2e", 65504, 1)


def test_tensors_that_keep_their_precision_fill_the_shards_anew(tmp_path: Path) -> None:
    plan = hot_plan(tmp_path, OnOverflow.KEEP, limit=8)
    assert len(plan.files) == 2
    report = write(plan)
    assert report.kept == ("b", "c")
    assert sorted(contents(tmp_path)) == sorted(["hot.safetensors", *shard_names(3)])
    found = read_any(report.path)
    assert list(found.tensors) == ["b", "c", "a", "d"]
    assert dtype_of(tmp_path / shard(1, 3), "b") is DType.F32


def test_one_file_becomes_a_set_when_what_is_kept_does_not_fit(tmp_path: Path) -> None:
    plan = hot_plan(tmp_path, OnOverflow.KEEP, limit=16)
    assert not plan.files
    report = write(plan)
    assert report.path == tmp_path / "out.safetensors.index.json"
    assert len(report.files) == 3


def test_new_files_follow_the_umask(source: Checkpoint, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(shard_plan(source, tmp_path / "out.safetensors"))
    finally:
        os.umask(before)
    modes = {(tmp_path / name).stat().st_mode & 0o777 for name in shard_names(3)}
    assert modes == {0o640}


def test_a_shard_may_be_a_link_to_another_disk(source: Checkpoint, tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second disk")
    write(shard_plan(source, tmp_path / "out.safetensors"))
    with tempfile.TemporaryDirectory(dir=other) as elsewhere:
        blob = Path(elsewhere) / "blob"
        shutil.move(tmp_path / shard(2, 3), blob)
        (tmp_path / shard(2, 3)).symlink_to(blob)
        write(shard_plan(source, tmp_path / "out.safetensors", overwrite=True))
        assert (tmp_path / shard(2, 3)).is_symlink()
        assert data_of(blob, "t1") == b"\1" * 8
        assert [path.name for path in Path(elsewhere).iterdir()] == ["blob"]
