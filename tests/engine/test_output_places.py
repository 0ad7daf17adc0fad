"""What stands at the place of a set is seen before it is written."""

from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.plan import Plan
from ckpt_studio.engine.output_places import beside_shards, place_problems
from ckpt_studio.engine.writing import write
from tests.making.sets import folder_plan, shard, shard_plan, source_with


@pytest.fixture
def source(tmp_path: Path) -> Checkpoint:
    return source_with(tmp_path)


def said(plan: Plan) -> list[str]:
    assert plan.output
    return [problem.code for problem in place_problems(plan, plan.output)]


def test_a_new_or_empty_folder_is_a_good_place(source: Checkpoint, tmp_path: Path) -> None:
    assert said(folder_plan(source, tmp_path / "a" / "model")) == []
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / ".x.0123.cstudio-tmp").touch()  # of a save that was killed
    plan = folder_plan(source, tmp_path / "model")
    assert said(plan) == []
    write(plan)
    assert said(plan) == ["not-empty"]
    assert said(replace(plan, overwrite=True)) == ["not-empty"]


def test_a_file_is_no_folder(source: Checkpoint) -> None:
    assert said(folder_plan(source, source.path)) == ["not-folder"]
    assert said(folder_plan(source, source.path / "model")) == ["not-folder"]


def test_every_file_of_a_set_is_looked_at(source: Checkpoint, tmp_path: Path) -> None:
    plan = shard_plan(source, tmp_path / "out.safetensors")
    allowed = replace(plan, overwrite=True)
    assert said(plan) == []
    (tmp_path / shard(3, 3)).touch()
    assert (said(plan), said(allowed)) == (["exists"], [])
    (tmp_path / shard(3, 3)).unlink()
    (tmp_path / shard(8, 9)).touch()
    assert (said(plan), said(allowed)) == (["exists"], [])
    (tmp_path / shard(2, 3)).mkdir()
    assert said(allowed) == ["is-folder"]


def test_a_single_file_of_that_name_is_told(source: Checkpoint, tmp_path: Path) -> None:
    plan = shard_plan(source, tmp_path / "out.safetensors")
    assert beside_shards(plan) == []
    (tmp_path / "out.safetensors").touch()
    assert [problem.code for problem in beside_shards(plan)] == ["plain-beside"]


def test_older_shards_forbid_one_file_of_their_name(source: Checkpoint, tmp_path: Path) -> None:
    plan = shard_plan(source, tmp_path / "out.safetensors", limit=99, overwrite=True)
    (tmp_path / "out.safetensors.index.json").touch()
    assert said(plan) == ["older-set"]
