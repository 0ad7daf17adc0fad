"""Recipes that a save leaves behind: beside the file, and inside it."""

import os

import pytest

from ckpt_studio.core.families.architecture import family
from tests.cli.files import part_tensors, small_file, sparse_file


@pytest.mark.parametrize("which", ["source", "output"])
def test_a_recipe_never_takes_the_place_of_a_file_in_use(cli, sd15_parts, tmp_path, which):
    vae = tmp_path / "vae.safetensors"
    vae.hardlink_to(sd15_parts.vae)
    out = tmp_path / "out.safetensors"
    result = cli(
        *("save", *sd15_parts.options[:4], "--vae", vae, "-o", out, "--overwrite"),
        *("--save-recipe", vae if which == "source" else out),
    )
    assert result.code == 1
    assert "this job reads or writes" in result.err
    assert vae.stat().st_size == sd15_parts.vae.stat().st_size
    assert not out.exists()


def test_a_dry_run_writes_no_recipe(cli, sd15_parts, tmp_path):
    out, recipe = tmp_path / "out.safetensors", tmp_path / "r.json"
    arguments = ("-o", out, "--save-recipe", recipe, "--dry-run")
    assert cli("save", *sd15_parts.options, *arguments).code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("old", [False, True])
def test_a_save_that_fails_leaves_no_new_recipe(cli, sd15_parts, tmp_path, old):
    vae, recipe = tmp_path / "vae.safetensors", tmp_path / "r.json"
    tensors = part_tensors(family("sd15").placements["vae"])
    sparse_file(vae, tensors)
    with vae.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"\x00\x7b")  # 57,344 in fp16, too large for fp8
    if old:
        recipe.write_text("{}")
    words = ("save", "--vae", vae, "--separate", "-o", tmp_path / "parts", "--overwrite")
    result = cli(*words, "--dtype", "fp8_e4m3fn", "--save-recipe", recipe)
    assert (result.code, "too large" in result.err) == (1, True)
    assert (recipe.read_text() if recipe.exists() else None) == ("{}" if old else None)
    assert not (tmp_path / "parts").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "is a model"), (b"\x80\x02", "no text"), (b"{}", "")],
    ids=["model", "bytes", "text"],
)
def test_exported_metadata_replaces_nothing_but_a_text(cli, tmp_path, content, says):
    source, out = small_file(tmp_path / "a.safetensors", {"k": "v"}), tmp_path / "out.json"
    if content is None:
        small_file(out)
    else:
        out.write_bytes(content)
    before = out.read_bytes()
    result = cli("meta", "export", source, "-o", out, "--overwrite")
    assert says in result.err
    assert (out.read_bytes() == before) == (result.code == 1) == bool(says)


def test_exported_metadata_never_replaces_its_model(cli, tmp_path):
    source = small_file(tmp_path / "a.safetensors", {"k": "v"})
    before = source.read_bytes()
    result = cli("meta", "export", source, "-o", source, "--overwrite")
    assert result.code == 1
    assert source.read_bytes() == before


def test_a_file_too_large_to_be_a_text_is_not_replaced(cli, tmp_path):
    source, out = small_file(tmp_path / "a.safetensors", {"k": "v"}), tmp_path / "out.json"
    with out.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert "64 MiB" in cli("meta", "export", source, "-o", out, "--overwrite").err
    assert out.stat().st_size > 64 << 20


def replays(cli, tmp_path, *first):
    """Save, then replay from the recipe beside the file and from the one in it."""
    outs = [tmp_path / f"{name}.safetensors" for name in ("first", "second", "third")]
    assert cli(*first, "-o", outs[0], "--recipe-in-metadata").code == 0
    assert cli("run", outs[0], "-o", outs[1], "--overwrite").code == 0
    assert cli("run", outs[1], "-o", outs[2]).code == 0
    return [out.read_bytes() for out in outs]


def test_a_conversion_replays_byte_for_byte(cli, tmp_path):
    source = small_file(tmp_path / "a.safetensors", {"k": "v"})
    first, *others = replays(cli, tmp_path, "convert", source, "--dtype", "fp16")
    assert all(other == first for other in others)


def test_a_save_replays_byte_for_byte(cli, sd15_parts, tmp_path):
    recipe = tmp_path / "r.json"
    out = tmp_path / "first.safetensors"
    save = ("save", *sd15_parts.options, "--recipe-in-metadata", "--save-recipe", recipe)
    saved = cli(*save, "-o", out, "--hashes", "--json").json["report"]["sha256"]
    runs = ((recipe, "b.safetensors"), (out, "c.safetensors"))
    for source, name in runs:
        again = cli("run", source, "-o", tmp_path / name, "--overwrite", "--hashes", "--json")
        assert again.json["report"]["sha256"] == saved
        (tmp_path / name).unlink()


def test_a_recipe_out_of_a_checkpoint_has_to_be_told_where_to(cli, tmp_path):
    out = tmp_path / "b.safetensors"
    source = small_file(tmp_path / "a.safetensors")
    assert cli("convert", source, "-o", out, "--recipe-in-metadata").code == 0
    result = cli("run", out)
    assert result.code == 2
    assert "-o" in result.err
