"""LoRAs of real shape for Stable Diffusion 1.5, named as kohya's trainer names them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_CONTEXT = 768
_BLOCKS = (
    *(
        (f"down_blocks_{level}_attentions_{n}", 320 << level)
        for level in range(3)
        for n in range(2)
    ),
    ("mid_block_attentions_0", 1280),
    *((f"up_blocks_{4 - n // 3}_attentions_{n % 3}", 160 << (n // 3)) for n in range(3, 12)),
)


def write_lora(path: Path, rank: int, seed: int) -> Path:
    """Write a LoRA in fp16 for the attention of the UNet and for the text encoder."""
    random = np.random.default_rng(seed)
    header: dict[str, object] = {"__metadata__": {"ss_network_module": "networks.lora"}}
    data: list[bytes] = []
    at = 0
    for name, shape, value in _tensors(rank, random):
        raw = value.tobytes()
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(data)
    return path


def _tensors(rank: int, random: np.random.Generator) -> Iterator[tuple[str, list[int], np.ndarray]]:
    for name, out, into, convolution in _modules():
        kernel = [1, 1] if convolution else []
        for role, shape in (("lora_down", [rank, into]), ("lora_up", [out, rank])):
            values = (random.standard_normal(shape) * 0.02).astype(np.float16)
            yield f"{name}.{role}.weight", shape + kernel, values
        yield f"{name}.alpha", [], np.array(rank / 2, np.float16)


def _modules() -> Iterator[tuple[str, int, int, bool]]:
    """Yield name, outputs, inputs and whether it is a convolution of each module."""
    for block, width in _BLOCKS:
        start = f"lora_unet_{block}"
        yield from ((f"{start}_{word}", width, width, True) for word in ("proj_in", "proj_out"))
        inner = f"{start}_transformer_blocks_0"
        for attention, context in (("attn1", width), ("attn2", _CONTEXT)):
            yield f"{inner}_{attention}_to_q", width, width, False
            yield f"{inner}_{attention}_to_k", width, context, False
            yield f"{inner}_{attention}_to_v", width, context, False
            yield f"{inner}_{attention}_to_out_0", width, width, False
        yield f"{inner}_ff_net_0_proj", 8 * width, width, False
        yield f"{inner}_ff_net_2", width, 4 * width, False
    for layer in range(12):
        start = f"lora_te_text_model_encoder_layers_{layer}"
        for word in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield f"{start}_self_attn_{word}", _CONTEXT, _CONTEXT, False
        yield f"{start}_mlp_fc1", 4 * _CONTEXT, _CONTEXT, False
        yield f"{start}_mlp_fc2", _CONTEXT, 4 * _CONTEXT, False


def write_tuned(path: Path, source: Path, seed: int) -> Path:
    """Write a checkpoint in fp16 whose weights differ from those of another one as after training.

    Differences are of rank 128 with singular values that fall off, plus a fifth of their energy in
    noise: no low rank holds all of them.
    """
    random = np.random.default_rng(seed)
    noise = random.standard_normal(_NOISE, np.float32) * np.float32(_SIZE * _NOISE_SHARE**0.5)
    with source.open("rb") as given, path.open("wb") as file:
        size = given.read(8)
        header = given.read(int.from_bytes(size, "little"))
        file.write(size + header)
        rows = json.loads(header)
        rows.pop("__metadata__", None)
        for row in sorted(rows.values(), key=lambda row: row["data_offsets"]):
            start, stop = row["data_offsets"]
            raw = given.read(stop - start)
            changed = row["dtype"] == "F16" and len(row["shape"]) > 1
            file.write(_trained(raw, row["shape"], random, noise) if changed else raw)
        file.flush()
        os.fsync(file.fileno())
    return path


_NOISE = (1 << 24) + 4096
_SIZE = 2e-3
"""Root of the mean square of a difference; weights of the files are about 0.1."""
_NOISE_SHARE = 0.2
_TRAINED_RANK = 128


def _trained(
    raw: bytes, shape: list[int], random: np.random.Generator, noise: np.ndarray
) -> np.ndarray:
    values = np.frombuffer(raw, np.float16).astype(np.float32).reshape(shape[0], -1)
    singular = np.arange(1, _TRAINED_RANK + 1, dtype=np.float32) ** -0.7
    singular *= _SIZE * (1 - _NOISE_SHARE) ** 0.5 / np.linalg.norm(singular)
    left = random.standard_normal((values.shape[0], _TRAINED_RANK), np.float32)
    values += (left * singular) @ random.standard_normal(
        (_TRAINED_RANK, values.shape[1]), np.float32
    )
    flat, step = values.reshape(-1), len(noise) - 4096
    for start in range(0, len(flat), step):
        piece = flat[start : start + step]
        at = int(random.integers(4096))
        piece += noise[at : at + len(piece)]
    return values.astype(np.float16)
