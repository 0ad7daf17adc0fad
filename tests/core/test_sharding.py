"""An output is split as Hugging Face splits it: names, index, order."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.assembly.sharding import (
    MOST_FILES,
    file_metadata,
    older_shards,
    sharded,
    whole,
    without_added,
)
from ckpt_studio.core.expr import Constant
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.tensors import DType

OUT = Path("/models/flux.safetensors")


def row(name, size, file=""):
    return PlannedTensor(name, Constant(DType.U8, (size,), bytes(size)), file=file)


def plan(*sizes, output=OUT, metadata=None):
    rows = tuple(row(f"t{number}", size) for number, size in enumerate(sizes))
    return Plan("save", (), rows, metadata or {}, output=output)


def sizes(made):
    return [[item.nbytes for item in rows] for rows in made.files.values()]


def test_shards_are_filled_in_order_and_the_index_says_where_each_tensor_is():
    made = sharded(plan(3, 3, 5, 1), 6)
    assert sizes(made) == [[3, 3], [5, 1]]
    names = ["flux-00001-of-00002.safetensors", "flux-00002-of-00002.safetensors"]
    assert list(made.files) == names
    assert made.output == OUT.with_name("flux.safetensors.index.json")
    assert made.folder == OUT.parent
    assert json.loads(made.texts["flux.safetensors.index.json"]) == {
        "metadata": {"total_size": 12},
        "weight_map": {"t0": names[0], "t1": names[0], "t2": names[1], "t3": names[1]},
    }
    assert made.bytes == 12 + len(made.texts["flux.safetensors.index.json"])


def test_a_tensor_larger_than_the_limit_is_alone():
    assert sizes(sharded(plan(2, 9, 2, 0), 4)) == [[2], [9], [2, 0]]


def test_what_fits_stays_one_plain_file():
    made = sharded(plan(2, 2), 4)
    assert (made.files, made.texts, made.output) == ({}, {}, OUT)
    assert made.tensors == plan(2, 2).tensors


def test_each_file_of_a_folder_is_split_by_itself():
    rows = (row("a", 3, "unet/m.safetensors"), row("b", 3, "unet/m.safetensors"))
    rows = (*rows, row("a", 3, "vae/m.safetensors"))
    texts = {"model_index.json": "{}"}
    folder = Plan("save", (), rows, {}, output=Path("/models/flux"), texts=texts)
    made = sharded(folder, 4)
    assert list(made.files) == [
        "unet/m-00001-of-00002.safetensors",
        "unet/m-00002-of-00002.safetensors",
        "vae/m.safetensors",
    ]
    assert made.output == made.folder == Path("/models/flux")
    assert json.loads(made.texts["unet/m.safetensors.index.json"])["weight_map"] == {
        "a": "m-00001-of-00002.safetensors",
        "b": "m-00002-of-00002.safetensors",
    }
    assert whole(made) == replace(folder, shard_bytes=4)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=20), st.integers(1, 15))
def test_splitting_again_gives_the_same_and_nothing_is_lost(sizes_of_rows, limit):
    start = plan(*sizes_of_rows)
    made = sharded(start, limit)
    assert [item.name for item in made.tensors] == [item.name for item in start.tensors]
    assert sharded(made, limit) == made
    assert whole(made) == replace(start, shard_bytes=limit)
    assert all(sum(group) <= limit or len(group) == 1 for group in sizes(made))


@pytest.mark.parametrize("metadata", [{}, {"prompt": "{}"}, {"format": "pt", "k": "v"}])
def test_metadata_is_in_the_first_shard_and_every_shard_has_its_format(metadata):
    made = sharded(plan(1, 1, 1, metadata=metadata), 1)
    first, *others = file_metadata(made).values()
    assert first["format"] == "pt"
    assert others == [{"format": "pt"}] * 2
    joined = {**first, **others[0]}
    assert without_added(joined) == metadata
    assert list(without_added(joined)) == list(metadata)


def test_shards_of_an_older_set_are_known_by_their_names():
    made = sharded(plan(1, 1), 1)
    here = [
        "flux-00001-of-00002.safetensors",
        "flux-00001-of-00005.safetensors",
        "flux2-00001-of-00005.safetensors",
        "flux.safetensors",
    ]
    assert older_shards(made, here) == ["flux-00001-of-00005.safetensors"]


def test_too_many_files_are_an_error_that_says_how_many_bytes_would_do():
    made = sharded(plan(*[10] * (MOST_FILES + 1)), 10)
    (problem,) = made.errors
    assert problem.code == "too-many-files"
    assert "21 bytes" in problem.hint
