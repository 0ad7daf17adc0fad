"""Propose where a checkpoint goes: a name from its parts and precision that is not taken."""

import re
from pathlib import Path

from ckpt_studio.core.recipe import Assemble, Precision

_SUFFIX = ".safetensors"
_DTYPE_WORD = re.compile(
    r"[-_.](fp16|fp32|bf16|fp8(_e4m3fn|_e5m2)?|unet|prefixed|ldm|full)(?=[-_.]|$)"
)


def proposed_path(recipe: Assemble, folder: Path | None) -> Path | None:
    """Return a free path in ``folder``, or beside the model; None while there is no model."""
    model = recipe.model or recipe.base
    if model is None:
        return None
    parent = folder or model.parent
    stem = f"{_base_name(model)}_custom{_precision_word(recipe)}"
    candidate, number = parent / (stem + _SUFFIX), 2
    while candidate.exists():
        candidate = parent / f"{stem}_{number}{_SUFFIX}"
        number += 1
    return candidate


def _base_name(model: Path) -> str:
    return _DTYPE_WORD.sub("", model.stem).removesuffix("_custom") or model.stem


def _precision_word(recipe: Assemble) -> str:
    chosen = recipe.precision.get("unet", recipe.precision.get("*", Precision.KEEP))
    return "" if chosen is Precision.KEEP else f"_{chosen.value}"
