"""Recipes without the folders of their sources, which they know by name and hash."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.merging.pending import AUTOV3, SHA256, pending
from ckpt_studio.core.merging.result_metadata import display_names
from ckpt_studio.core.recipe import Merge
from ckpt_studio.formats.lora_json import lora_to_json
from ckpt_studio.formats.merge_json import merge_to_json

Json = dict[str, Any]


def nameless(recipe: Merge | LoraRecipe) -> Json:
    """Return what is special to such a recipe.

    The hashes are marks until the sources have been read (``core.merging.pending``).
    """
    names = display_names(recipe)
    hashes = {names[path]: pending(SHA256, at) for at, path in enumerate(recipe.sources)}
    autov3 = {names[path]: pending(AUTOV3, at) for at, path in enumerate(recipe.sources)}
    bare = replace(recipe, names={}, hashes=hashes)
    return named_to_json(bare, lambda path: None if path is None else names[path]) | {
        "autov3": autov3
    }


def named_to_json(recipe: Merge | LoraRecipe, text_of: Callable[[Path | None], str | None]) -> Json:
    """Return verb and special fields; ``text_of`` writes the path of a source."""
    if isinstance(recipe, Merge):
        return {"verb": "merge", **merge_to_json(recipe, text_of)}
    return lora_to_json(recipe, text_of)
