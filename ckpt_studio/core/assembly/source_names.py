"""What a source is called without the words that say how it is stored: the start of new names."""

import re
from pathlib import Path

_INDEX = re.compile(r"(\.(safetensors|bin))?\.index(\.\w+)*\.json\Z", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(safetensors|sft|ckpt|pth?|bin|gguf)\Z", re.IGNORECASE)
_SHARD = re.compile(r"-\d{5}-of-\d{5}\b")
_STORED = re.compile(
    r"[-_.](fp16|fp32|bf16|fp8(_e4m3fn|_e5m2)?|unet|prefixed|ldm|full)(?=[-_.]|\Z)", re.IGNORECASE
)
_ANY_MODEL = re.compile(
    r"(diffusion_pytorch_model|pytorch_model|model|model_index)([-_.](fp16|bf16|fp32))?\Z",
    re.IGNORECASE,
)
_COMPONENTS = frozenset(
    ["unet", "transformer", "vae", "vqvae", "prior", "decoder", "image_encoder"]
    + [f"text_encoder{number}" for number in ("", "_2", "_3")]
)


def stem(source: Path) -> str:
    """Return the name of a source without its ending, whatever kind of source it is.

    ``model-00001-of-00003.safetensors`` and ``model.safetensors.index.json`` say nothing about the
    model; they are called after their folder, and components of a diffusers folder after both.
    """
    if source.name.lower() in _COMPONENTS:
        return _folder_name(source)
    own = _SUFFIX.sub("", _INDEX.sub("", source.name))
    own = _SHARD.sub("", own)
    if not _ANY_MODEL.match(own):
        return own
    return _folder_name(source.parent) or own


def generic(source: Path) -> bool:
    """Whether the name of a source is one that any model could have."""
    own = _SUFFIX.sub("", _INDEX.sub("", source.name))
    return bool(_ANY_MODEL.match(_SHARD.sub("", own)))


def plain_stem(source: Path) -> str:
    """Return the same without words for the precision and what is in it."""
    name = stem(source)
    return _STORED.sub("", name).removesuffix("_custom") or name


def _folder_name(folder: Path) -> str:
    if folder.name.lower() in _COMPONENTS and folder.parent.name:
        return f"{folder.parent.name}_{folder.name}"
    return folder.name
