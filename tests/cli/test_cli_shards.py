"""Shards on the command line: one file becomes a set and the set becomes the file again."""

import hashlib
import json

import pytest

from ckpt_studio.formats.safetensors import read_checkpoint
from tests.cli.files import small_file
from tests.making.faults import contents
from tests.making.plans import write_source


@pytest.fixture
def model(tmp_path):
    tensors = {f"layer{n}.weight": ("F16", [500], bytes([n] * 1000)) for n in range(5)}
    path = tmp_path / "model.safetensors"
    write_source(path, tensors, {"prompt": "{}", "format": "pt"})
    return path


def shards(count, stem="model"):
    return [f"{stem}-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)]


@pytest.mark.parametrize("metadata", [(), ("--set", "format="), ("--set", "note=ü")])
def test_there_and_back_is_the_same_file(cli, tmp_path, model, metadata):
    single, parts = tmp_path / "single.safetensors", tmp_path / "parts"
    assert cli("convert", model, "-o", single, *metadata).code == 0
    out = parts / "model.safetensors"
    split = cli("convert", single, "-o", out, "--max-shard-size", "2KB", "--json").json
    index = parts / "model.safetensors.index.json"
    assert split["output"] == split["report"]["output"] == str(index)
    assert [item["file"] for item in split["set"]] == [*shards(3), index.name]
    assert [item["data_bytes"] for item in split["set"][:3]] == [2000, 2000, 1000]
    assert split["tensors"][0]["file"] == shards(3)[0]
    assert split["report"]["bytes"] == split["bytes"]
    assert sorted(contents(parts)) == sorted([*shards(3), index.name])
    for name in (index, parts / shards(3)[1]):
        merged = tmp_path / f"from {name.name}.safetensors"
        assert cli("convert", name, "-o", merged).code == 0
        assert merged.read_bytes() == single.read_bytes()


def test_the_page_for_people_names_the_files(cli, tmp_path, model):
    arguments = ("convert", model, "-o", tmp_path / "out", "--max-shard-size", "2KB")
    planned = cli(*arguments, "--dry-run")
    assert "5 tensors in 4 files" in planned.out
    assert "  out-00003-of-00003.safetensors: 1 tensor, 1000 bytes" in planned.out
    written = cli(*arguments, "--hashes")
    assert written.code == 0
    sums = cli("hash", tmp_path / "out-00002-of-00003.safetensors", "--json").json
    assert f"sha256 {sums['sha256']}  out-00002-of-00003.safetensors" in written.out
    assert "ending" not in written.out


def test_the_hashes_of_an_index_are_those_of_its_shards(cli, tmp_path, model):
    index = tmp_path / "out.safetensors.index.json"
    assert cli("convert", model, "-o", index, "--max-shard-size", "2KB").code == 0
    files = cli("hash", index, "--json").json["files"]
    assert [file["file"] for file in files] == [str(tmp_path / name) for name in shards(3, "out")]
    for file in files:
        data = (tmp_path / file["file"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
    (tmp_path / shards(3, "out")[1]).unlink()
    refused = cli("hash", index, model)
    assert refused.code == 1
    assert f"not found): {shards(3, 'out')[1]}" in refused.out
    assert hashlib.sha256(model.read_bytes()).hexdigest() in refused.out


def test_what_fits_stays_one_file(cli, tmp_path, model):
    out = tmp_path / "out.safetensors"
    document = cli("convert", model, "-o", out, "--max-shard-size", "1GiB", "--json").json
    assert document["set"] == document["report"]["set"] == []
    assert document["output"] == str(out)
    assert sorted(contents(tmp_path)) == ["model.safetensors", "out.safetensors"]


def test_the_index_names_the_output_as_well(cli, tmp_path, model):
    out = tmp_path / "out.safetensors.index.json"
    assert cli("convert", model, "-o", out, "--max-shard-size", "2KB", "--json").json[
        "output"
    ] == str(out)
    again = cli("convert", model, "-o", out, "--max-shard-size", "3KB")
    assert (again.code, "out.safetensors.index.json exists already" in again.err) == (1, True)
    assert cli("convert", model, "-o", out, "--max-shard-size", "3KB", "--overwrite").code == 0
    assert sorted(path.name for path in tmp_path.glob("out-*")) == shards(2, "out")


def test_one_file_beside_old_shards_of_its_name_is_refused(cli, tmp_path, model):
    out = tmp_path / "out.safetensors"
    assert cli("convert", model, "-o", out, "--max-shard-size", "2KB").code == 0
    for extra in ((), ("--overwrite",)):
        result = cli("convert", model, "-o", out, "--max-shard-size", "1GB", *extra)
        assert result.code == 1
        assert "An older set of shards of this name" in result.err
    assert not out.exists()


def test_old_shards_without_an_index_are_found(cli, tmp_path, model):
    (tmp_path / shards(7, "out")[2]).write_bytes(b"x")
    result = cli("convert", model, "-o", tmp_path / "out", "--max-shard-size", "2KB")
    assert result.code == 1
    assert f"{shards(7, 'out')[2]} exists already" in result.err


def test_a_single_file_of_the_name_is_left_alone_and_told(cli, tmp_path, model):
    before = model.read_bytes()
    result = cli("convert", model, "-o", model, "--max-shard-size", "2KB")
    assert result.code == 0
    assert "model.safetensors stays beside the shards" in result.out
    assert model.read_bytes() == before


@pytest.mark.parametrize("size", ["5", "0GB", "5 apples", "-1GB", "5G"])
def test_a_size_that_is_none_is_wrong_usage(cli, tmp_path, model, size):
    result = cli("convert", model, "-o", tmp_path / "o.safetensors", f"--max-shard-size={size}")
    assert result.code == 2
    assert "is no size; write it as 5GB, 500MB or 4.5GiB" in result.err


def test_too_many_shards_and_other_containers_are_refused(cli, tmp_path, model):
    small = cli(
        "convert", small_file(tmp_path / "s"), "-o", tmp_path / "o.ckpt", "--max-shard-size", "9B"
    )
    assert "not written as shards" in small.err
    tensors = {f"t{n:03}": ("U8", [9], bytes(9)) for n in range(201)}
    write_source(tmp_path / "many.safetensors", tensors)
    many = cli(
        "convert", tmp_path / "many.safetensors", "-o", tmp_path / "o", "--max-shard-size", "9B"
    )
    assert (many.code, "201 files; 200 are the most" in many.err) == (1, True)


def test_a_save_of_parts_can_be_split_and_replayed(cli, sd15_parts, tmp_path):
    recipe = tmp_path / "recipe.json"
    out = ("-o", tmp_path / "whole.safetensors", "--max-shard-size", "1.5GB")
    saved = cli("save", *sd15_parts.options, *out, "--save-recipe", recipe, "--json").json
    assert json.loads(recipe.read_text())["output"]["shard_bytes"] == 1_500_000_000
    assert [item["tensors"] for item in saved["set"]][-1] == 0
    found = cli("inspect", tmp_path / "whole.safetensors.index.json", "--json").json
    assert (found["architecture"], found["problems"]) == ("sd15", [])
    assert found["metadata"] == saved["metadata"]
    replayed = cli("run", recipe, "-o", tmp_path / "again", "--dry-run", "--json").json
    assert [item["file"] for item in replayed["set"]] == [
        item["file"].replace("whole", "again") for item in saved["set"]
    ]
    for path in tmp_path.glob("whole-*"):
        assert "format" in read_checkpoint(path).metadata
        path.unlink()


def test_the_recipe_in_shards_is_found_by_their_index(cli, tmp_path, model):
    options = ("--max-shard-size", "2KB", "--recipe-in-metadata")
    assert cli("convert", model, "-o", tmp_path / "out", *options).code == 0
    out = tmp_path / "again.safetensors"
    for name in ("out.safetensors.index.json", shards(3, "out")[1]):
        result = cli("run", tmp_path / name, "-o", out, "--dry-run", "--json")
        assert (result.code, result.json["output"]) == (0, str(out))


def test_parts_can_be_split(cli, sd15_checkpoint, tmp_path):
    options = ("--parts", "unet", "-o", tmp_path, "--max-shard-size", "1GB", "--dry-run", "--json")
    names = [item["file"] for item in cli("extract", sd15_checkpoint, *options).json["set"]]
    assert names == [*shards(2, "whole_unet"), "whole_unet.safetensors.index.json"]
