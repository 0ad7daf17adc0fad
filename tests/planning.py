"""Plans over checkpoints that are only values."""

from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.assembly.assembling import assemble
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.recipe import Assemble
from ckpt_studio.core.recognition import Opened
from tests.models import opened, part_table, unet

_OTHERS = {"unet", "vae", "clip_vision", "base"}


def sources(name, **tables):
    """Opened files of the parts of a family, by name; a table of None leaves a part out."""
    item = family(name)
    usual = {
        part: part_table(placement) for part, placement in item.placements.items() if part != "unet"
    }
    conditioners = {
        key: (spec.dtype.label, spec.shape)
        for key, spec in item.markers.items()
        if spec.dtype and spec.default is None
    }
    usual = {"unet": {**unet(name), **conditioners}, **usual, **tables}
    return {
        part: table if isinstance(table, Opened) else opened(table, f"{part}.safetensors")
        for part, table in usual.items()
        if table is not None
    }


def recipe_of(files, **changes):
    """Recipe that assembles those files."""
    path = {part: file.checkpoint.path for part, file in files.items()}
    base = Assemble(
        model=path.get("unet"),
        vae=path.get("vae"),
        clip_vision=path.get("clip_vision"),
        text_encoders=tuple(path[part] for part in path if part not in _OTHERS),
        base=path.get("base"),
    )
    return replace(base, **changes)


def assembled(name, tables=None, **changes):
    """Plan of a family from single files; ``changes`` go into the recipe."""
    files = sources(name, **(tables or {}))
    by_path: dict[Path, object] = {file.checkpoint.path: file for file in files.values()}
    changes.setdefault("target", name)
    return assemble(recipe_of(files, **changes), by_path, title="ComfyUI 1")
