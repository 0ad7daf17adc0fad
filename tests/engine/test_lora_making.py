"""LoRAs that are extracted, joined and resized do what their models and sources say."""

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from ckpt_studio.core.errors import CkptStudioError, PlanError
from ckpt_studio.core.lora.recipes import ExtractLora, MergeLoras, ResizeLora
from ckpt_studio.core.recipe import LoraUse, Merge, Output, Precision
from ckpt_studio.engine import WriteOptions, plan, write
from tests.making.tiny_dit import BLOCKS, changed, model, random, saved, tiny_family

FP32 = Precision.FP32


@pytest.fixture(autouse=True)
def tiny(tmp_path):
    with tiny_family(tmp_path / "families"):
        yield


def written(recipe, threads=0):
    made = plan(recipe)
    report = write(made, WriteOptions(threads=threads))
    with safe_open(report.path, "np") as file:
        metadata = file.metadata()
    return load_file(report.path), metadata, report


def delta(lora, name, ends=("lora_up", "lora_down")):
    """Return what a plain LoRA adds, by its own α."""
    up, down = (lora[f"{name}.{end}.weight"].astype(np.float64) for end in ends)
    rank = down.shape[0]
    alpha = float(lora.get(f"{name}.alpha", rank))
    return alpha / rank * up.reshape(len(up), -1) @ down.reshape(rank, -1)


def lora(names, rank, seed, alpha=None, shape=(64, 64)):
    made = {}
    for at, name in enumerate(names):
        made[f"{name}.lora_up.weight"] = random(shape[0], rank, seed=seed + at)
        made[f"{name}.lora_down.weight"] = random(rank, shape[1], seed=seed + at)
        if alpha is not None:
            made[f"{name}.alpha"] = np.float32(alpha)
    return made


def close(found, wanted, tolerance=1e-4):
    error = np.linalg.norm(found - wanted) / max(np.linalg.norm(wanted), 1e-9)
    assert error < tolerance


def test_an_extracted_lora_makes_b_of_a(tmp_path):
    a, b = model(), changed(model(), rank=3)
    paths = {"a": saved(tmp_path / "a.safetensors", a), "b": saved(tmp_path / "b.safetensors", b)}
    out = Output(path=tmp_path / "lora.safetensors")
    tensors, metadata, report = written(
        ExtractLora(**paths, rank=4, vectors=True, precision=FP32, output=out)
    )
    name = "diffusion_model.blocks.1.mlp.up"
    assert tensors[f"{name}.lora_up.weight"].shape == (256, 4)
    assert tensors[f"{name}.lora_down.weight"].shape == (4, 64)
    assert tensors[f"{name}.alpha"] == 4
    close(delta(tensors, name), b["blocks.1.mlp.up.weight"] - a["blocks.1.mlp.up.weight"])
    assert metadata["ss_network_dim"] == metadata["ss_network_alpha"] == "4"
    assert metadata["ss_network_module"] == "networks.lora"
    assert all(each.share > 0.999999 for each in report.retained)
    baked = Merge(
        models=(paths["a"],),
        method="copy",
        loras=(LoraUse(out.path),),
        output=Output(path=tmp_path / "again.safetensors"),
    )
    made = plan(baked)
    assert made.coverage.adapters[0].unmatched == made.coverage.adapters[0].skipped == ()
    again = load_file(write(made).path)
    for key, value in b.items():
        close(again[key], value, 1e-5)


def test_the_energy_that_a_rank_keeps_is_told(tmp_path):
    a, b = model(), changed(model(), rank=8)
    paths = {"a": saved(tmp_path / "a.safetensors", a), "b": saved(tmp_path / "b.safetensors", b)}
    out = Output(path=tmp_path / "lora.safetensors")
    tensors, _, report = written(ExtractLora(**paths, rank=2, precision=FP32, output=out))
    told = {each.key: each for each in report.retained}
    assert len(told) == 2 + 7 * BLOCKS
    for name, each in told.items():
        change = b[f"{name[16:]}.weight"].astype(np.float64) - a[f"{name[16:]}.weight"]
        singular = np.linalg.svd(change, compute_uv=False)
        assert each.share == pytest.approx(
            (singular[:2] ** 2).sum() / (singular**2).sum(), rel=1e-4
        )
        left = np.linalg.norm(change - delta(tensors, name)) ** 2
        assert 1 - each.share == pytest.approx(left / np.linalg.norm(change) ** 2, rel=1e-3)


def test_the_same_models_give_the_same_bytes_with_any_number_of_threads(tmp_path):
    paths = {
        "a": saved(tmp_path / "a.safetensors", model()),
        "b": saved(tmp_path / "b.safetensors", changed(model(), rank=8)),
    }
    files = []
    for threads in (1, 3):
        out = Output(path=tmp_path / f"{threads}.safetensors")
        written(ExtractLora(**paths, rank=2, output=out), threads)
        files.append(out.path.read_bytes())
    assert files[0] == files[1]


def test_equal_models_give_a_lora_of_zeros(tmp_path):
    paths = {name: saved(tmp_path / f"{name}.safetensors", model()) for name in "ab"}
    out = Output(path=tmp_path / "lora.safetensors")
    tensors, _, report = written(ExtractLora(**paths, rank=2, output=out))
    assert not any(value.any() for name, value in tensors.items() if not name.endswith("alpha"))
    assert {each.share for each in report.retained} == {1.0}
    assert {value.dtype for name, value in tensors.items() if "lora" in name} == {np.dtype("f2")}


def test_damaged_values_are_named(tmp_path):
    b = changed(model(), rank=2)
    b["blocks.0.attn.q.weight"][0, 0] = np.nan
    paths = {
        "a": saved(tmp_path / "a.safetensors", model()),
        "b": saved(tmp_path / "b.safetensors", b),
    }
    out = Output(path=tmp_path / "lora.safetensors")
    with pytest.raises(CkptStudioError, match="has values that are no numbers"):
        written(ExtractLora(**paths, rank=2, output=out))
    assert not out.path.exists()


NAMES = [f"diffusion_model.blocks.{n}.attn.q" for n in range(BLOCKS)]


def test_the_exact_sum_of_loras_of_different_ranks(tmp_path):
    one, two = lora(NAMES, 4, 1, alpha=2), lora(NAMES[:2], 6, 2)
    uses = (
        LoraUse(saved(tmp_path / "one.safetensors", one), 0.7),
        LoraUse(saved(tmp_path / "two.safetensors", two), -0.4),
    )
    out = Output(path=tmp_path / "sum.safetensors")
    tensors, metadata, _ = written(MergeLoras(uses, precision=FP32, output=out))
    for name in NAMES[:2]:
        assert tensors[f"{name}.lora_down.weight"].shape[0] == tensors[f"{name}.alpha"] == 10
        close(delta(tensors, name), 0.7 * delta(one, name) - 0.4 * delta(two, name))
    assert tensors[f"{NAMES[2]}.lora_down.weight"].shape[0] == 4
    close(delta(tensors, NAMES[2]), 0.7 * delta(one, NAMES[2]))
    assert metadata["ss_network_dim"] == "Dynamic"


def test_a_sum_of_another_rank_is_the_nearest_one(tmp_path):
    one, two = lora(NAMES, 4, 1, alpha=2), lora(NAMES, 6, 2)
    uses = tuple(
        LoraUse(saved(tmp_path / f"{n}.safetensors", each)) for n, each in enumerate((one, two))
    )
    out = Output(path=tmp_path / "sum.safetensors")
    tensors, metadata, report = written(MergeLoras(uses, rank=3, precision=FP32, output=out))
    assert metadata["ss_network_dim"] == "3"
    for name, told in zip(NAMES, report.retained, strict=True):
        whole = delta(one, name) + delta(two, name)
        u, s, v = np.linalg.svd(whole)
        close(delta(tensors, name), (u[:, :3] * s[:3]) @ v[:3])
        assert told.key == name
        assert told.share == pytest.approx((s[:3] ** 2).sum() / (s**2).sum(), rel=1e-5)


def test_a_resized_lora_keeps_what_it_says(tmp_path):
    big = lora(NAMES, 8, 1, alpha=4)
    given = {"ss_base_model_version": "tiny", "ss_network_dim": "8", "ss_tag_frequency": "{}"}
    path = saved(tmp_path / "big.safetensors", big, given)
    out = Output(path=tmp_path / "small.safetensors")
    tensors, metadata, _ = written(ResizeLora(path, 2, precision=FP32, output=out))
    u, s, v = np.linalg.svd(delta(big, NAMES[0]))
    close(delta(tensors, NAMES[0]), (u[:, :2] * s[:2]) @ v[:2])
    assert metadata["ss_base_model_version"] == "tiny"
    assert metadata["ss_network_dim"] == "2"
    assert "ss_tag_frequency" not in metadata
    out = Output(path=tmp_path / "larger.safetensors")
    tensors, _, _ = written(ResizeLora(path, 99, precision=FP32, output=out))
    close(delta(tensors, NAMES[0]), delta(big, NAMES[0]))
    assert tensors[f"{NAMES[0]}.lora_down.weight"].shape[0] == 8


def test_convolutions_keep_their_shape(tmp_path):
    name = "lora_unet_down_blocks_0_resnets_0_conv1"
    made = {
        f"{name}.lora_up.weight": random(320, 4, 1, 1),
        f"{name}.lora_down.weight": random(4, 320, 3, 3),
    }
    use = LoraUse(saved(tmp_path / "conv.safetensors", made), 0.5)
    for rank in (None, 2):
        out = Output(path=tmp_path / f"{rank}.safetensors")
        tensors, metadata, _ = written(MergeLoras((use,), rank=rank, precision=FP32, output=out))
        size = rank or 4
        assert tensors[f"{name}.lora_up.weight"].shape == (320, size, 1, 1)
        assert tensors[f"{name}.lora_down.weight"].shape == (size, 320, 3, 3)
        assert metadata["ss_base_model_version"] == "sd_v1"
    close(delta(load_file(tmp_path / "None.safetensors"), name), 0.5 * delta(made, name))


def test_loras_of_several_programs_meet_in_their_model(tmp_path):
    kohya = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    peft = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    one = lora([kohya], 2, 1, shape=(320, 320))
    two = lora([peft], 3, 2, shape=(320, 320))
    two = {
        name.replace("lora_up", "lora_B").replace("lora_down", "lora_A"): value
        for name, value in two.items()
    }
    uses = tuple(
        LoraUse(saved(tmp_path / f"{n}.safetensors", each)) for n, each in enumerate((two, one))
    )
    out = Output(path=tmp_path / "sum.safetensors")
    tensors, _, _ = written(MergeLoras(uses, precision=FP32, output=out))
    ends = ("lora_B", "lora_A")
    assert set(tensors) == {f"{peft}.{end}.weight" for end in ends}
    close(delta(tensors, peft, ends), delta(one, kohya) + delta(two, peft, ends))


def test_lohas_need_a_rank_and_a_known_model(tmp_path):
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    made = {
        f"{name}.hada_w1_a": random(320, 2, seed=1),
        f"{name}.hada_w1_b": random(2, 320, seed=2),
        f"{name}.hada_w2_a": random(320, 2, seed=3),
        f"{name}.hada_w2_b": random(2, 320, seed=4),
    }
    use = LoraUse(saved(tmp_path / "loha.safetensors", made))
    with pytest.raises(PlanError, match="LoHa modules") as caught:
        plan(MergeLoras((use,)))
    assert "rank" in caught.value.hint
    out = Output(path=tmp_path / "sum.safetensors")
    plain = LoraUse(saved(tmp_path / "plain.safetensors", lora([name], 2, 1, shape=(320, 320))))
    tensors, _, report = written(MergeLoras((use, plain), rank=6, precision=FP32, output=out))
    a, b, c, d = made.values()
    close(delta(tensors, name), (a @ b) * (c @ d) + delta(load_file(plain.path), name), 1e-3)
    assert report.retained[0].share > 0.9999


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"dora_scale": random(64, 1)}, "DoRA modules"),
        ({"set_weight": random(64, 64)}, "replaced weight"),
    ],
)
def test_what_depends_on_the_model_is_refused(tmp_path, more, words):
    made = lora(NAMES[:1], 2, 1) | {f"{NAMES[0]}.{end}": value for end, value in more.items()}
    path = saved(tmp_path / "lora.safetensors", made)
    with pytest.raises(PlanError, match=words) as caught:
        plan(ResizeLora(path, 2))
    assert "into a model" in caught.value.hint


def test_fused_weights_in_pieces_cannot_be_joined(tmp_path):
    name = "lora_unet_double_blocks_0_img_attn_qkv"
    ends = [f"lora_{side}.{number}.weight" for side in ("up", "down") for number in range(3)]
    path = saved(tmp_path / "x.safetensors", {f"{name}.{end}": random(4, 4) for end in ends})
    with pytest.raises(PlanError, match="in pieces") as caught:
        plan(ResizeLora(path, 2))
    assert "into a model" in caught.value.hint


def test_loras_of_different_models_are_refused(tmp_path):
    uses = tuple(
        LoraUse(saved(tmp_path / f"{size}.safetensors", lora(NAMES, 2, 1, shape=(size, size))))
        for size in (64, 32)
    )
    with pytest.raises(PlanError, match="different models"):
        plan(MergeLoras(uses))


def test_factors_that_do_not_fit_each_other_are_named(tmp_path):
    made = lora(NAMES[:1], 2, 1)
    made[f"{NAMES[0]}.lora_down.weight"] = random(3, 64)
    path = saved(tmp_path / "lora.safetensors", made)
    with pytest.raises(PlanError, match="is damaged"):
        plan(ResizeLora(path, 2))


def test_differences_are_added(tmp_path):
    key = f"{NAMES[0]}.diff_b"
    values = [random(64, seed=seed) for seed in (1, 2)]
    uses = tuple(
        LoraUse(saved(tmp_path / f"{n}.safetensors", {key: value}), n + 1)
        for n, value in enumerate(values)
    )
    out = Output(path=tmp_path / "sum.safetensors")
    tensors, _, _ = written(MergeLoras(uses, precision=FP32, output=out))
    assert set(tensors) == {key}
    close(tensors[key], values[0] + 2 * values[1])


def test_models_without_a_family_give_no_lora(tmp_path):
    path = saved(tmp_path / "x.safetensors", {"x": random(4, 4)})
    with pytest.raises(PlanError, match="no diffusion model"):
        plan(ExtractLora(path, path))
