"""Merging and what is done in the same pass, against cp and other programs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import files
from benchmarks.jobs import MB, Figure, Setting, memory_figure, seconds_figure
from benchmarks.loras import write_lora
from benchmarks.measure import COMMAND_LINE, PYTHON, Pair, against_copy, run
from ckpt_studio.core.tensors import DType
from ckpt_studio.core.text import binary_size

_BLOCKS = ",".join(f"{(number % 11) / 10:g}" for number in range(26))
_MECHA = "CKPT_STUDIO_MECHA_PYTHON"
"""Names an interpreter with sd-mecha, for the comparison with it."""


def merge(setting: Setting) -> Iterator[Figure]:
    """Two SD 1.5 checkpoints become one; then with all that fits into the same pass."""
    a, b = (
        files.half_checkpoint(setting.folder / f"{name}.safetensors", "sd15", seed)
        for seed, name in enumerate("ab")
    )
    out = setting.folder / "out.safetensors"
    command = (*COMMAND_LINE, "merge", a, b, "--alpha", "0.3", "-o", out)
    pair = against_copy((a,), command, out, setting.rounds)
    job, limit = "Weighted sum of two SD 1.5 fp16 (2 × 2.13 GB)", 2.5 * pair.theirs + 1.8
    yield seconds_figure(job, pair.ours, limit, f"2.5 × cp ({pair.theirs:.2f} s) + 1.8 s")
    yield memory_figure(f"{job}: peak memory", pair.peak, 500 * MB)
    yield from _everything(setting, a, b, limit)
    yield from _peers(a, b, out)


def _everything(setting: Setting, a: Path, b: Path, once: float) -> Iterator[Figure]:
    folder = setting.folder
    loras = [write_lora(folder / f"lora{seed}.safetensors", 32, seed) for seed in range(3)]
    out = folder / "all.safetensors"
    words: list[str | Path] = ["merge", a, b, "--blocks", _BLOCKS, "--vae", b, "--dtype", "bf16"]
    for lora in loras:
        words += ["--lora", f"{lora}:0.5"]
    pair: Pair = against_copy((a,), (*COMMAND_LINE, *words, "-o", out), out, setting.rounds)
    job = "The same with block weights, three LoRAs (rank 32), VAE and bf16"
    yield seconds_figure(job, pair.ours, 2 * once, "twice the line above")
    yield Figure(f"{job}: peak memory", binary_size(pair.peak), "", None)
    out.unlink(missing_ok=True)


def _peers(a: Path, b: Path, out: Path) -> Iterator[Figure]:
    peer = run((PYTHON, "-c", _LOAD_EVERYTHING, a, b, out))
    text = f"{peer.seconds:.2f} s, {binary_size(peer.peak)}"
    yield Figure("The same with load_file, lerp, save_file (no sync)", text, "", None)
    mecha = os.environ.get(_MECHA)
    if mecha:
        peer = run((mecha, "-c", _WITH_MECHA, a, b, out))
        text = f"{peer.seconds:.2f} s, {binary_size(peer.peak)}"
        yield Figure("The same with sd-mecha", text, "", None)


_LOAD_EVERYTHING = """
import sys
import torch
from safetensors.torch import load_file, save_file
a, b = load_file(sys.argv[1]), load_file(sys.argv[2])
for name, tensor in a.items():
    if tensor.is_floating_point():
        a[name] = torch.lerp(tensor.float(), b[name].float(), 0.3).to(tensor.dtype)
save_file(a, sys.argv[3])
"""

_WITH_MECHA = """
import sys, pathlib, torch, sd_mecha
a, b, out = map(pathlib.Path, sys.argv[1:])
recipe = sd_mecha.weighted_sum(sd_mecha.model(a), sd_mecha.model(b), alpha=0.3)
sd_mecha.merge(recipe, output=out, merge_device="cpu", merge_dtype=torch.float32)
"""


def merge_flux(setting: Setting) -> Iterator[Figure]:
    """Memory does not grow with the model."""
    a, b, c = (
        files.flux_transformer(setting.folder / f"{name}.safetensors", DType.BF16) for name in "abc"
    )
    out = setting.folder / "out.safetensors"
    words = ("merge", "--method", "add_difference", a, b, c, "--alpha", "0.5")
    done = run((*COMMAND_LINE, *words, "--dtype", "fp8_e4m3fn", "-o", out))
    size = f"3 × {a.stat().st_size / 1e9:.1f} GB"
    job = f"Add difference of three Flux dev bf16 → fp8 ({size}, sparse): peak memory"
    yield memory_figure(job, done.peak, 500 * MB)
    yield Figure("The same: time, for information", f"{done.seconds:.1f} s", "", None)


MERGE_JOBS: dict[str, Callable[[Setting], Iterator[Figure]]] = {
    "merge": merge,
    "merge-flux": merge_flux,
}
