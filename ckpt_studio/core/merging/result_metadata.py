"""The metadata of a merged model: those of A, and how it came about (``merging.md`` section 3)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.merging.methods import completed, method
from ckpt_studio.core.merging.pending import AUTOV1, KEYS, SHA256, pending, without_marks
from ckpt_studio.core.metadata import apply_all
from ckpt_studio.core.recipe import Merge
from ckpt_studio.core.recognition import Opened

RECIPE, MODELS, FROM = "sd_merge_recipe", "sd_merge_models", "modelspec.merged_from"
_TITLE = "modelspec.title"
_STALE = (
    *("modelspec.hash_sha256", "sshs_model_hash", "sshs_legacy_hash"),
    *KEYS,
    FROM,
)
"""Hashes of A's data (``merging.md`` 3.4), and how A came about: neither is true of the result."""

_A1111_METHODS = {
    "weighted_sum": "Weighted sum",
    "add_difference": "Add difference",
    "copy": "No interpolation",
}
_ANCESTORS = 200


def result_metadata(recipe: Merge, opened: Mapping[Path, Opened]) -> dict[str, str]:
    """Return the metadata of A without what no longer holds, and the recipe where it is wanted.

    Hashes of sources are not known when a merge is planned; marks of the same length stand for
    them (``core.merging.pending``).
    """
    own = opened[recipe.models[0]].checkpoint.metadata
    kept = {key: value for key, value in own.items() if key not in _STALE}
    kept.setdefault("format", "pt")
    if recipe.metadata.recipe:
        kept[RECIPE] = json.dumps(_a1111_recipe(recipe))
        kept[MODELS] = json.dumps(_a1111_models(recipe, opened))
        if len(recipe.models) > 1:
            kept[FROM] = ", ".join(_title(recipe, path, opened) for path in recipe.models)
    return dict(apply_all(recipe.metadata.edits, kept))


def display_names(recipe: Merge | LoraRecipe) -> dict[Path, str]:
    """Return what each source is called in metadata: never its folder, and no name twice."""
    names: dict[Path, str] = {}
    for path in recipe.sources:
        name = wanted = recipe.names.get(path, path.name)
        number = 1
        while name in names.values():
            number += 1
            name = f"{Path(wanted).stem} ({number}){Path(wanted).suffix}"
        names[path] = name
    return names


def display_name(recipe: Merge, path: Path) -> str:
    """Return what one source is called in metadata."""
    return display_names(recipe)[path]


def _title(recipe: Merge, path: Path, opened: Mapping[Path, Opened]) -> str:
    title = opened[path].checkpoint.metadata.get(_TITLE)
    return title or Path(display_name(recipe, path)).stem


def _a1111_recipe(recipe: Merge) -> dict[str, Any]:
    """Return the recipe with the keys that A1111 reads (``merging.md`` 3.1)."""
    hashes = [pending(SHA256, recipe.sources.index(path)) for path in recipe.models]
    hashes += [None] * (3 - len(hashes))  # type: ignore[list-item]
    known = _A1111_METHODS.get(recipe.method)
    simple = known is not None and not (recipe.blocks or recipe.rules or recipe.part_values)
    return {
        "type": "webui" if simple and not recipe.loras else "checkpoint-studio",
        "primary_model_hash": hashes[0],
        "secondary_model_hash": hashes[1],
        "tertiary_model_hash": hashes[2],
        "interp_method": known or recipe.method,
        "multiplier": _multiplier(recipe),
        "save_as_half": any(str(each) == "fp16" for each in recipe.precision.values()),
        "custom_name": "",
        "config_source": 0,
        "bake_in_vae": "None" if recipe.vae is None else display_name(recipe, recipe.vae),
        "discard_weights": "",
        "is_inpainting": False,
        "is_instruct_pix2pix": False,
    }


def _multiplier(recipe: Merge) -> float:
    """Return the one number that A1111 knows: α of the methods that have one."""
    numbers = completed(method(recipe.method), len(recipe.models), recipe.parameters)
    return numbers.get("alpha", 0.0)


def _a1111_models(recipe: Merge, opened: Mapping[Path, Opened]) -> dict[str, Any]:
    """Return the parents by hash, each with its own recipe, and all their ancestors, flat."""
    models: dict[str, Any] = {}
    for path in recipe.models:
        metadata = opened[path].checkpoint.metadata
        place = recipe.sources.index(path)
        models[pending(SHA256, place)] = {
            "name": display_name(recipe, path),
            "legacy_hash": pending(AUTOV1, place),
            "sd_merge_recipe": _object(metadata.get(RECIPE)),
        }
    for path in recipe.models:
        ancestors = _object(opened[path].checkpoint.metadata.get(MODELS)) or {}
        for key, value in list(ancestors.items())[:_ANCESTORS]:
            models.setdefault(key, value)
    return models


def _object(text: str | None) -> dict[str, Any] | None:
    """Return a JSON object of a parent's metadata; None where there is none that can be read."""
    if text is None:
        return None
    try:
        value = json.loads(without_marks(text))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
