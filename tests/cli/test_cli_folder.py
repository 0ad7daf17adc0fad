"""``--layout diffusers``: the folder of a model instead of a file."""

import shlex

from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.recipe import Convert, Layout, Output
from ckpt_studio.formats.recipe_json import recipe_to_json


def test_a_checkpoint_is_planned_as_a_folder(cli, sd15_checkpoint, tmp_path):
    out = tmp_path / "model"
    result = cli(
        "convert", sd15_checkpoint, "--layout", "diffusers", "-o", out, "--dry-run", "--json"
    )
    assert result.code == 0
    assert [item["file"] for item in result.json["set"]][:3] == [
        "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ]
    assert result.json["output"] == str(out)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_from_parts(cli, sd15_parts, tmp_path):
    out = tmp_path / "model"
    words = ["save", "--model", sd15_parts.unet, "--allow-missing", "--dtype", "fp8_e4m3fn"]
    result = cli(*words, "--layout", "diffusers", "-o", f"{out}/", "--dry-run", "--json")
    assert result.code == 0
    rows = result.json["tensors"]
    assert {row["file"] for row in rows} == {"unet/diffusion_pytorch_model.safetensors"}
    assert {row["op"] for row in rows} == {"cast"}


def test_a_folder_that_holds_something_is_refused(cli, sd15_checkpoint, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = cli("convert", sd15_checkpoint, "--layout", "diffusers", "-o", tmp_path)
    assert result.code == 1
    assert "is not empty" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_two_ways_to_write_a_folder_at_once(cli, sd15_parts, tmp_path):
    words = ["save", "--model", sd15_parts.unet, "--separate", "--layout", "diffusers"]
    result = cli(*words, "-o", tmp_path / "model")
    assert result.code == 2
    assert "two ways" in result.err


def test_a_file_needs_the_name_of_a_file(cli, sd15_checkpoint, tmp_path):
    result = cli("convert", sd15_checkpoint, "-o", f"{tmp_path}/")
    assert result.code == 2
    assert "is a folder" in result.err


def test_the_command_says_the_layout(tmp_path):
    recipe = Convert(
        tmp_path / "a.safetensors", output=Output(tmp_path / "b", layout=Layout.DIFFUSERS)
    )
    words = shlex.split(command_line(recipe))
    assert words[-4:] == ["-o", str(tmp_path / "b"), "--layout", "diffusers"]


def test_a_recipe_for_a_folder_is_run_into_another_folder(cli, sd15_checkpoint, tmp_path):
    recipe = tmp_path / "recipe.json"
    output = Output(tmp_path / "one", layout=Layout.DIFFUSERS)
    recipe.write_text(recipe_to_json(Convert(sd15_checkpoint, output=output)))
    other = tmp_path / "other"
    result = cli("run", recipe, "-o", f"{other}/", "--dry-run", "--json")
    assert (result.code, result.json["output"]) == (0, str(other))
