"""Small models with values, to be merged: blocks that no family knows, in any type."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

BLOCKS = 4
LARGE = (1100, 1000)
"""A tensor of more values than are worked out at a time."""


def tensors_of(seed: int, dtype: torch.dtype = torch.float16) -> dict[str, torch.Tensor]:
    """Tensors of a made-up diffusion transformer with values of N(0, 0.02)."""
    random = torch.Generator().manual_seed(seed)

    def made(*shape: int) -> torch.Tensor:
        return (torch.randn(shape, generator=random) * 0.02).to(dtype)

    found = {"first.weight": made(16, 8), "first.bias": made(16), "last.weight": made(*LARGE)}
    for number in range(BLOCKS):
        found[f"blocks.{number}.attn.weight"] = made(48, 16)
        found[f"blocks.{number}.conv.weight"] = made(16, 16, 3, 3)
        found[f"blocks.{number}.norm"] = made(16)
    return found | {"steps": torch.arange(7), "scale": torch.tensor(2.5, dtype=dtype)}


def model(
    path: Path,
    seed: int,
    dtype: torch.dtype = torch.float16,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write such a model."""
    save_file(tensors_of(seed, dtype), path, metadata=dict(metadata or {"format": "pt"}))
    return path


def lora(path: Path, seed: int, rank: int = 4, alpha: float = 2.0) -> Path:
    """Write a LoRA for the attention of such a model, as ComfyUI names its modules."""
    random = torch.Generator().manual_seed(seed)
    found: dict[str, torch.Tensor] = {}
    for number in range(BLOCKS):
        name = f"diffusion_model.blocks.{number}.attn"
        found[f"{name}.lora_down.weight"] = torch.randn((rank, 16), generator=random)
        found[f"{name}.lora_up.weight"] = torch.randn((48, rank), generator=random)
        found[f"{name}.alpha"] = torch.tensor(alpha)
    save_file(found, path)
    return path


def delta(path: Path, number: int) -> torch.Tensor:
    """Return what such a LoRA adds to the attention of a block."""
    found = load_file(path)
    name = f"diffusion_model.blocks.{number}.attn"
    down, up = found[f"{name}.lora_down.weight"], found[f"{name}.lora_up.weight"]
    return (up @ down) * (found[f"{name}.alpha"].item() / down.shape[0])
