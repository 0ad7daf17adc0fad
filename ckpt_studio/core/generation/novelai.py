"""NovelAI: a description and a comment in JSON, also when both are hidden in the pixels."""

from collections.abc import Iterator, Mapping
from typing import Any

from ckpt_studio.core.generation.info import Said
from ckpt_studio.core.generation.values import as_text, object_in, table, with_size

_NAMES = {
    "steps": "Steps",
    "sampler": "Sampler",
    "noise_schedule": "Schedule type",
    "scale": "CFG scale",
    "seed": "Seed",
    "size": "Size",
    "Model": "Model",
    "strength": "Denoising strength",
}
_SKIP = ("prompt", "uc", "v4_prompt", "v4_negative_prompt", "signed_hash")


def read(texts: Mapping[str, str]) -> Said | None:
    """Return what NovelAI says (``ux.md`` 5.3)."""
    values = object_in(texts.get("Comment"))
    if not values or not (texts.get("Software") == "NovelAI" or "uc" in values):
        return None
    model = {"Model": texts["Source"]} if texts.get("Source") else {}
    positive = "\n".join(_prompt(texts.get("Description"), values, "prompt", "v4_prompt"))
    negative = "\n".join(_prompt(None, values, "uc", "v4_negative_prompt"))
    return Said("NovelAI", positive, negative, table(with_size(model | values), _NAMES, _SKIP))


def _prompt(
    described: str | None, values: Mapping[str, Any], key: str, newer: str
) -> Iterator[str]:
    """Return the prompt, and since version 4 one for each character."""
    caption = values.get(newer)
    caption = caption.get("caption") if isinstance(caption, dict) else None
    caption = caption if isinstance(caption, dict) else {}
    yield as_text(values.get(key)) or described or as_text(caption.get("base_caption"))
    characters = caption.get("char_captions")
    for character in characters if isinstance(characters, list) else ():
        text = as_text(character.get("char_caption")) if isinstance(character, dict) else ""
        if text:
            yield text
