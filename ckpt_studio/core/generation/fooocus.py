"""Fooocus: JSON, or the text of A1111, with a word that says which."""

from collections.abc import Mapping

from ckpt_studio.core.generation import infotext
from ckpt_studio.core.generation.info import Said
from ckpt_studio.core.generation.values import as_text, object_in, table, texts_of

_NAMES = {
    "steps": "Steps",
    "sampler": "Sampler",
    "scheduler": "Schedule type",
    "guidance_scale": "CFG scale",
    "seed": "Seed",
    "resolution": "Size",
    "base_model": "Model",
    "base_model_hash": "Model hash",
    "refiner_model": "Refiner",
    "vae": "VAE",
}
_SKIP = ("prompt", "negative_prompt", "full_prompt", "full_negative_prompt", "metadata_scheme")


def read(texts: Mapping[str, str]) -> Said | None:
    """Return what Fooocus says, in PNG or in EXIF (``ux.md`` 5.3)."""
    scheme = texts.get("fooocus_scheme") or texts.get("MakerNote", "")
    text = texts.get("parameters") or texts.get("UserComment", "")
    named = texts.get("Software", "").startswith("Fooocus")
    values = object_in(text)
    if not ("fooocus_scheme" in texts or named or _is_own(values)):
        return None
    if values:
        size = as_text(values.get("resolution")).strip("()").replace(", ", "x")
        rows = table({**values, "resolution": size}, _NAMES, _SKIP)
        prompts = texts_of(values, "prompt", "negative_prompt")
        return Said("Fooocus", *prompts, rows)
    if scheme == "a1111" and text:
        said = infotext.said(text)
        return Said("Fooocus", said.positive, said.negative, said.parameters)
    return None


def _is_own(values: Mapping[str, object]) -> bool:
    return values.get("metadata_scheme") == "fooocus" or "base_model_hash" in values
