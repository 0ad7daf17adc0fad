"""Recipes of LoRAs: kept, run again from a file or from what was made, and as a command line."""

import json
import shlex
from argparse import ArgumentParser
from dataclasses import replace

import pytest

from ckpt_studio.cli.lora import COMMAND
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.lora.recipes import ExtractLora, MergeLoras, ResizeLora
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.recipe import LoraUse, MetadataChoice, Output, Precision
from ckpt_studio.formats.recipe_json import recipe_from_json, recipe_to_json
from tests.making.merging import lora
from tests.making.tiny_dit import changed, model, saved, tiny_family


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    saved(folder / "a.safetensors", model())
    saved(folder / "b.safetensors", changed(model(), 6))
    lora(folder / "one.safetensors", 1)
    lora(folder / "two.safetensors", 2)
    with tiny_family(tmp_path / "families"):
        yield folder


def a(name):
    return f"/m/{name}.safetensors"


OUT = Output(path=a("out"))
RECIPES = [
    ExtractLora(a("a"), a("b b"), rank=8, output=OUT),
    ExtractLora(
        *(a("a"), a("b")),
        conv_rank=0,
        te=False,
        vectors=True,
        precision=Precision.BF16,
        metadata=MetadataChoice(edits=(SetValue("author", "me"),), recipe=True),
        output=Output(path=a("out"), overwrite=True),
    ),
    ExtractLora(a("a"), a("b"), conv_rank=4, names={}, hashes={"a": "1" * 64}, output=OUT),
    MergeLoras((LoraUse(a("one"), 0.5), LoraUse(a("two"), 1, 0.25)), output=OUT),
    MergeLoras((LoraUse(a("one"), 0.0),), rank=3, precision=Precision.FP32, output=OUT),
    ResizeLora(a("one"), 2, output=OUT),
    ResizeLora(a("one"), energy=0.9, ranks={"x": 0, "y": 3}, output=OUT),
    MergeLoras((LoraUse(a("one")),), 8, energy=0.25, ranks={"x": 1}, output=OUT),
    ExtractLora(a("a"), a("b"), energy=1.0, ranks={"x": 1}, output=OUT),
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_read_as_it_was_written(tmp_path, recipe):
    assert recipe_from_json(recipe_to_json(recipe, folder=tmp_path), folder=tmp_path) == recipe


@pytest.mark.parametrize(
    "field", ["rank", "conv_rank", "vectors", "names", "precision", "ranks", "energy", "b"]
)
def test_a_recipe_with_a_wrong_field_is_refused(tmp_path, field):
    document = json.loads(recipe_to_json(RECIPES[0], folder=tmp_path)) | {field: [2.5]}
    with pytest.raises(FormatError, match=field):
        recipe_from_json(json.dumps(document), folder=tmp_path)


def words_of(folder, verb):
    one, two, *models = (folder / f"{name}.safetensors" for name in ("one", "two", "a", "b"))
    return {
        "extract": ("extract", *models, "--rank", "4"),
        "merge": ("merge", f"{one}:0.5", f"{two}:-1", "--rank", "5", "--set", "author=me"),
        "resize": ("resize", one, "--rank", "2", "--dtype", "fp32"),
        "energy": ("extract", *models, "--energy", "0.7"),
    }[verb]


@pytest.mark.parametrize("verb", ["extract", "merge", "resize", "energy"])
def test_what_was_made_can_be_made_again(cli, folder, tmp_path, verb):
    out, recipe, again = (tmp_path / name for name in ("x.safetensors", "x.json", "y.safetensors"))
    kept = ("--recipe-in-metadata", "--save-recipe", recipe)
    assert cli("lora", *words_of(folder, verb), *kept, "-o", out).code == 0
    assert cli("run", recipe, "-o", again).code == 0
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("verb", ["extract", "merge", "resize", "energy"])
def test_sources_are_found_by_their_contents(cli, folder, tmp_path, verb):
    out, again = tmp_path / "x.safetensors", tmp_path / "y.safetensors"
    words = words_of(folder, verb)
    assert cli("lora", *words, "--recipe-in-metadata", "-o", out).code == 0
    assert str(folder).encode() not in out.read_bytes()
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"moved{number}.safetensors")
    missing = cli("run", out, "-o", again)
    assert missing.code == 1
    assert "--models" in missing.err
    assert cli("run", out, "-o", again, "--models", folder).code == 0
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("verb", ["extract", "merge", "resize", "energy"])
def test_the_command_line_does_the_same(cli, folder, tmp_path, verb):
    out, recipe = tmp_path / "x.safetensors", tmp_path / "x.json"
    assert cli("lora", *words_of(folder, verb), "--save-recipe", recipe, "-o", out).code == 0
    before = out.read_bytes()
    out.unlink()
    program, *words = shlex.split(
        command_line(recipe_from_json(recipe.read_text(), folder=tmp_path))
    )
    assert program == "ckpt-studio"
    assert cli(*words).code == 0
    assert out.read_bytes() == before


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_command_line_says_everything_that_was_chosen(recipe):
    parser = ArgumentParser()
    COMMAND.add_arguments(parser)
    arguments = parser.parse_args(shlex.split(command_line(recipe))[2:])
    assert arguments.make(arguments) == replace(recipe, hashes={}, ranks={})
