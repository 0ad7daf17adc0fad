"""Several LoRAs on one tensor, some on a part of its rows: one after another, as in fp64."""

import itertools

import pytest
import torch
from safetensors.torch import load_file, save_file

from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.lora.adding import LoraFile, with_adapters
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine import open_checkpoint, write

SIZE, RANK = 24, 4
QKV = "double_blocks.0.img_attn.qkv.weight"
FUSED = "lora_unet_double_blocks_0_img_attn_qkv"
SPLIT = {f"transformer.transformer_blocks.0.attn.to_{letter}": letter for letter in "qkv"}


def factors(kind, random):
    """Return a LoRA for the fused weight, or for its three parts, with magnitudes where told."""

    def made(*shape):
        return torch.randn(shape, generator=random)

    if kind.startswith("fused"):
        up, down = made(3 * SIZE, RANK), made(RANK, SIZE)
        found = {f"{FUSED}.lora_up.weight": up, f"{FUSED}.lora_down.weight": down}
        more = {f"{FUSED}.dora_scale": made(3 * SIZE, 1).abs() + 1}
    else:
        found = {f"{name}.lora_B.weight": made(SIZE, RANK) for name in SPLIT}
        found |= {f"{name}.lora_A.weight": made(RANK, SIZE) for name in SPLIT}
        more = {f"{name}.lora_magnitude_vector": made(SIZE).abs() + 1 for name in SPLIT}
    return found | more if kind.endswith("dora") else found


def changed(weight, up, down, magnitude):
    value = weight + up.double() @ down.double()
    if magnitude is None:
        return value
    return value * (magnitude.double().reshape(-1, 1) / value.norm(dim=1, keepdim=True))


def after(weight, found):
    if any(name.startswith(FUSED) for name in found):
        names = ("lora_up.weight", "lora_down.weight", "dora_scale")
        return changed(weight, *(found.get(f"{FUSED}.{name}") for name in names))
    names = ("lora_B.weight", "lora_A.weight", "lora_magnitude_vector")
    return torch.cat(
        [
            changed(part, *(found.get(f"{module}.{name}") for name in names))
            for part, module in zip(weight.split(SIZE), SPLIT, strict=True)
        ]
    )


@pytest.mark.parametrize(
    "kinds", [*itertools.product(["split", "fused", "split-dora", "fused-dora"], repeat=3)]
)
def test_loras_for_all_and_for_some_rows_follow_one_another(tmp_path, kinds):
    random = torch.Generator().manual_seed(3)
    weight = torch.randn((3 * SIZE, SIZE), generator=random)
    save_file({QKV: weight}, tmp_path / "model.safetensors")
    sources, wanted = [open_checkpoint(tmp_path / "model.safetensors").checkpoint], weight.double()
    for number, kind in enumerate(kinds):
        found = factors(kind, random)
        save_file(found, tmp_path / f"{number}.safetensors")
        sources.append(open_checkpoint(tmp_path / f"{number}.safetensors").checkpoint)
        wanted = after(wanted, found)
    loras = [LoraFile(each, at, lambda *_: 1.0) for at, each in enumerate(sources) if at]
    tensors = {"unet": {QKV: cast(read(0, sources[0].tensors[QKV]), DType.F32)}}
    (expr,) = with_adapters(tensors, "flux_dev", loras)[0]["unet"].values()
    row, out = PlannedTensor(QKV, expr, "unet"), tmp_path / "out.safetensors"
    write(Plan(verb="merge", sources=tuple(sources), tensors=(row,), metadata={}, output=out))
    assert torch.allclose(load_file(out)[QKV].double(), wanted, atol=1e-4)
