"""inspect --stats, --health and --npy, compare and hash, on small files."""

import csv
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.cli.files import small_file


@pytest.fixture
def sick(tmp_path):
    tensors = {
        "te.position_ids": torch.zeros(1, 5),
        "a.weight": torch.tensor([[1e6, 1.0]]),
        "b.weight": torch.tensor([[float("nan"), -2.0]]),
        "betas": torch.rand(1000),
        "codes": torch.zeros(3, dtype=torch.uint8),
    }
    path = tmp_path / "sick.safetensors"
    save_file(tensors, path, {"sshs_model_hash": "00" * 32})
    return path


def test_statistics_of_all_tensors_and_of_some(cli, sick):
    found = cli("inspect", sick, "--stats", "--json").json["statistics"]
    by_name = {one["name"]: one for one in found["tensors"]}
    assert by_name["a.weight"]["max"] == 1e6
    assert by_name["a.weight"]["too_large"] == {"F16": 1, "F8_E4M3": 1, "F8_E5M2": 1}
    assert by_name["b.weight"]["nan"] == 1
    assert by_name["b.weight"]["histogram"] == {
        "first_exponent": 1,
        "negative": [1],
        "positive": [0],
    }
    assert by_name["te.position_ids"]["histogram"] is None
    assert found["together"]["count"] == 5 + 2 + 2 + 1000 + 3
    some = cli("inspect", sick, "--stats", r"^[AB]\.", "--json").json["statistics"]
    assert [one["name"] for one in some["tensors"]] == ["a.weight", "b.weight"]
    page = cli("inspect", sick, "--stats").out
    assert "1e+06" in page
    assert "together" in page


def test_a_pattern_that_no_name_has_is_told(cli, sick):
    refused = cli("inspect", sick, "--stats", "nothing")
    assert refused.code == 1
    assert "No tensor of sick.safetensors has ‘nothing’ in its name." in refused.err
    assert "statistics" not in cli("inspect", sick, "--stats", "nothing", "--json").json


def test_a_file_that_is_taken_for_a_pattern_is_told(cli, sick):
    refused = cli("inspect", "--stats", sick)
    assert refused.code == 2
    assert "say which FILE to inspect, before --stats: it took ‘" in refused.err
    assert "say which FILE to inspect" in cli("inspect").err


def test_health_names_what_convert_can_mend(cli, sick, tmp_path):
    found = cli("inspect", sick, "--health", "--json").json["health"]
    codes = {one["code"]: one for one in found}
    assert set(codes) >= {"invalid-values", "position-ids", "leftovers", "too-large:fp16"}
    assert found[0]["severity"] == "error"
    options = [word for one in found if one["fix"] for word in one["fix"]["options"]]
    assert options.count("--fix-position-ids") == 2
    wanted = {"--prune", "--fix-position-ids", "--dtype", "bf16", "--set", "sshs_model_hash="}
    assert set(options) == wanted
    page = cli("inspect", sick, "--health")
    assert page.code == 0
    assert "convert --prune: leave them out" in page.out
    out = tmp_path / "well.safetensors"
    words = ("--prune", "--fix-position-ids", "--dtype", "bf16", "--set", "sshs_model_hash=")
    assert cli("convert", sick, "-o", out, *words).code == 0
    after = {one["code"] for one in cli("inspect", out, "--health", "--json").json["health"]}
    assert after == {"invalid-values", "too-large:fp16"}
    assert load_file(out)["te.position_ids"].tolist() == [[0, 1, 2, 3, 4]]


def test_a_healthy_file_and_both_at_once(cli, tmp_path):
    path = small_file(tmp_path / "a.safetensors")
    assert "Health: nothing is wrong" in cli("inspect", path, "--health").out
    both = cli("inspect", path, "--health", "--stats", "--json").json
    assert (both["health"], len(both["statistics"]["tensors"])) == ([], 2)


def test_a_tensor_for_numpy(cli, tmp_path):
    path, out = tmp_path / "a.safetensors", tmp_path / "a.npy"
    values = torch.randn(3, 4).to(torch.bfloat16)
    save_file({"w": values}, path)
    done = cli("inspect", path, "--npy", "w", "-o", out, "--json")
    assert done.json["npy"] | {"bytes": 0} == {
        "file": str(out),
        "bytes": 0,
        "dtype": "<f4",
        "shape": [3, 4],
        "widened": True,
        "codes": False,
    }
    assert np.array_equal(np.load(out), values.float().numpy())
    assert "is there already" in cli("inspect", path, "--npy", "w", "-o", out).err
    raw = cli("inspect", path, "--npy", "w", "-o", out, "--npy-raw", "--overwrite")
    assert "<u2 (codes)" in raw.out
    assert np.load(out).dtype == "u2"
    assert "has no tensor" in cli("inspect", path, "--npy", "x", "-o", tmp_path / "x.npy").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--npy", "w"], "go together"),
        (["-o", "out.npy"], "go together"),
        (["--npy-raw"], "belong to --npy"),
        (["--overwrite"], "belong to --npy"),
        (["--stats", "(a+)+"], "is no pattern"),
    ],
)
def test_options_that_do_not_fit(cli, tmp_path, words, said):
    refused = cli("inspect", small_file(tmp_path / "a.safetensors"), *words)
    assert (refused.code, said in refused.err) == (2, True)


def test_npy_of_several_files_is_refused(cli, tmp_path):
    files = [small_file(tmp_path / name) for name in ("a.safetensors", "b.safetensors")]
    refused = cli("inspect", *files, "--npy", "w", "-o", tmp_path / "w.npy")
    assert (refused.code, "name one" in refused.err) == (2, True)


def pair(tmp_path):
    a = {"blocks.1.w": torch.randn(8, 8), "only": torch.ones(1), "s": torch.ones(2)}
    b = {"blocks.1.w": a["blocks.1.w"] * 1.1, "s": torch.ones(3), "new": torch.ones(1)}
    paths = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_file(a, paths[0], {"k": "1"})
    save_file(b, paths[1], {"k": "2"})
    return paths


def test_compare_by_headers_and_by_values(cli, tmp_path):
    a, b = pair(tmp_path)
    headers = cli("compare", a, b, "--json").json
    assert headers["counts"] == {"same": 1, "only-a": 1, "shape": 1, "only-b": 1}
    assert "relative_l2" not in headers["tensors"][0]
    assert headers["metadata"] == [{"key": "k", "state": "changed", "a": "1", "b": "2"}]
    values = cli("compare", a, b, "--values", "--json", "--threads", "1").json
    row = next(row for row in values["tensors"] if row["name"] == "blocks.1.w")
    assert row["relative_l2"] == pytest.approx(0.1, rel=1e-5)
    assert row["cosine"] == pytest.approx(1)
    assert (row["block"], row["identical"], row["same"]) == ("block 1", False, False)
    assert values["blocks"][0]["block"] == "block 1"
    page = cli("compare", a, b, "--values").out
    for word in ("only A: only", "only B: new", "other shape: s", "block 1", "10 %", "Metadata"):
        assert word in page


def test_the_table_of_a_comparison(cli, tmp_path):
    a, b = pair(tmp_path)
    table = tmp_path / "t.csv"
    done = cli("compare", a, b, "--values", "--csv", table)
    assert f"Wrote {table}" in done.out
    lines = list(csv.DictReader(table.read_text().splitlines()))
    assert len(lines) == 4
    assert float(lines[0]["relative_l2"] or lines[1]["relative_l2"]) == pytest.approx(0.1, rel=1e-5)
    assert cli("compare", a, b, "--csv", table).code == 1
    assert cli("compare", a, b, "--csv", table, "--overwrite").code == 0
    assert cli("compare", a, b, "--csv", b, "--overwrite").code == 1
    assert cli("compare", a, b, "--overwrite").code == 2


def test_values_that_are_no_numbers_are_told(cli, tmp_path):
    a, b, table = (tmp_path / name for name in ("a.safetensors", "b.safetensors", "t.csv"))
    values = torch.arange(1.0, 5.0)
    save_file({"w": values, "v": values.clone()}, a)
    holed = values.clone()
    holed[2] = float("nan")
    save_file({"w": holed, "v": values * 2}, b)
    page = cli("compare", a, b, "--values", "--csv", table).out
    assert "differ by 77 %, and 1 value of B is NaN or infinite." in page
    assert "NaN/inf" in page
    lines = {line["name"]: line for line in csv.DictReader(table.read_text().splitlines())}
    assert (lines["w"]["invalid_a"], lines["w"]["invalid_b"]) == ("0", "1")
    assert lines["v"]["invalid_b"] == "0"
    same = cli("compare", b, b, "--values", "--json").json["verdict"]
    assert "1 value of A and 1 of B are NaN or infinite." in same


def test_the_same_weights_in_another_precision(cli, tmp_path):
    source, half = small_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    assert cli("convert", source, "-o", half, "--dtype", "fp16").code == 0
    said = cli("compare", source, half, "--values", "--json").json["verdict"]
    assert said[0] == "The files hold the same weights in another precision: F32 in A, F16 in B."


def test_hash_checks_what_the_metadata_says(cli, tmp_path, sick):
    document = cli("hash", sick, "--json").json
    wrong = {"key": "sshs_model_hash", "value": "00" * 32, "right": False}
    assert document["stored"] == [wrong]
    assert document["data_sha256"].startswith(document["autov3"])
    assert "wrong: it is not that of the tensors" in cli("hash", sick).out
    right = tmp_path / "right.safetensors"
    save_file({"w": torch.ones(4)}, right)
    data = json.loads(cli("hash", right, "--json").out)["data_sha256"]
    save_file({"w": torch.ones(4)}, right, {"modelspec.hash_sha256": f"0x{data}"})
    assert "modelspec.hash_sha256 in the metadata is right" in cli("hash", right).out
    plain = tmp_path / "plain.bin"
    plain.write_bytes(b"abc")
    assert cli("hash", plain, "--json").json["stored"] == []
