"""``lora``: joined and resized files, what is told of them, and what is refused."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

NAME = "diffusion_model.blocks.0.attn.q"


@pytest.fixture
def loras(tmp_path):
    paths = []
    for seed, rank in ((1, 4), (2, 6)):
        random = np.random.default_rng(seed)
        made = {
            f"{NAME}.lora_up.weight": random.standard_normal((32, rank)).astype("f4"),
            f"{NAME}.lora_down.weight": random.standard_normal((rank, 24)).astype("f4"),
        }
        paths.append(tmp_path / f"{seed}.safetensors")
        save_file(made, paths[-1], {"ss_base_model_version": "mine"})
    return paths


def product(path):
    tensors = load_file(path)
    return tensors[f"{NAME}.lora_up.weight"] @ tensors[f"{NAME}.lora_down.weight"]


def test_merge_and_resize(cli, loras, tmp_path):
    out = tmp_path / "sum.safetensors"
    one, two = loras
    done = cli("lora", "merge", f"{one}:0.5", f"{two}:-1", "-o", out, "--dtype", "fp32", "--json")
    assert done.code == 0
    np.testing.assert_allclose(product(out), 0.5 * product(one) - product(two), atol=1e-4)
    assert done.json["report"]["retained_share"] == 1.0
    small = tmp_path / "small.safetensors"
    done = cli("lora", "resize", out, "--rank", "3", "-o", small, "--dtype", "fp32")
    assert done.code == 0
    singular = np.linalg.svd(product(out), compute_uv=False)
    share = (singular[:3] ** 2).sum() / (singular**2).sum()
    assert f"hold {share:.1%} of all changes" in done.out
    assert NAME in done.out


def test_the_plan_is_shown_and_nothing_is_written(cli, loras, tmp_path):
    out = tmp_path / "sum.safetensors"
    done = cli("lora", "merge", *loras, "-o", out, "--set", "author=me", "--dry-run", "--json")
    assert done.code == 0
    assert not out.exists()
    shapes = {row["name"]: row["shape"] for row in done.json["tensors"]}
    assert shapes[f"{NAME}.lora_down.weight"] == [10, 24]
    assert done.json["metadata"]["ss_base_model_version"] == "mine"
    assert done.json["metadata"]["author"] == "me"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("extract", "A", "B", "--rank", "0"), "no rank"),
        (("extract", "A", "B", "--dtype", "fp8"), "none of fp32"),
        (("resize", "A"), "--rank"),
    ],
)
def test_mistakes_are_said(cli, loras, tmp_path, arguments, words):
    named = [{"A": loras[0], "B": loras[1]}.get(word, word) for word in arguments]
    done = cli("lora", *named, "-o", tmp_path / "out.safetensors")
    assert done.code == 2
    assert words in done.err


def test_a_lora_is_no_model_to_extract_from(cli, loras, tmp_path):
    done = cli("lora", "extract", *loras, "-o", tmp_path / "out.safetensors")
    assert done.code == 1
    assert "no diffusion model" in done.err
