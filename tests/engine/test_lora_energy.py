"""Ranks that follow from a share of energy: the least that keeps it, of every module by itself."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from ckpt_studio.core.errors import Cancelled, PlanError
from ckpt_studio.core.lora.recipes import ExtractLora, MergeLoras, ResizeLora
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.recipe import LoraUse, Output, Precision
from ckpt_studio.engine import plan, with_ranks, write
from tests.making.tiny_dit import changed, model, random, saved, tiny_family

FP32 = Precision.FP32


@pytest.fixture(autouse=True)
def tiny(tmp_path):
    with tiny_family(tmp_path / "families"):
        yield


@pytest.fixture
def lora(tmp_path):
    """A LoRA whose modules have different spectra, one of them nothing."""
    tensors = {}
    for at, scale in enumerate((1.0, 0.5, 0.0)):
        singular = scale * np.exp(-np.arange(8) * (at + 1) / 4)
        name = f"diffusion_model.blocks.{at}.attn.q"
        tensors[f"{name}.lora_up.weight"] = random(64, 8, seed=at) * singular.astype("f4")
        tensors[f"{name}.lora_down.weight"] = random(8, 64, seed=at + 9)
    return saved(tmp_path / "lora.safetensors", tensors)


def shares(path):
    """Return the share of energy that each number of singular values keeps, by module."""
    tensors = load_file(path)
    found = {}
    for name in sorted({key.split(".lora_")[0] for key in tensors}):
        up, down = (tensors[f"{name}.lora_{end}.weight"].astype("f8") for end in ("up", "down"))
        energies = np.linalg.svd(up @ down, compute_uv=False) ** 2
        found[name] = energies.cumsum() / max(energies.sum(), 1e-30)
    return found


@pytest.mark.parametrize("energy", [0.3, 0.9, 0.999, 1.0])
def test_the_least_rank_that_keeps_the_share_is_chosen(lora, tmp_path, energy):
    out = Output(path=tmp_path / "small.safetensors")
    recipe = with_ranks(ResizeLora(lora, energy=energy, precision=FP32, output=out))
    wanted = {
        name: int((held < energy * (1 - 1e-9)).sum()) + 1 if held[-1] else 0
        for name, held in shares(lora).items()
    }
    if energy < 1:
        assert recipe.ranks == wanted
    report = write(plan(recipe))
    written = load_file(report.path)
    assert {
        name: written[f"{name}.lora_down.weight"].shape[0] for name, rank in wanted.items() if rank
    } == {name: rank for name, rank in recipe.ranks.items() if rank}
    assert not any("blocks.2" in name for name in written)
    assert all(each.share >= energy - 1e-6 for each in report.retained)


def test_the_rank_of_the_recipe_is_the_most(lora, tmp_path):
    recipe = MergeLoras((LoraUse(lora),), 3, energy=0.9999, output=Output(tmp_path / "x"))
    assert set(with_ranks(recipe).ranks.values()) == {3, 0}


def test_an_extraction_keeps_the_share_and_leaves_out_what_is_equal(tmp_path):
    a = saved(tmp_path / "a.safetensors", model())
    b = changed(model(), 6) | {"patch_in.weight": model()["patch_in.weight"]}
    b = saved(tmp_path / "b.safetensors", b)
    recipe = ExtractLora(a, b, rank=40, energy=0.6, output=Output(tmp_path / "x.safetensors"))
    with pytest.raises(PlanError, match="not known"):
        plan(recipe)
    made = with_ranks(recipe, threads=1)
    assert made == with_ranks(recipe, threads=2)
    assert with_ranks(made) == made
    assert {name for name, rank in made.ranks.items() if not rank} == {"diffusion_model.patch_in"}
    assert max(made.ranks.values()) < 6
    report = write(plan(made))
    assert all(each.share >= 0.6 for each in report.retained)
    assert not any("patch_in" in name for name in load_file(report.path))
    equal = with_ranks(ExtractLora(a, a, energy=0.8, output=recipe.output))
    with pytest.raises(PlanError, match="equal"):
        plan(equal)


@pytest.mark.parametrize("energy", [0.0, -1.0, 1.5, float("nan")])
def test_shares_that_cannot_be_are_refused(lora, energy):
    with pytest.raises(PlanError, match="cannot keep"):
        plan(with_ranks(ResizeLora(lora, energy=energy)))


def test_looking_for_ranks_tells_its_progress_and_stops(lora):
    told = []
    with_ranks(ResizeLora(lora, energy=0.5), progress=told.append)
    assert told[-1].done == told[-1].total > 0
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        with_ranks(ResizeLora(lora, energy=0.5), cancel=cancel)
