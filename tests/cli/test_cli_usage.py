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
