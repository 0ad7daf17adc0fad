"""Checkpoints of real shape, as values only: no file stands behind them."""

import hashlib
import json
import tomllib
from functools import cache
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, Signature, SourceFile
from ckpt_studio.core.families.architecture import component, family
from ckpt_studio.core.families.templates import Modules
from ckpt_studio.core.recognise import recognise
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.tensors import DTYPES, DType, TensorInfo

DATA = Path(__file__).parent / "data"


WITH_OPTIONAL = {"vae_ltxv_2"}
"""Parts of which the real programs have what the data files call optional."""


@cache
def layouts():
    """Fingerprints of the key tables that real programs have, by family."""
    return json.loads((DATA / "layouts.json").read_text())


@cache
def spellings():
    return Modules(tomllib.loads((DATA / "other_spellings.toml").read_text()))


def fingerprint(table):
    """Count and hash of a key table: name -> (dtype label, shape)."""
    lines = (f"{name} {dtype} {list(shape)}" for name, (dtype, shape) in sorted(table.items()))
    return [len(table), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]]


def other_spelling(line, dtype="F16"):
    """Key table of a part as another program spells it; ``line`` names one of the data file."""
    specs = spellings().expand({"": line}, {})
    return {key: (s.dtype.label if s.dtype else dtype, s.usual_shape) for key, s in specs.items()}


def part_table(placement, dtype="F16", prefix=""):
    """Key table of a part as a file of its own, in ComfyUI's spelling."""
    return component_table(placement.component, dtype, prefix)


def component_table(part, dtype="F16", prefix=""):
    whole = part.id in WITH_OPTIONAL
    return {
        prefix + key: (s.dtype.label if s.dtype else dtype, s.usual_shape)
        for key, s in part.specs().items()
        if s.default is None or (whole and s.optional)
    }


def encoder(name, dtype="F16"):
    """Key table of a text encoder as HF spells it."""
    return component_table(component(name), dtype)


def unet(name, dtype="F16", prefix=""):
    """Key table of the diffusion model of a family."""
    return part_table(family(name).unet, dtype, prefix)


def vae(name, dtype="F16"):
    """Key table of the VAE of a family."""
    return part_table(family(name).vae, dtype)


def checkpoint(table, name="model.safetensors", metadata=None):
    """Checkpoint with that key table."""
    tensors, offset = {}, 4096
    for key, (label, shape) in table.items():
        dtype = DTYPES[label]
        size = dtype.nbytes(tuple(shape))
        tensors[key] = TensorInfo(key, dtype, tuple(shape), offset, size)
        offset += size
    signature = Signature(1, hash(name) & 0xFFFF, offset, 0, 0)
    path = Path("/models") / name
    return Checkpoint(
        path, "safetensors", (SourceFile(path, signature),), 4096, tensors, metadata or {}
    )


def opened(table, name="model.safetensors", metadata=None):
    """Opened checkpoint with that key table."""
    made = checkpoint(table, name, metadata)
    return Opened(made, recognise(made))


def plan_table(plan):
    """Key table of a plan."""
    return {row.name: (row.dtype.label, row.shape) for row in plan.tensors}


__all__ = ["DType", "checkpoint", "encoder", "fingerprint", "layouts", "opened", "unet", "vae"]
