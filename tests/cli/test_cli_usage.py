"""Slips of the keyboard: exit code 2, one sentence, and where to read on."""

import pytest

from tests.cli.files import small_file


@pytest.mark.parametrize(
    "option",
    ["--from", "--vae", "--model", "-o", "--dtype", "--target", "--prompt", "--save-recipe"],
)
def test_an_option_with_one_value_is_given_once(cli, option):
    result = cli("save", option, "keep", option, "keep", "--json")
    assert result.code == 2
    assert result.json["error"]["message"] == f"{option} is given twice"


def test_an_option_that_can_be_repeated_is_not_refused(cli, sd15_parts):
    arguments = ("--set", "a=1", "--set", "b=2", "--dry-run", "--json")
    assert cli("save", *sd15_parts.options, *arguments).json["metadata"]["b"] == "2"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["inspect", "FILE", "--nope"], "ckpt-studio inspect"),
        (["meta", "show", "FILE", "--nope"], "ckpt-studio meta show"),
        (["inspect"], "ckpt-studio inspect"),
    ],
)
def test_the_hint_names_the_help_of_the_command(cli, tmp_path, arguments, command):
    file = small_file(tmp_path / "a.safetensors")
    words = [file if word == "FILE" else word for word in arguments]
    error = cli(*words, "--json").json["error"]
    assert "\n" not in error["message"]
    assert error["hint"] == f"Try ‘{command} --help’."


def test_a_file_that_comes_too_late_is_told_where_it_belongs(cli, tmp_path):
    a, b, c = (small_file(tmp_path / f"{name}.safetensors") for name in "abc")
    result = cli("merge", a, b, "--method", "average", c, "--dry-run", "--json")
    assert result.code == 2
    said = f"name this before the options, or leave it out: {c}"
    assert result.json["error"]["message"] == said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--vae", ""], "no name"),
        (["-o", ""], "no name"),
        (["-o", "folder/"], "is a folder"),
        (["--prompt", "1"], "JSON object"),
        (["--prompt", "null"], "JSON object"),
        (["--prompt", "[]"], "JSON object"),
        (["--prompt", "@"], "no name after @"),
        (["--prompt", "[" * 100_000], "nested too deeply"),
        (["--on-overflow", "nope"], "ask-is-error, clamp, keep"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(cli, sd15_parts, arguments, says):
    result = cli("save", *sd15_parts.options[:4], "--dry-run", *arguments, "--json")
    assert result.code == 2
    assert says in result.json["error"]["message"]


def test_a_prompt_that_is_no_text_is_named(cli, sd15_parts, tmp_path):
    file = tmp_path / "bad.json"
    file.write_bytes(b'{"a": "\xff"}')
    result = cli("save", *sd15_parts.options, "--dry-run", "--prompt", f"@{file}")
    assert result.code == 2
    assert "no text in UTF-8" in result.err


def test_precisions_and_parts_are_read_as_people_write_them(cli, sd15_parts):
    arguments = ("--dtype", "Model=FP32, te=BF16 ,vae=keep", "--dry-run", "--json")
    parts = cli("save", *sd15_parts.options, *arguments).json["parts"]
    types = [next(iter(part["dtype_after"])) for part in parts]
    assert types == ["F32", "BF16", "F16"]


def test_a_precision_for_text_encoders_needs_one(cli, sd15_parts, tmp_path):
    result = cli("convert", sd15_parts.vae, "-o", tmp_path / "o", "--dtype", "te=fp32")
    assert result.code == 1
    assert "no part ‘te’" in result.err


def test_an_unknown_model_has_no_parts_to_extract(cli, tmp_path):
    result = cli("extract", small_file(tmp_path / "a.safetensors"))
    assert result.code == 1
    assert "holds no part that this program knows" in result.err


def test_errors_name_the_option_that_helps(cli, sd15_parts, tmp_path):
    out = small_file(tmp_path / "out.safetensors")
    exists = cli("save", *sd15_parts.options, "-o", out)
    assert "--overwrite" in exists.err
    missing = cli("save", *sd15_parts.options[:2], "-o", tmp_path / "new.safetensors", "--json")
    error = missing.json["error"]
    assert error["message"].startswith("There is no CLIP-L or VAE: ")
    assert "--text-encoder and --vae" in error["hint"]
    assert "--allow-missing" in error["hint"]
    large = small_file(tmp_path / "large.safetensors", value=1e6)
    overflow = cli("convert", large, "-o", tmp_path / "o.safetensors", "--dtype", "fp16")
    assert "--on-overflow keep" in overflow.err


def test_a_job_that_is_refused_prints_the_error_only(cli, sd15_parts, tmp_path):
    out = small_file(tmp_path / "out.safetensors")
    assert cli("save", *sd15_parts.options, "-o", out).out == ""
    assert "Would write" in cli("save", *sd15_parts.options, "-o", out, "--dry-run").out


def test_an_ending_that_was_added_is_said(cli, tmp_path):
    source = small_file(tmp_path / "a.safetensors")
    result = cli("convert", source, "-o", tmp_path / "b")
    assert "The ending .safetensors was added" in result.out
    assert (tmp_path / "b.safetensors").exists()


def test_an_order_of_types_is_no_change(cli, tmp_path):
    source = small_file(tmp_path / "a.safetensors")
    assert "→" not in cli("convert", source, "-o", tmp_path / "b.safetensors").out


@pytest.mark.parametrize("verb", [["hash"], ["inspect"]])
def test_a_bad_file_among_several_does_not_stop_the_others(cli, tmp_path, verb):
    good = [small_file(tmp_path / f"{name}.safetensors") for name in "ab"]
    result = cli(*verb, good[0], tmp_path / "none", good[1], "--json")
    assert result.code == 1
    assert ["error" in found for found in result.json["files"]] == [False, True, False]
    text = cli(*verb, good[0], tmp_path / "none", good[1])
    assert text.out.index("none\n") < text.out.index("b.safetensors")


def test_an_empty_value_removes_the_key(cli, tmp_path):
    source = small_file(tmp_path / "a.safetensors", {"a": "1", "b": "2", "format": "pt"})
    out = tmp_path / "o.safetensors"
    assert cli("convert", source, "-o", out, "--set", "a=").code == 0
    assert "a" not in cli("meta", "show", out, "--json").json["metadata"]
    assert cli("meta", "set", out, "b=").code == 0
    assert "b" not in cli("meta", "show", out, "--json").json["metadata"]
    assert cli("meta", "set", out, "format=").code == 1
