"""SwarmUI: one JSON object with ``sui_image_params``."""

from collections.abc import Mapping

from ckpt_studio.core.generation.info import Said
from ckpt_studio.core.generation.values import object_in, table, texts_of, with_size

_NAMES = {
    "steps": "Steps",
    "sampler": "Sampler",
    "scheduler": "Schedule type",
    "cfgscale": "CFG scale",
    "fluxguidancescale": "Guidance",
    "seed": "Seed",
    "size": "Size",
    "model": "Model",
    "vae": "VAE",
    "initimagecreativity": "Denoising strength",
}


def read(texts: Mapping[str, str]) -> Said | None:
    """Return what SwarmUI says, in PNG, in EXIF or in a video (``ux.md`` 5.3)."""
    for name in ("parameters", "UserComment", "comment"):
        whole = object_in(texts.get(name))
        values = whole.get("sui_image_params")
        if isinstance(values, dict):
            prompts = texts_of(values, "prompt", "negativeprompt")
            rows = table(with_size(values), _NAMES, ("prompt", "negativeprompt"))
            more = whole.get("sui_extra_data")
            extra = table(more, {}) if isinstance(more, dict) else ()
            return Said("SwarmUI", *prompts, (*rows, *extra))
    return None
