"""LoRAs for rows of fused weights and for exchanged halves, by the values that are written."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ckpt_studio.core.expr import read
from ckpt_studio.core.lora.adding import LoraFile, with_adapters
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.engine import open_checkpoint, write

HIDDEN = 8
FUSED, MODULATION = "single_blocks.0.linear1.weight", "final_layer.adaLN_modulation.1.weight"


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


MODEL = {FUSED: random(7 * HIDDEN, HIDDEN), MODULATION: random(2 * HIDDEN, HIDDEN, seed=1)}
BLOCK = "transformer.single_transformer_blocks.0"


def lora(name, out, seed):
    return {
        f"{name}.lora_B.weight": random(out, 2, seed=seed),
        f"{name}.lora_A.weight": random(2, HIDDEN, seed=seed),
    }


def dora(name, out, seed):
    """LoRA whose rows depend on each other: the norm runs over them."""
    return lora(name, out, seed) | {f"{name}.dora_scale": np.abs(random(1, HIDDEN, seed=seed)) + 1}


@pytest.fixture
def baked(tmp_path):
    def bake(*files):
        paths = [tmp_path / f"{number}.safetensors" for number in range(len(files) + 1)]
        for path, tensors in zip(paths, (MODEL, *files), strict=True):
            save_file(tensors, path)
        model, *opened = (open_checkpoint(path).checkpoint for path in paths)
        uses = [LoraFile(each, n + 1, lambda part, key: 1.0) for n, each in enumerate(opened)]
        parts = {"unet": {name: read(0, tensor) for name, tensor in model.tensors.items()}}
        changed, _ = with_adapters(parts, "flux_dev", uses)
        rows = tuple(PlannedTensor(name, expr) for name, expr in changed["unet"].items())
        plan = Plan("merge", (model, *opened), rows, {})
        return load_file(write(replace(plan, output=tmp_path / "out.safetensors")).path)

    return bake


def delta(tensors, name):
    return tensors[f"{name}.lora_B.weight"] @ tensors[f"{name}.lora_A.weight"]


def decomposed(weight, tensors, name):
    changed = weight + delta(tensors, name)
    return changed * tensors[f"{name}.dora_scale"] / np.linalg.norm(changed, axis=0)


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_rows_whole_and_rows_again(baked):
    one = lora(f"{BLOCK}.attn.to_k", HIDDEN, 1) | lora(f"{BLOCK}.proj_mlp", 4 * HIDDEN, 2)
    two = lora("diffusion_model.single_blocks.0.linear1", 7 * HIDDEN, 3)
    three = lora(f"{BLOCK}.attn.to_q", HIDDEN, 4)
    wanted = MODEL[FUSED] + delta(two, "diffusion_model.single_blocks.0.linear1")
    wanted[HIDDEN : 2 * HIDDEN] += delta(one, f"{BLOCK}.attn.to_k")
    wanted[3 * HIDDEN :] += delta(one, f"{BLOCK}.proj_mlp")
    wanted[:HIDDEN] += delta(three, f"{BLOCK}.attn.to_q")
    done = baked(one, two, three)
    close(done[FUSED], wanted)
    assert (done[MODULATION] == MODEL[MODULATION]).all()


def test_rows_of_what_depends_on_all_rows(baked):
    name = "diffusion_model.single_blocks.0.linear1"
    whole = dora(name, 7 * HIDDEN, 5)
    sliced = dora(f"{BLOCK}.attn.to_v", HIDDEN, 6)
    wanted = decomposed(MODEL[FUSED], whole, name)
    own = slice(2 * HIDDEN, 3 * HIDDEN)
    wanted[own] = decomposed(wanted[own], sliced, f"{BLOCK}.attn.to_v")
    close(baked(whole, sliced)[FUSED], wanted)


@pytest.mark.parametrize("kind", [lora, dora])
def test_exchanged_halves(baked, kind):
    name = "transformer.norm_out.linear"
    made = kind(name, 2 * HIDDEN, 7)
    theirs = np.roll(MODEL[MODULATION], HIDDEN, axis=0)
    theirs = decomposed(theirs, made, name) if kind is dora else theirs + delta(made, name)
    close(baked(made)[MODULATION], np.roll(theirs, HIDDEN, axis=0))
