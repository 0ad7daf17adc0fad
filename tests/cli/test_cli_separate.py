"""``save --separate`` and ``extract --folders``: parts in the folders that ComfyUI reads."""

import pytest

from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.recipe import Extract
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.formats.recipe_json import read_recipe_file, recipe_from_json, recipe_to_json


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


@pytest.mark.parametrize("more", [["--separate"], ["--name", "vae=a.safetensors", "-o", "b"]])
def test_separate_files_need_a_folder_and_names_need_them(cli, sd15_parts, more):
    assert cli("save", *sd15_parts.options, "--dry-run", *more).code == 2


def test_leaving_out_every_part_is_refused(cli, sd15_parts, tmp_path):
    names = [word for part in ("unet", "clip_l", "vae") for word in ("--name", f"{part}=")]
    result = cli("save", *sd15_parts.options, "--separate", *names, "-o", tmp_path)
    assert result.code == 1
    assert "Nothing would be written" in result.err
