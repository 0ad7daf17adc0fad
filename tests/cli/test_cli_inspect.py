import json

from ckpt_studio.core.tensors import DType
from tests.cli.files import small_file, sparse_file


def test_a_checkpoint_is_recognised_with_all_the_keys_that_scripts_rely_on(cli, sd15_checkpoint):
    found = cli("inspect", sd15_checkpoint, "--json").json
    assert found["architecture"] == "sd15"
    assert found["container"] == "safetensors"
    assert found["bytes"] == sd15_checkpoint.stat().st_size
    assert found["tensors"] == 686 + 196 + 248
    assert [part["part"] for part in found["parts"]] == ["unet", "clip_l", "vae"]
    unet = found["parts"][0]
    assert unet["prefix"] == "model.diffusion_model."
    assert unet["parameters"] == 859_520_964
    assert unet["dtypes"] == {
        "F16": {"tensors": 686, "parameters": 859_520_964, "bytes": 1_719_041_928}
    }
    assert unet["missing"] == unet["unexpected"] == []
    assert found["other"] == {"tensors": 0, "bytes": 0, "examples": []}
    assert found["metadata"] == {"title": "Whole"}
    assert set(found) == {
        "file", "container", "bytes", "header_bytes", "tensors", "parameters", "dtypes",
        "architecture", "architecture_name", "kind", "evidence", "prediction", "parts", "other",
        "metadata", "problems",
    }  # fmt: skip


def test_the_tensor_table_is_in_file_order_with_offsets(cli, sd15_checkpoint):
    rows = cli("inspect", sd15_checkpoint, "--tensors", "--json").json["tensor_table"]
    first, last = rows[0], rows[-1]
    assert set(first) == {"name", "dtype", "shape", "part", "block", "bytes", "offset"}
    assert first["name"] == "model.diffusion_model.time_embed.0.weight"
    assert first["shape"] == [1280, 320]
    assert last["part"] == "vae"
    assert last["offset"] + last["bytes"] == sd15_checkpoint.stat().st_size


def test_the_page_for_people_names_family_parts_and_precision(cli, sd15_checkpoint):
    result = cli("inspect", sd15_checkpoint)
    assert result.code == 0
    assert "Stable Diffusion 1.5 (sd15)" in result.out
    assert "1.60 GiB" in result.out
    assert "F16" in result.out
    assert "title = Whole" in result.out


def test_several_files_are_one_object_and_a_broken_one_does_not_hide_the_others(
    cli, tmp_path, sd15_checkpoint
):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x10\0\0\0\0\0\0\0{")
    result = cli("inspect", sd15_checkpoint, broken, "--json")
    assert result.code == 1
    good, bad = result.json["files"]
    assert good["architecture"] == "sd15"
    assert bad["error"]["kind"] == "format"
    assert result.json["error"]["message"] in result.err


def test_a_file_that_is_no_model_is_one_sentence_and_exit_code_1(cli, tmp_path):
    page = tmp_path / "model.safetensors"
    page.write_bytes(b"<!DOCTYPE html><html>not found</html>")
    result = cli("inspect", page, "--json")
    assert result.code == 1
    assert set(result.json) == {"error"}
    assert set(result.json["error"]) == {"kind", "message", "hint"}
    assert "web page" in result.json["error"]["message"]
    assert "Traceback" not in result.err


def test_nothing_in_a_file_can_drive_the_terminal(cli, tmp_path):
    nasty = "a\x1b[2Jb\u202ec"
    path = sparse_file(
        tmp_path / "n.safetensors", {f"x.{nasty}": (DType.F32, (2,))}, {nasty: f"{nasty}\n{nasty}"}
    )
    result = cli("inspect", path, "--tensors")
    assert "\x1b" not in result.out
    assert "\u202e" not in result.out
    assert "\\x1b[2Jb\\u202ec" in result.out
    assert json.loads(cli("inspect", path, "--json").out)["metadata"] == {
        nasty: f"{nasty}\n{nasty}"
    }


def test_a_file_name_that_is_no_text_is_shown_and_survives_json(process, tmp_path):
    name = bytes(tmp_path) + b"/caf\xe9.safetensors"
    small = small_file(tmp_path / "x.safetensors")
    small.rename(name.decode("utf-8", "surrogateescape"))
    shown = process("inspect", name)
    assert shown.code == 0
    assert "caf\\xe9.safetensors" in shown.out
    assert process("inspect", name, "--json").json["file"].endswith("caf\udce9.safetensors")
