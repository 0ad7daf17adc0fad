"""The kinds of output as one choice: what the window calls "Save as"."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from ckpt_studio.core.assembly.separate_files import COMFYUI_FOLDERS
from ckpt_studio.core.diffusers.diffusers_layout import layout_of
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.families.architecture import family as family_named
from ckpt_studio.core.recipe import Assemble, Layout, Output

GIGABYTE = 10**9
USUAL_SHARD_BYTES = 5 * GIGABYTE
"""The size at which Hugging Face cuts files (``formats.md`` 6)."""

_TORCH = frozenset({".ckpt", ".pt", ".pth", ".bin"})
_MODEL_ENDINGS = frozenset({".safetensors", ".sft", *_TORCH})


class OutputKind(StrEnum):
    """What is written."""

    SAFETENSORS = "safetensors"
    CKPT = "ckpt"
    SHARDS = "shards"
    DIFFUSERS = "diffusers"
    PARTS = "parts"

    @property
    def is_folder(self) -> bool:
        """Whether the path of the output is a folder."""
        return self in {OutputKind.DIFFUSERS, OutputKind.PARTS}


_OF_LAYOUT: Mapping[Layout, OutputKind] = {
    Layout.DIFFUSERS: OutputKind.DIFFUSERS,
    Layout.PARTS: OutputKind.PARTS,
}
_LAYOUTS = {kind: layout for layout, kind in _OF_LAYOUT.items()}


def kind_of(output: Output) -> OutputKind:
    """Return what an output is; the ending of the path tells a PyTorch file."""
    if output.layout in _OF_LAYOUT:
        return _OF_LAYOUT[output.layout]
    if output.shard_bytes:
        return OutputKind.SHARDS
    torch = output.path is not None and output.path.suffix.lower() in _TORCH
    return OutputKind.CKPT if torch else OutputKind.SAFETENSORS


def with_kind(output: Output, kind: OutputKind, shard_bytes: int = USUAL_SHARD_BYTES) -> Output:
    """Return the output as another kind; its path follows as far as that has a meaning."""
    return replace(
        output,
        path=path_for(output.path, kind) if output.path else None,
        layout=_LAYOUTS.get(kind, Layout.FILE),
        shard_bytes=shard_bytes if kind is OutputKind.SHARDS else 0,
        overwrite=False,
    )


def ending(kind: OutputKind) -> str:
    """Return the ending of the path of an output, "" for a folder."""
    if kind.is_folder:
        return ""
    return ".ckpt" if kind is OutputKind.CKPT else ".safetensors"


def path_for(path: Path, kind: OutputKind) -> Path:
    """Return a path with the ending of a kind; for PARTS the folder of the models it lies in."""
    if kind is OutputKind.PARTS:
        return models_folder(path.parent)
    named = path.suffix.lower() in _MODEL_ENDINGS
    bare = path.with_suffix("") if named else path
    if not bare.name:
        return path
    return bare.with_name(bare.name + ending(kind))


def models_folder(folder: Path) -> Path:
    """Return the folder that holds ``checkpoints``, ``vae`` and others, seen from one of them."""
    inside = folder.name.lower() in COMFYUI_FOLDERS and folder.parent.name
    return folder.parent if inside else folder


def unavailable(kind: OutputKind, recipe: Assemble, family: Architecture | None) -> str:
    """Say why a recipe cannot be saved as a kind of output, "" where nothing speaks against it."""
    if kind is OutputKind.SAFETENSORS:
        return ""
    if not recipe.sources:
        return "Choose or drop a model first."
    if kind is OutputKind.PARTS:
        return ""
    if not (recipe.model or recipe.base):
        return "Choose a model first; a text encoder or a VAE alone can be a separate file."
    return _no_folder(family.id) if kind is OutputKind.DIFFUSERS and family is not None else ""


@cache
def _no_folder(name: str) -> str:
    try:
        layout_of(family_named(name))
    except PlanError as error:
        return error.message
    return ""
