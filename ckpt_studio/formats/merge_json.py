"""The fields of a merge in the JSON of recipes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ckpt_studio.core.merging.pending import AUTOV3, SHA256, pending
from ckpt_studio.core.merging.result_metadata import display_names
from ckpt_studio.core.recipe import LoraUse, Merge, NameRule
from ckpt_studio.formats.recipe_fields import Fields

Json = dict[str, Any]


def merge_to_json(recipe: Merge, text_of: Callable[[Path | None], str | None]) -> Json:
    """Return what is special to a merge; ``text_of`` writes the path of a source."""
    return {
        "models": [text_of(path) for path in recipe.models],
        "method": recipe.method,
        "parameters": dict(recipe.parameters),
        "blocks": {name: list(weights) for name, weights in recipe.blocks.items()},
        "partition": recipe.partition,
        "parts": dict(recipe.parts),
        "part_values": {part: dict(each) for part, each in recipe.part_values.items()},
        "rules": [{"pattern": rule.pattern, "values": dict(rule.values)} for rule in recipe.rules],
        "loras": [_lora(lora, text_of) for lora in recipe.loras],
        "vae": text_of(recipe.vae),
        "adjust": list(recipe.adjust),
        "seed": recipe.seed or None,
        "prune": recipe.prune,
        "names": {str(text_of(path)): name for path, name in recipe.names.items()},
        "hashes": dict(recipe.hashes),
    }


def nameless(recipe: Merge) -> Json:
    """Return a merge without the folders of its sources, which it knows by name and hash.

    The hashes are marks until the sources have been read (``core.merging.pending``).
    """
    names = display_names(recipe)
    hashes = {names[path]: pending(SHA256, at) for at, path in enumerate(recipe.sources)}
    autov3 = {names[path]: pending(AUTOV3, at) for at, path in enumerate(recipe.sources)}
    bare = replace(recipe, names={}, hashes=hashes)
    fields = merge_to_json(bare, lambda path: None if path is None else names[path])
    return fields | {"autov3": autov3}


def _lora(lora: LoraUse, text_of: Callable[[Path | None], str | None]) -> Json:
    found: Json = {"path": text_of(lora.path), "strength": lora.strength}
    if lora.te_strength is not None:
        found["te_strength"] = lora.te_strength
    if lora.blocks:
        found["blocks"] = list(lora.blocks)
    return found


def merge_from_json(fields: Fields) -> Merge:
    """Take the fields that are special to a merge.

    Raises:
        FormatError: one of them is not what it should be.
    """
    models = fields.paths("models")
    vae = fields.path("vae")
    loras = tuple(_read_lora(each) for each in fields.objects("loras"))
    names = fields.texts("names")
    fields.texts("autov3")  # for people and other programs; the SHA-256 says more
    return Merge(
        models=models,
        method=fields.text("method"),
        parameters=fields.named_reals("parameters"),
        blocks=_read_blocks(fields.inner("blocks")),
        partition=fields.text("partition"),
        parts=fields.texts("parts"),
        part_values=_read_part_values(fields.inner("part_values")),
        rules=tuple(_read_rule(each) for each in fields.objects("rules")),
        loras=loras,
        vae=vae,
        adjust=fields.reals("adjust"),
        seed=fields.number("seed", default=0),
        prune=fields.flag("prune"),
        names={fields.resolved(path): name for path, name in names.items()},
        hashes=fields.texts("hashes"),
    )


def _read_lora(fields: Fields) -> LoraUse:
    te_strength = fields.real("te_strength") if "te_strength" in fields else None
    lora = LoraUse(
        path=fields.needed_path("path"),
        strength=fields.real("strength", default=1.0),
        te_strength=te_strength,
        blocks=fields.reals("blocks"),
    )
    fields.finish()
    return lora


def _read_blocks(fields: Fields) -> dict[str, tuple[float, ...]]:
    return {name: fields.reals(name) for name in fields.names}


def _read_part_values(fields: Fields) -> dict[str, dict[str, float]]:
    return {part: fields.named_reals(part) for part in fields.names}


def _read_rule(fields: Fields) -> NameRule:
    rule = NameRule(fields.text("pattern"), fields.named_reals("values"))
    fields.finish()
    return rule
