"""The fields of a merge in the JSON of recipes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ckpt_studio.core.recipe import Merge, NameRule
from ckpt_studio.formats.lora_json import use_from_json, use_to_json
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
        "loras": [use_to_json(lora, text_of) for lora in recipe.loras],
        "vae": text_of(recipe.vae),
        "adjust": list(recipe.adjust),
        "seed": recipe.seed or None,
        "prune": recipe.prune,
        "names": {str(text_of(path)): name for path, name in recipe.names.items()},
        "hashes": dict(recipe.hashes),
    }


def merge_from_json(fields: Fields) -> Merge:
    """Take the fields that are special to a merge.

    Raises:
        FormatError: one of them is not what it should be.
    """
    models = fields.paths("models")
    vae = fields.path("vae")
    loras = tuple(use_from_json(each) for each in fields.objects("loras"))
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


def _read_blocks(fields: Fields) -> dict[str, tuple[float, ...]]:
    return {name: fields.reals(name) for name in fields.names}


def _read_part_values(fields: Fields) -> dict[str, dict[str, float]]:
    return {part: fields.named_reals(part) for part in fields.names}


def _read_rule(fields: Fields) -> NameRule:
    rule = NameRule(fields.text("pattern"), fields.named_reals("values"))
    fields.finish()
    return rule
