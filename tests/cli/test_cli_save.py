import json

import pytest

from tests.cli.files import small_file


def dry(cli, *arguments):
    return cli("save", *arguments, "--dry-run", "--json")


def test_a_dry_run_has_every_key_and_writes_nothing(cli, sd15_parts, tmp_path):
    out = tmp_path / "out.safetensors"
    result = dry(cli, *sd15_parts.options, "-o", out)
    assert result.code == 0
    plan = result.json
    assert set(plan) == {
        "target", "output", "container", "set", "bytes", "header_bytes", "peak_memory_bytes",
        "free_bytes", "expected_seconds", "parts",
        "tensors", "missing", "dropped", "added", "same_data", "metadata", "problems",
    }  # fmt: skip
    assert plan["target"] == "sd15"
    assert plan["output"] == str(out)
    assert [part["part"] for part in plan["parts"]] == ["unet", "clip_l", "vae"]
    assert plan["parts"][0]["source"] == str(sd15_parts.unet)
    row = next(row for row in plan["tensors"] if row["name"].endswith("time_embed.0.weight"))
    assert row == {
        "name": "model.diffusion_model.time_embed.0.weight",
        "dtype": "F16",
        "shape": [1280, 320],
        "part": "unet",
        "source": str(sd15_parts.unet),
        "source_names": ["time_embed.0.weight"],
        "op": "copy",
        "file": None,
    }
    assert list(tmp_path.iterdir()) == []


def test_each_part_has_its_precision(cli, sd15_parts, tmp_path):
    out = ("-o", tmp_path / "o.safetensors")
    plan = dry(cli, *sd15_parts.options, *out, "--dtype", "unet=bf16,te=fp32,vae=keep").json
    after = {part["part"]: set(part["dtype_after"]) for part in plan["parts"]}
    assert after["unet"] == {"BF16"}
    assert "F32" in after["clip_l"]
    assert after["vae"] == {"F16"}


def test_prompt_and_workflow_are_stored_as_comfyui_stores_them(cli, sd15_parts, tmp_path):
    workflow = tmp_path / "extra.json"
    workflow.write_text('{"workflow":{"nodes":[],"name":"café","scale":NaN}}', "utf-8")
    plan = dry(
        cli,
        *sd15_parts.options,
        *("-o", tmp_path / "o.safetensors"),
        *("--prompt", '{"3":{"inputs":{"b":1,"a":[]}}}'),
        *("--extra-pnginfo", f"@{workflow}"),
        *("--set", "note=a=b"),
    ).json
    assert plan["metadata"]["prompt"] == '{"3": {"inputs": {"b": 1, "a": []}}}'
    assert plan["metadata"]["workflow"] == '{"nodes": [], "name": "caf\\u00e9", "scale": NaN}'
    assert plan["metadata"]["note"] == "a=b"
    assert plan["metadata"]["modelspec.predict_key"] == "epsilon"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--prompt", "{broken"],
        ["--prompt", "@/no/such/file"],
        ["--extra-pnginfo", "[1]"],
        ["--dtype", "fp17"],
        ["--dtype", "unet=fp16,unet=bf16"],
        ["--set", "novalue"],
        ["--threads", "0"],
        ["--on-overflow", "shrug"],
        ["--filename-prefix", "x"],
    ],
)
def test_wrong_usage_is_exit_code_2_and_one_object(cli, sd15_parts, tmp_path, arguments):
    result = dry(cli, *sd15_parts.options, "-o", tmp_path / "o.safetensors", *arguments)
    assert result.code == 2
    assert result.json["error"]["kind"] == "usage"
    assert result.err.startswith("ckpt-studio: ")


def test_a_save_without_parts_or_without_a_name_is_wrong_usage(cli, sd15_parts, tmp_path):
    assert cli("save", "-o", tmp_path / "o.safetensors").code == 2
    assert cli("save", *sd15_parts.options).code == 2


def test_a_missing_text_encoder_prints_the_plan_and_the_error(cli, sd15_parts, tmp_path):
    result = dry(cli, "--model", sd15_parts.unet, "-o", tmp_path / "o.safetensors")
    assert result.code == 1
    plan = result.json
    assert plan["target"] == "sd15"
    assert plan["error"]["kind"] == "plan"
    assert any(problem["severity"] == "error" for problem in plan["problems"])
    assert plan["error"]["message"] in result.err
    allowed = dry(
        cli, "--model", sd15_parts.unet, "-o", tmp_path / "o.safetensors", "--allow-missing"
    )
    assert allowed.code == 0


def test_a_precision_for_a_part_that_is_not_there_is_refused(cli, sd15_parts, tmp_path):
    out = tmp_path / "o.safetensors"
    result = dry(cli, *sd15_parts.options, "-o", out, "--dtype", "clip_x=fp16")
    assert result.code == 1
    assert "clip_x" in result.json["error"]["message"]


def test_comfyuis_naming_takes_the_next_free_number(cli, sd15_parts, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "ComfyUI_00007_.safetensors").touch()
    plan = dry(cli, *sd15_parts.options, "--output-dir", tmp_path).json
    assert plan["output"] == str(tmp_path / "checkpoints" / "ComfyUI_00008_.safetensors")
    plan = dry(cli, *sd15_parts.options, "--filename-prefix", "a/b", "--output-dir", tmp_path).json
    assert plan["output"] == str(tmp_path / "a" / "b_00001_.safetensors")


def test_the_whole_job_saves_a_file_that_replays(cli, sd15_parts, tmp_path):
    out, recipe = tmp_path / "out.safetensors", tmp_path / "recipe.json"
    arguments = [*sd15_parts.options, "-o", out, "--save-recipe", recipe, "--recipe-in-metadata"]
    result = cli("save", *arguments, "--hashes", "--json")
    assert result.code == 0, result.err
    report = result.json["report"]
    assert report["bytes"] == out.stat().st_size == result.json["bytes"]
    assert report["autov2"] == report["sha256"][:10]
    assert cli("hash", out, "--json").json["sha256"] == report["sha256"]
    assert json.loads(recipe.read_text())["output"] == {"path": "out.safetensors"}

    found = cli("inspect", out, "--json").json
    assert found["architecture"] == "sd15"
    assert found["problems"] == []
    again = cli("run", recipe, "--dry-run", "--json")
    assert again.code == 1
    assert "exists" in again.json["error"]["message"]
    replayed = cli("run", out, "-o", tmp_path / "again.safetensors", "--dry-run", "--json").json
    assert replayed["tensors"] == result.json["tensors"]
    out.unlink()


def test_the_page_for_people_says_what_would_be_written(cli, sd15_parts, tmp_path):
    out = tmp_path / "o.safetensors"
    result = cli("save", *sd15_parts.options, "-o", out, "--dry-run", "--dtype", "vae=fp32")
    assert result.code == 0
    assert f"Would write {out}" in result.out
    assert "F16 → F32" in result.out


def test_a_part_of_another_family_is_refused_with_the_reason(cli, sd15_parts, tmp_path):
    other = small_file(tmp_path / "other.safetensors")
    result = dry(cli, *sd15_parts.options[:4], "--vae", other, "-o", tmp_path / "o.safetensors")
    assert result.code == 1
    assert "other.safetensors" in result.json["error"]["message"]
