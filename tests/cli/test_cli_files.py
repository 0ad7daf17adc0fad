"""convert, extract, meta, hash and run on small files, written for real."""

import hashlib
import json

import pytest
import torch
from safetensors.numpy import load_file, save_file

from tests.cli.files import small_file


def metadata_of(cli, path):
    return cli("meta", "show", path, "--json").json["metadata"]


def test_convert_changes_the_precision_and_nothing_else(cli, tmp_path):
    source, out = small_file(tmp_path / "a.safetensors", {"k": "v"}), tmp_path / "b.safetensors"
    result = cli("convert", source, "-o", out, "--dtype", "fp16", "--verify", "--json")
    assert result.code == 0, result.err
    assert result.json["report"]["verified"] is True
    tensors = load_file(out)
    assert tensors["layer.weight"].dtype == "float16"
    assert (tensors["layer.weight"] == 1).all()
    assert tensors["count"].tolist() == [7]
    assert metadata_of(cli, out)["k"] == "v"


def test_convert_sets_metadata_on_top_of_what_the_file_has(cli, tmp_path):
    source, out = small_file(tmp_path / "a.safetensors", {"k": "v"}), tmp_path / "b.safetensors"
    extra = ("--prompt", "{}", "--extra-pnginfo", '{"workflow":{"a":1}}', "--set", "n=1")
    assert cli("convert", source, "-o", out, *extra).code == 0
    wanted = {"k": "v", "prompt": "{}", "workflow": '{"a": 1}', "n": "1"}
    assert metadata_of(cli, out) == wanted


def test_values_that_do_not_fit_stop_a_conversion_unless_they_may_be_clamped(cli, tmp_path):
    source = small_file(tmp_path / "a.safetensors", value=1e6)
    out = tmp_path / "b.safetensors"
    result = cli("convert", source, "-o", out, "--dtype", "fp16", "--json")
    assert result.code == 1
    assert result.json["error"]["kind"] == "overflow"
    assert "layer.weight" in result.err
    assert not out.exists()
    clamped = cli(
        "convert", source, "-o", out, "--dtype", "fp16", "--on-overflow", "clamp", "--json"
    ).json
    assert clamped["report"]["overflowed"] == [
        {"name": "layer.weight", "count": 64, "max_abs": 1e6}
    ]
    assert load_file(out)["layer.weight"].max() == 65504


def test_a_file_that_exists_is_replaced_only_when_asked(cli, tmp_path):
    source, out = small_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    out.write_bytes(b"precious")
    refused = cli("convert", source, "-o", out)
    assert refused.code == 1
    assert out.read_bytes() == b"precious"
    assert cli("convert", source, "-o", out, "--overwrite").code == 0
    assert load_file(out)["count"].tolist() == [7]


def test_extract_writes_parts_in_their_standalone_form(cli, sd15_checkpoint, tmp_path):
    result = cli("extract", sd15_checkpoint, "--parts", "vae", "-o", tmp_path, "--json")
    assert result.code == 0, result.err
    out = tmp_path / "whole_vae.safetensors"
    assert result.json["output"] == str(out)
    found = cli("inspect", out, "--json").json
    assert [(part["part"], part["prefix"]) for part in found["parts"]] == [("vae", "")]
    out.unlink()


def test_extract_takes_all_parts_and_a_precision_for_one_of_them(cli, sd15_checkpoint, tmp_path):
    plan = cli(
        *("extract", sd15_checkpoint, "-o", tmp_path, "--dtype", "vae=fp32"),
        *("--dry-run", "--json"),
    ).json
    assert [one["parts"][0]["part"] for one in plan["files"]] == ["unet", "clip_l", "vae"]
    assert set(plan["files"][2]["parts"][0]["dtype_after"]) == {"F32"}
    assert list(tmp_path.iterdir()) == []


def test_extract_takes_all_text_encoders_by_their_group(cli, sd15_checkpoint, tmp_path):
    arguments = ("--parts", "te,unet", "-o", tmp_path, "--dry-run", "--json")
    plan = cli("extract", sd15_checkpoint, *arguments).json
    assert [one["parts"][0]["part"] for one in plan["files"]] == ["clip_l", "unet"]


def test_extract_names_the_parts_there_are(cli, sd15_checkpoint, tmp_path):
    result = cli("extract", sd15_checkpoint, "--parts", "unet,clip_g", "-o", tmp_path, "--json")
    assert result.code == 1
    assert "clip_g" in result.json["error"]["message"]
    assert "unet, clip_l, vae" in result.json["error"]["hint"]


def test_metadata_is_edited_in_place_and_the_data_stays(cli, tmp_path):
    path = small_file(tmp_path / "a.safetensors", {"title": "old", "author": "me"})
    before = load_file(path)["layer.weight"].tobytes()
    assert cli("meta", "set", path, "title=new", "extra=1").code == 0
    assert cli("meta", "set", path, "note", "a b").code == 0
    assert cli("meta", "rename", path, "author", "by").code == 0
    assert cli("meta", "remove", path, "extra").code == 0
    assert metadata_of(cli, path) == {"title": "new", "by": "me", "note": "a b"}
    assert load_file(path)["layer.weight"].tobytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.safetensors"]


def test_metadata_goes_to_another_file_when_asked(cli, tmp_path):
    path, out = small_file(tmp_path / "a.safetensors", {"k": "v"}), tmp_path / "b.safetensors"
    before = path.read_bytes()
    assert cli("meta", "set", path, "k=w", "-o", out).code == 0
    assert path.read_bytes() == before
    assert metadata_of(cli, out) == {"k": "w"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["remove", "FILE", "nothing"],
        ["rename", "FILE", "nothing", "x"],
        ["rename", "FILE", "a", "b"],
        ["remove", "FILE", "format"],
        ["show", "FILE", "nothing"],
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(cli, tmp_path, arguments):
    path = small_file(tmp_path / "a.safetensors", {"a": "1", "b": "2", "format": "pt"})
    before = path.read_bytes()
    result = cli("meta", *(path if word == "FILE" else word for word in arguments))
    assert result.code == 1
    assert path.read_bytes() == before


def test_a_key_that_loaders_need_goes_only_by_force(cli, tmp_path):
    path = small_file(tmp_path / "a.safetensors", {"format": "pt"})
    assert cli("meta", "remove", path, "format", "--force").code == 0
    assert metadata_of(cli, path) == {}


def test_metadata_is_exported_as_json(cli, tmp_path):
    path = small_file(tmp_path / "a.safetensors", {"k": "ü", "w": '{"a": 1}'})
    assert json.loads(cli("meta", "export", path).out) == {"k": "ü", "w": '{"a": 1}'}
    out = tmp_path / "m.json"
    assert cli("meta", "export", path, "-o", out).code == 0
    assert json.loads(out.read_text()) == {"k": "ü", "w": '{"a": 1}'}
    assert cli("meta", "export", path, "-o", out).code == 1


GRAPH = '{"nodes": [{"type": "KSampler"}], "é": "\\ud83d"}'
SAID = "a cat\nNegative prompt: a dog\nSteps: 20, Seed: 1"


def test_the_workflow_and_the_prompts_are_exported_alone(cli, tmp_path):
    path = small_file(tmp_path / "a.safetensors", {"workflow": GRAPH, "parameters": SAID})
    out = tmp_path / "workflow.json"
    assert cli("meta", "export", path, "--workflow", "-o", out).code == 0
    assert out.read_text(encoding="utf-8") == GRAPH
    assert cli("meta", "export", path, "--prompts").out.rstrip("\n") == SAID
    assert cli("meta", "export", path, "--prompts", "--json").json["prompts"].rstrip() == SAID
    assert cli("meta", "export", path, "--prompts", "--workflow").code == 2


@pytest.mark.parametrize("what", ["workflow", "prompts"])
def test_nothing_is_written_where_there_is_nothing_to_export(cli, tmp_path, what):
    path, out = small_file(tmp_path / "a.safetensors", {"k": "v"}), tmp_path / "out"
    result = cli("meta", "export", path, f"--{what}", "-o", out)
    assert (result.code, out.exists()) == (1, False)
    assert f"hold no {what}" in result.err


def test_hashes_are_those_of_the_file(cli, tmp_path):
    path = small_file(tmp_path / "a.safetensors")
    data = path.read_bytes()
    found = cli("hash", path, "--json").json
    sha256 = hashlib.sha256(data).hexdigest()
    start = 8 + int.from_bytes(data[:8], "little")
    assert found["sha256"] == sha256
    assert found["autov2"] == sha256[:10]
    assert found["autov3"] == hashlib.sha256(data[start:]).hexdigest()[:12]
    assert sha256 in cli("hash", path).out


def test_a_recipe_of_a_newer_version_is_refused(cli, tmp_path):
    recipe = tmp_path / "r.json"
    recipe.write_text('{"ckpt_studio": "recipe", "version": 99, "verb": "save"}')
    result = cli("run", recipe, "--json")
    assert result.code == 1
    assert "version 99" in result.json["error"]["message"]


def test_a_checkpoint_without_a_recipe_says_so(cli, tmp_path):
    result = cli("run", small_file(tmp_path / "a.safetensors"), "--json")
    assert result.code == 1
    assert "no recipe" in result.json["error"]["message"]


def test_a_file_edited_in_place_keeps_its_name_whatever_the_ending(cli, tmp_path):
    path, other = small_file(tmp_path / "model"), small_file(tmp_path / "model.safetensors")
    before = other.read_bytes()
    assert cli("meta", "set", path, "a=b").code == 0
    assert metadata_of(cli, path) == {"a": "b"}
    assert other.read_bytes() == before


def test_a_file_of_another_kind_is_not_edited_in_place(cli, tmp_path):
    path = tmp_path / "model.ckpt"
    torch.save({"layer.weight": torch.zeros(2, 2)}, path)
    before = path.read_bytes()
    result = cli("meta", "set", path, "a=b")
    assert result.code == 1
    assert "-o" in result.err
    assert path.read_bytes() == before


def test_convert_tidies_a_file(cli, tmp_path):
    source, out = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    tensors = {
        "te.embeddings.position_ids": torch.tensor([[0.0, 1.0, 1.0]]),
        "betas": torch.ones(4),
        "w": torch.ones(4),
        "z": torch.ones(4),
    }
    save_file({name: tensor.numpy() for name, tensor in tensors.items()}, source)
    done = cli(
        *("convert", source, "-o", out, "--json", "--prune", "--drop", "z", "--fix-position-ids")
    )
    assert done.code == 0, done.err
    assert {gone["name"] for gone in done.json["dropped"]} == {"betas", "z"}
    written = load_file(out)
    assert set(written) == {"te.embeddings.position_ids", "w"}
    assert written["te.embeddings.position_ids"].dtype == "int64"
    assert written["te.embeddings.position_ids"].tolist() == [[0, 1, 2]]
    refused = cli("convert", source, "-o", out, "--overwrite", "--drop", "nothing")
    assert (refused.code, load_file(out).keys()) == (1, written.keys())
    folder = cli("convert", source, "-o", tmp_path / "d", "--layout", "diffusers", "--drop", "z")
    assert "cannot be left out of a diffusers folder" in folder.err
