"""``save --separate`` and ``extract --folders``: parts in the folders that ComfyUI reads."""

import json
import os

import pytest

from ckpt_studio.cli import carry_out
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.recipe import Extract
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.formats.recipe_json import read_recipe_file, recipe_from_json, recipe_to_json
from tests.cli.files import part_tensors, sparse_file


def outputs(result):
    return [file["output"] for file in result.json["files"]]


def test_extract_puts_the_parts_into_the_folders_of_comfyui(cli, sd15_checkpoint, tmp_path):
    result = cli("extract", sd15_checkpoint, "--folders", "-o", tmp_path, "--dry-run", "--json")
    assert result.code == 0
    stem = sd15_checkpoint.stem
    assert outputs(result) == [
        str(tmp_path / "diffusion_models" / f"{stem}_unet.safetensors"),
        str(tmp_path / "text_encoders" / f"{stem}_clip_l.safetensors"),
        str(tmp_path / "vae" / f"{stem}_vae.safetensors"),
    ]


def test_extract_takes_another_name_and_refuses_one_for_no_part(cli, sd15_checkpoint, tmp_path):
    arguments = ("extract", sd15_checkpoint, "--parts", "vae", "-o", tmp_path, "--dry-run")
    result = cli(*arguments, "--name", "vae=mine.safetensors", "--json")
    assert result.json["output"] == str(tmp_path / "mine.safetensors")
    assert cli(*arguments, "--name", "unet=mine.safetensors").code == 2
    assert cli(*arguments, "--name", "mine.safetensors").code == 2


def test_the_command_of_an_extract_gives_the_same_file(cli, tmp_path):
    recipe = Extract("a b.safetensors", "unet", target="sdxl", ema=True)
    assert command_line(recipe) == (
        "ckpt-studio extract 'a b.safetensors' --parts unet --target sdxl --ema"
    )


def test_parts_of_several_sources_are_written_each_to_its_folder(cli, sd15_parts, tmp_path):
    recipe, out = tmp_path / "recipe.json", tmp_path / "models"
    out.mkdir()
    arguments = ["--separate", "--dtype", "vae=fp32", "--name", "unet=", "-o", out]
    result = cli("save", *sd15_parts.options, *arguments, "--save-recipe", recipe, "--json")
    assert result.code == 0, result.err
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.safetensors"))
    assert len(written) == 2
    assert written[0].startswith("text_encoders/")
    assert written[1].startswith("vae/")
    assert written[1].endswith("_fp32.safetensors")
    vae = open_checkpoint(out / written[1])
    assert vae.recognition.find("vae") is not None
    again = read_recipe_file(recipe)
    assert recipe_from_json(recipe_to_json(again), folder=tmp_path) == again
    assert "--separate --name unet= " in command_line(again)
    replayed = cli("run", recipe, "--dry-run", "--json")
    assert replayed.code == 0
    assert {file.rpartition("_2")[1] for file in outputs(replayed)} == {"_2"}


def test_prompt_and_workflow_go_into_each_file(cli, sd15_parts, tmp_path):
    graphs = ("--prompt", '{"3": {"inputs": {}}}', "--extra-pnginfo", '{"workflow": {"nodes": []}}')
    arguments = ("--separate", *graphs, "--set", "title=Mine", "-o", tmp_path, "--dry-run")
    result = cli("save", *sd15_parts.options, *arguments, "--json")
    assert result.code == 0, result.err
    assert len(result.json["files"]) == 3
    for file in result.json["files"]:
        said = file["metadata"]
        assert json.loads(said["prompt"]) == {"3": {"inputs": {}}}
        assert json.loads(said["workflow"]) == {"nodes": []}
        assert said["title"] == "Mine"


@pytest.mark.parametrize("more", [["--separate"], ["--name", "vae=a.safetensors", "-o", "b"]])
def test_separate_files_need_a_folder_and_names_need_them(cli, sd15_parts, more):
    assert cli("save", *sd15_parts.options, "--dry-run", *more).code == 2


def test_leaving_out_every_part_is_refused(cli, sd15_parts, tmp_path):
    names = [word for part in ("unet", "clip_l", "vae") for word in ("--name", f"{part}=")]
    result = cli("save", *sd15_parts.options, "--separate", *names, "-o", tmp_path)
    assert result.code == 1
    assert "Nothing would be written" in result.err


SAME_FILE = [
    ("extract", ("x.safetensors", "x.safetensors")),
    ("extract", ("x.safetensors", "X.safetensors")),
    ("extract", ("x", "x.safetensors")),
    ("separate", ("x", "./x.safetensors")),
]


@pytest.mark.parametrize(("verb", "names"), SAME_FILE)
def test_two_parts_never_get_the_same_file(cli, sd15_checkpoint, tmp_path, verb, names):
    verbs = {
        "extract": ("extract", sd15_checkpoint, "--parts", "vae,clip_l"),
        "separate": ("save", "--from", sd15_checkpoint, "--separate", "--name", "unet="),
    }
    named = ("--name", f"vae={names[0]}", "--name", f"clip_l={names[1]}")
    result = cli(*verbs[verb], "-o", tmp_path, *named, "--overwrite")
    assert result.code == 1
    assert "would be the same file" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_part_never_takes_the_place_of_its_source(cli, sd15_checkpoint, tmp_path):
    source, link = tmp_path / "whole.safetensors", tmp_path / "link.safetensors"
    os.link(sd15_checkpoint, source)
    link.symlink_to(source)
    for name in ("whole", "link.safetensors"):
        names = ("--name", f"vae={name}", "--overwrite")
        for words in (
            ("extract", source, "--parts", "vae"),
            ("save", "--from", source, "--separate"),
        ):
            result = cli(*words, "-o", tmp_path, *names)
            assert result.code == 1
            assert "is a source" in result.err
    assert source.samefile(sd15_checkpoint)


@pytest.mark.parametrize("name", ["../x.safetensors", "/x.safetensors", ""])
def test_the_name_of_a_part_stays_below_the_folder(cli, sd15_checkpoint, tmp_path, name):
    words = ("extract", sd15_checkpoint, "--parts", "vae", "-o", tmp_path, "--dry-run")
    result = cli(*words, "--name", f"vae={name}")
    assert result.code != 0
    assert "Would write" not in result.out
    assert "vae" in result.err.lower()


def test_a_name_for_a_part_that_is_not_there_is_told(cli, sd15_checkpoint, tmp_path):
    words = ("save", "--from", sd15_checkpoint, "--separate", "-o", tmp_path, "--dry-run")
    result = cli(*words, "--name", "clip_g=x.safetensors")
    assert result.code == 2
    assert "--name clip_g=…: that part is not written; it is unet or clip_l or vae" in result.err


@pytest.mark.parametrize("verb", ["extract", "save"])
def test_two_names_for_one_part_are_a_slip(cli, sd15_checkpoint, tmp_path, verb):
    words = {
        "extract": ("extract", sd15_checkpoint, "--parts", "vae"),
        "save": ("save", "--from", sd15_checkpoint, "--separate"),
    }[verb]
    result = cli(*words, "-o", tmp_path, "--dry-run", "--name", "vae=a", "--name", "vae=b")
    assert result.code == 2
    assert "--name vae=… is given twice" in result.err


@pytest.mark.parametrize("option", [("--target", "sd15"), ("--prediction", "v"), ("--ema",)])
def test_options_of_the_model_need_the_model(cli, sd15_checkpoint, tmp_path, option):
    words = ("extract", sd15_checkpoint, "--parts", "vae", "-o", tmp_path, "--dry-run")
    result = cli(*words, *option)
    assert result.code == 2
    assert f"{option[0]} is for the diffusion model, which is not written" in result.err


@pytest.mark.parametrize(("option", "kind"), [("--vae", "VAE"), ("--clip-vision", "CLIP vision")])
def test_a_file_without_the_part_it_was_chosen_for_is_refused(
    cli, sd15_parts, tmp_path, option, kind
):
    words = ("save", "--text-encoder", sd15_parts.clip_l, "--separate", "-o", tmp_path)
    result = cli(*words, option, sd15_parts.unet, "--dry-run")
    assert result.code == 1
    assert f"unet.safetensors holds no {kind}" in result.err
    words = ("save", "--text-encoder", sd15_parts.vae, "--separate", "-o", tmp_path)
    assert "vae.safetensors holds no text encoder" in cli(*words).err


def test_what_was_complete_before_a_part_failed_is_told(cli, tmp_path):
    tensors = {}
    for part in ("vae", "clip_l"):
        placement = family("sd15").placements[part]
        tensors |= part_tensors(placement, placement.prefix)
    source = sparse_file(tmp_path / "whole.safetensors", tensors)
    name = "cond_stage_model.transformer.text_model.final_layer_norm.bias"
    at = open_checkpoint(source).checkpoint.tensors[name].offset
    with source.open("r+b") as file:
        file.seek(at)
        file.write(b"\x00\x7b")  # 57,344 in fp16, too large for fp8
    words = ("extract", source, "--parts", "vae,clip_l", "--dtype", "fp8_e4m3fn", "--json")
    result = cli(*words, "-o", tmp_path / "parts")
    vae, clip_l = result.json["files"]
    saved = tmp_path / "parts" / "whole_vae.safetensors"
    assert result.code == 1
    assert list((tmp_path / "parts").iterdir()) == [saved]
    assert vae["report"]["bytes"] == saved.stat().st_size
    assert "report" not in clip_l
    assert "--on-overflow" in result.json["error"]["hint"]
    assert f"Saved before that: {saved}" in result.err


def test_what_was_complete_before_a_cancel_is_told(cli, tmp_path, monkeypatch):
    tensors = {}
    for part in ("vae", "clip_l"):
        placement = family("sd15").placements[part]
        tensors |= part_tensors(placement, placement.prefix)
    source = sparse_file(tmp_path / "whole.safetensors", tensors)
    write, done = carry_out.write, []

    def interrupted(plan, *arguments, **options):
        if done:
            raise Cancelled
        done.append(write(plan, *arguments, **options))
        return done[0]

    monkeypatch.setattr(carry_out, "write", interrupted)
    result = cli("extract", source, "--parts", "vae,clip_l", "-o", tmp_path / "parts", "--json")
    assert result.code == 130
    saved = tmp_path / "parts" / "whole_vae.safetensors"
    assert result.json["error"]["hint"] == f"Saved before that: {saved}"
