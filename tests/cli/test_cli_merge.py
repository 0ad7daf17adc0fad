"""``merge`` and the replay of what it made."""

import json
import shlex

import pytest
import torch
from safetensors.torch import load_file, save_file

from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.merging.methods import METHODS
from ckpt_studio.core.recipe import LoraUse, Merge, NameRule, Output, Precision
from ckpt_studio.formats.recipe_json import read_recipe_file, recipe_from_json, recipe_to_json
from tests.making.merging import lora, model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for seed, letter in enumerate("abc"):
        model(folder / f"{letter}.safetensors", seed)
    lora(folder / "style.safetensors", 9)
    return folder


@pytest.fixture
def pair(folder):
    return folder / "a.safetensors", folder / "b.safetensors"


def test_two_models_become_one(cli, pair, tmp_path):
    out = tmp_path / "ab.safetensors"
    result = cli("merge", *pair, "--alpha", "0.25", "-o", out)
    assert result.code == 0
    assert "merged" in result.out
    a, b, found = (load_file(path) for path in (*pair, out))
    name = "blocks.0.attn.weight"
    exact = 0.75 * a[name].double() + 0.25 * b[name].double()
    assert torch.allclose(found[name].double(), exact, rtol=1e-3)


def test_the_plan_is_told_before_anything_is_written(cli, pair, folder, tmp_path):
    words = ("--lora", f"{folder / 'style.safetensors'}:0.8", "--dry-run", "--json")
    document = cli("merge", *pair, *words, "-o", tmp_path / "ab.safetensors").json
    assert document["coverage"]["merged"] == 15
    assert document["coverage"]["adapters"][0]["touched"] == 4
    operations = {row["name"]: row["op"] for row in document["tensors"]}
    assert operations["blocks.0.attn.weight"] == "blend+adapter+cast"
    assert operations["steps"] == "copy"
    assert list(tmp_path.iterdir()) == []


def test_several_values_give_several_files(cli, pair, tmp_path):
    out = tmp_path / "ab_{alpha}.safetensors"
    result = cli("merge", *pair, "--alpha", "0.2,0.35", "-o", out)
    assert result.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ab_0.2.safetensors",
        "ab_0.35.safetensors",
    ]


def test_a_merge_can_be_kept_and_run_again(cli, pair, tmp_path):
    out, recipe = tmp_path / "ab.safetensors", tmp_path / "ab.json"
    words = ("--alpha", "0.4", "--rule", "attn:0.9", "--recipe-in-metadata")
    assert cli("merge", *pair, *words, "-o", out, "--save-recipe", recipe).code == 0
    again = tmp_path / "again.safetensors"
    assert cli("run", recipe, "-o", again).code == 0
    assert again.read_bytes() == out.read_bytes()
    third = tmp_path / "third.safetensors"
    missing = cli("run", out, "-o", third)
    assert missing.code == 1
    assert "a.safetensors, b.safetensors" in missing.err
    assert "--models" in missing.err
    assert cli("run", out, "-o", third, "--models", pair[0].parent).code == 0
    assert third.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    "case",
    [
        (("--method", "add_difference"), 1, "models"),
        (("--param", "omega=1"), 1, "omega"),
        (("--alpha", "much"), 2, "no number"),
        (("--part", "vae=b"), 1, "vae"),
        (("--blocks", "1,2,3"), 1, "3 values"),
        (("--lora-blocks", "1,2"), 2, "--lora"),
        (("--rule", "attn"), 2, "PATTERN"),
        (("--alpha", "0.1,0.2", "--blocks", "0,0,0,0,0,0"), 2, "--blocks"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(cli, pair, tmp_path, case):
    words, code, says = case
    result = cli("merge", *pair, *words, "-o", tmp_path / "out.safetensors")
    assert result.code == code
    assert says in result.err
    assert "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []


def test_methods_are_listed_with_their_formulas(cli):
    text = cli("merge", "--methods").out
    document = cli("merge", "--methods", "--json").json
    assert [each["id"] for each in document["methods"]] == [spec.id for spec in METHODS]
    assert all(spec.formula in text for spec in METHODS)


def test_blocks_are_listed_in_their_order(cli, pair):
    document = cli("merge", pair[0], "--list-blocks", "--json").json
    assert document["partitions"][0]["blocks"] == ["IN", "B00", "B01", "B02", "B03", "OUT"]
    assert "IN B00 B01 B02 B03 OUT" in cli("merge", pair[0], "--list-blocks").out


RECIPE = Merge(
    models=("/m/a.safetensors", "/m/b b.safetensors"),
    method="ties",
    parameters={"density": 0.5},
    blocks={"density": (0.25, 0.5, 1.0)},
    partition="automatic",
    parts={"vae": "b"},
    part_values={"te": {"alpha": 0.2}},
    rules=(NameRule("attn*", {"density": 0.75}),),
    loras=(LoraUse("/m/style.safetensors", 0.8, 0.25, (1.0, 0.5, 0.0)),),
    vae="/m/vae.safetensors",
    adjust=(1, 2, 3, 4, 5, 6, 7, 8),
    seed=3,
    prune=True,
    precision={"*": Precision.BF16},
    output=Output(path="/m/out.safetensors"),
)


def test_a_recipe_of_a_merge_is_read_as_it_was_written(tmp_path):
    text = recipe_to_json(RECIPE, folder=tmp_path)
    assert recipe_from_json(text, folder=tmp_path) == RECIPE
    path = tmp_path / "recipe.json"
    path.write_text(text)
    assert read_recipe_file(path) == RECIPE


@pytest.mark.parametrize("field", ["parameters", "blocks", "loras", "rules", "seed", "adjust"])
def test_a_recipe_with_a_wrong_field_is_refused(tmp_path, field):
    document = json.loads(recipe_to_json(RECIPE, folder=tmp_path)) | {field: "x"}
    with pytest.raises(FormatError, match=field):
        recipe_from_json(json.dumps(document), folder=tmp_path)


def test_the_command_line_of_a_merge_can_be_pasted(cli, pair, folder, tmp_path):
    recipe = Merge(
        pair,
        parameters={"alpha": 0.3},
        rules=(NameRule("attn", {"alpha": 0.9}),),
        loras=(LoraUse(folder / "style.safetensors", 0.8, 0.25),),
        output=Output(path=tmp_path / "one.safetensors"),
    )
    program, *words = shlex.split(command_line(recipe))
    assert program == "ckpt-studio"
    document = cli(*words, "--dry-run", "--json").json
    assert document["coverage"]["adapters"][0]["touched"] == 4


@pytest.mark.parametrize(
    "words",
    [
        ("--alpha", "1e40"),
        ("--rule", "attn:1e40"),
        ("--method", "average", "--param", "weight_1=1e308"),
        ("--lora", "style.safetensors:1e300"),
        ("--method", "dare", "--seed", "1" + "0" * 400),
    ],
)
def test_numbers_beyond_any_use_are_refused(cli, folder, pair, tmp_path, words):
    words = [word.replace("style", str(folder / "style")) for word in words]
    result = cli("merge", *pair, *words, "-o", tmp_path / "ab.safetensors", "--json")
    assert result.code == 1
    assert result.json["error"]["kind"] == "plan"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint16, torch.complex64])
def test_factors_that_are_no_numbers_change_nothing(cli, folder, pair, tmp_path, dtype):
    factors = load_file(folder / "style.safetensors")
    name = "diffusion_model.blocks.0.attn.lora_up.weight"
    factors[name] = torch.ones(factors[name].shape).to(dtype)
    save_file(factors, tmp_path / "odd.safetensors")
    words = ("--lora", tmp_path / "odd.safetensors", "-o", tmp_path / "out.safetensors")
    result = cli("merge", pair[0], *words)
    assert result.code == 0
    assert "changes 3 tensors of 17, 0 of its modules unmatched, 1 of another size" in result.out


def test_tensors_that_keep_their_names_are_not_called_renamed(cli, folder, pair, tmp_path):
    words = ("--lora", folder / "style.safetensors", "-o", tmp_path / "out.safetensors")
    assert "Renamed" not in cli("merge", *pair, *words).out


def test_what_is_computed_into_infinity_is_not_blamed_on_the_source(cli, folder, pair, tmp_path):
    factors = load_file(folder / "style.safetensors")
    factors["diffusion_model.blocks.0.attn.alpha"] = torch.tensor(float("inf"))
    save_file(factors, tmp_path / "odd.safetensors")
    words = ("--lora", tmp_path / "odd.safetensors", "-o", tmp_path / "out.safetensors")
    said = cli("merge", pair[0], *words).out
    assert "invalid numbers" in said
    assert "too large to be computed with" in said
    assert "in the source already" not in said


def test_lists_of_numbers_may_begin_with_a_minus(cli, pair, tmp_path):
    out = tmp_path / "ab_{alpha}.safetensors"
    assert cli("merge", *pair, "--alpha", "-0.5,-1e-1", "-o", out).code == 0
    assert {path.stem for path in tmp_path.iterdir()} == {"ab_-0.5", "ab_-0.1"}
    words = ("--alpha", "-1e-1", "--blocks", "-1,0,0.5,-0.2,1,1", "--dry-run")
    assert "blocks" not in cli("merge", *pair, *words).err


def test_loras_are_not_merged_like_models(cli, folder, tmp_path):
    style = folder / "style.safetensors"
    result = cli("merge", style, style, "-o", tmp_path / "both.safetensors")
    assert result.code == 1
    assert "is a LoRA" in result.err


@pytest.mark.parametrize(
    "words",
    [
        ("--alpha", "0.2", "--param", "alpha=0.4"),
        ("--param", "alpha=0.2", "--param", "alpha=0.4"),
        ("--part", "te=0.2", "--part", "te=b"),
    ],
)
def test_what_is_said_twice_is_a_slip(cli, pair, words):
    assert cli("merge", *pair, *words, "--dry-run").code == 2


@pytest.mark.parametrize(
    "fields", [{"models": []}, {"loras": [{"path": "style.safetensors"}] * 101}]
)
def test_recipes_that_make_no_sense_are_refused_in_a_sentence(cli, folder, tmp_path, fields):
    recipe = {"ckpt_studio": "recipe", "version": 1, "verb": "merge", "method": "copy"}
    recipe |= {"models": ["a.safetensors"], "output": {"path": str(tmp_path / "o.safetensors")}}
    path = folder / "odd.json"
    path.write_text(json.dumps(recipe | fields))
    result = cli("run", path, "--json")
    assert result.code == 1
    assert result.json["error"]["kind"] == "plan"


def test_a_hundred_loras_can_be_baked_in(cli, folder, pair, tmp_path):
    words = ("--lora", f"{folder / 'style.safetensors'}:0.001") * 100
    assert cli("merge", pair[0], *words, "-o", tmp_path / "o.safetensors").code == 0
