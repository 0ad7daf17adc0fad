"""A file with everything wrong is found out, mended, and well afterwards."""

import math
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ckpt_studio.core.errors import Cancelled, SourceChangedError
from ckpt_studio.core.progress import CancelToken, Progress
from ckpt_studio.core.recipe import Convert, Output
from ckpt_studio.engine import open_checkpoint, plan, write
from ckpt_studio.engine.health import check_health, look_over
from ckpt_studio.engine.statistics import take_statistics


def sick() -> dict[str, torch.Tensor]:
    big = torch.randn(300, 300)
    return {
        "te.position_ids": torch.tensor([[0.0, 1.0, 1.0]], dtype=torch.bfloat16),
        "fine.position_ids": torch.arange(5, dtype=torch.int32)[None],
        "layer.weight": big,
        "same.weight": big.clone(),
        "nearly.weight": big + torch.eye(300),
        "ones.weight": torch.ones(300, 300),
        "more_ones.weight": torch.ones(300, 300),
        "huge.weight": torch.tensor([[1e6, 1.0]]),
        "bad.weight": torch.tensor([[math.nan, 1.0]]),
        "zero.weight": torch.zeros(4, 4),
        "betas": torch.rand(1000),
    }


def codes(findings: object) -> list[str]:
    return [finding.problem.code for finding in findings]


def test_everything_is_found_and_mended(tmp_path: Path) -> None:
    source, out = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_file(sick(), source, {"sshs_model_hash": "00" * 32})
    opened = open_checkpoint(source)
    quick = look_over(opened)
    assert set(codes(quick)) == {"position-ids", "position-ids-type", "leftovers"}
    seen: list[Progress] = []
    found = check_health(opened, progress=seen.append)
    assert {progress.phase for progress in seen} == {"Statistics", "Looking for copies", "Reading"}
    by_code = {finding.problem.code: finding for finding in found}
    assert set(by_code) == set(codes(quick)) | {
        *("invalid-values", "all-zero", "too-large:fp16", "duplicates"),
        "wrong-hash:sshs_model_hash",
    }
    assert set(by_code["duplicates"].problem.names) == {"layer.weight", "same.weight"}
    assert by_code["position-ids"].problem.names == ("te.position_ids",)
    recipe = Convert(source, output=Output(path=out))
    for finding in found:
        if finding.fix:
            recipe = finding.fix.applied(recipe)
    write(plan(recipe))
    after = check_health(open_checkpoint(out))
    assert set(codes(after)) == {"invalid-values", "all-zero", "duplicates", "too-large:fp16"}
    assert load_file(out)["te.position_ids"].tolist() == [[0, 1, 2]]


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    source = tmp_path / "a.safetensors"
    save_file(sick(), source)
    opened = open_checkpoint(source)
    seen: list[Progress] = []
    statistics = take_statistics(opened.checkpoint)
    found = check_health(opened, statistics=statistics, data_sha256="ff" * 32, progress=seen.append)
    assert {progress.phase for progress in seen} == {"Looking for copies"}
    assert "invalid-values" in codes(found)


def test_two_names_of_the_same_bytes_are_no_copies(tmp_path: Path) -> None:
    big = torch.randn(300, 300)
    torch.save({"a": big, "b": big, "c": big.clone()}, tmp_path / "m.pt")
    (finding,) = check_health(open_checkpoint(tmp_path / "m.pt"))
    assert len(finding.problem.names) == 2


def test_a_changed_file_is_refused_and_cancel_stops(tmp_path: Path) -> None:
    source = tmp_path / "a.safetensors"
    save_file(sick(), source)
    opened = open_checkpoint(source)
    token = CancelToken()
    token.cancel()
    statistics = take_statistics(opened.checkpoint)
    with pytest.raises(Cancelled):
        check_health(opened, statistics=statistics, cancel=token)
    os.utime(source, ns=(1, 1))
    with pytest.raises(SourceChangedError):
        look_over(opened)
    with pytest.raises(SourceChangedError):
        check_health(opened)


def test_whole_numbers_of_any_type_are_read(tmp_path: Path) -> None:
    kinds = (torch.int64, torch.int32, torch.int16, torch.uint8, torch.float64, torch.float32)
    kinds += (torch.float16, torch.bfloat16)
    right = {f"{n}.position_ids": torch.arange(9).to(kind) for n, kind in enumerate(kinds)}
    wrong = {f"w{name}": values + 1 for name, values in right.items()}
    save_file(right | wrong, tmp_path / "a.safetensors")
    found = {f.problem.code: f for f in look_over(open_checkpoint(tmp_path / "a.safetensors"))}
    assert set(found["position-ids"].problem.names) == set(wrong)
