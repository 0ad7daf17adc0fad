"""The fields of recipes of LoRAs in the JSON of recipes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ckpt_studio.core.lora.recipes import ExtractLora, LoraRecipe, MergeLoras, ResizeLora
from ckpt_studio.core.recipe import LoraUse, Precision
from ckpt_studio.formats.recipe_fields import Fields

EXTRACT, MERGE, RESIZE = "lora-extract", "lora-merge", "lora-resize"
"""The verbs."""

_PRECISIONS = (Precision.KEEP, Precision.FP32, Precision.FP16, Precision.BF16)

Json = dict[str, Any]
TextOf = Callable[[Path | None], str | None]


def lora_to_json(recipe: LoraRecipe, text_of: TextOf) -> Json:
    """Return verb and what is special to LoRAs; ``text_of`` writes the path of a source."""
    document = _special(recipe, text_of)
    document["energy"], document["ranks"] = recipe.energy, dict(recipe.ranks)
    document["names"] = {str(text_of(path)): name for path, name in recipe.names.items()}
    document["hashes"] = dict(recipe.hashes)
    if recipe.precision is not Precision.FP16:
        document["precision"] = str(recipe.precision)
    return document


def _special(recipe: LoraRecipe, text_of: TextOf) -> Json:
    match recipe:
        case ExtractLora():
            return {
                "verb": EXTRACT,
                "a": text_of(recipe.a),
                "b": text_of(recipe.b),
                "rank": recipe.rank,
                "conv_rank": recipe.conv_rank or None,
                "without_convolutions": recipe.conv_rank == 0,
                "without_te": not recipe.te,
                "vectors": recipe.vectors,
            }
        case MergeLoras():
            loras = [use_to_json(lora, text_of) for lora in recipe.loras]
            return {"verb": MERGE, "loras": loras, "rank": recipe.rank}
        case ResizeLora():
            return {"verb": RESIZE, "source": text_of(recipe.source), "rank": recipe.rank}


def use_to_json(lora: LoraUse, text_of: TextOf) -> Json:
    """Return one LoRA with its strengths."""
    found: Json = {"path": text_of(lora.path), "strength": lora.strength}
    if lora.te_strength is not None:
        found["te_strength"] = lora.te_strength
    if lora.blocks:
        found["blocks"] = list(lora.blocks)
    return found


def extract_from_json(fields: Fields) -> ExtractLora:
    """Take the fields of an extraction.

    Raises:
        FormatError: one of them is not what it should be.
    """
    conv_rank = _rank(fields, "conv_rank")
    return ExtractLora(
        a=fields.needed_path("a"),
        b=fields.needed_path("b"),
        rank=fields.number("rank"),
        conv_rank=0 if fields.flag("without_convolutions") else conv_rank,
        te=not fields.flag("without_te"),
        vectors=fields.flag("vectors"),
        **_shared(fields),
    )


def merge_from_json(fields: Fields) -> MergeLoras:
    """Take the fields of a sum of LoRAs.

    Raises:
        FormatError: one of them is not what it should be.
    """
    return MergeLoras(
        loras=tuple(use_from_json(each) for each in fields.objects("loras")),
        rank=_rank(fields, "rank"),
        **_shared(fields),
    )


def resize_from_json(fields: Fields) -> ResizeLora:
    """Take the fields of a change of rank.

    Raises:
        FormatError: one of them is not what it should be.
    """
    return ResizeLora(
        source=fields.needed_path("source"),
        rank=_rank(fields, "rank"),
        **_shared(fields),
    )


def use_from_json(fields: Fields) -> LoraUse:
    """Take one LoRA with its strengths.

    Raises:
        FormatError: one of the fields is not what it should be.
    """
    te_strength = fields.real("te_strength") if "te_strength" in fields else None
    lora = LoraUse(
        path=fields.needed_path("path"),
        strength=fields.real("strength", default=1.0),
        te_strength=te_strength,
        blocks=fields.reals("blocks"),
    )
    fields.finish()
    return lora


def _rank(fields: Fields, name: str) -> int | None:
    return fields.number(name) if name in fields else None


def _shared(fields: Fields) -> dict[str, Any]:
    """Take the fields that all recipes of LoRAs have."""
    names = fields.texts("names")
    fields.texts("autov3")  # for people and other programs; the SHA-256 says more
    word = fields.word("precision", tuple(_PRECISIONS), default=Precision.FP16)
    return {
        "energy": fields.real("energy") if "energy" in fields else None,
        "ranks": fields.named_numbers("ranks"),
        "names": {fields.resolved(path): name for path, name in names.items()},
        "hashes": fields.texts("hashes"),
        "precision": Precision(word),
    }
