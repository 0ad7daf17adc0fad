"""WanGP (Wan2GP): its settings as one JSON object in the comment of a video or a picture."""

from collections.abc import Mapping

from ckpt_studio.core.generation.info import Said
from ckpt_studio.core.generation.values import object_in, table, texts_of

_NAMES = {
    "num_inference_steps": "Steps",
    "sample_solver": "Sampler",
    "guidance_scale": "CFG scale",
    "seed": "Seed",
    "resolution": "Size",
    "model_type": "Model",
}
_SIGNED = "by DeepBeepMeep"
"""Part of ``type`` in every version: ‘WanGP v8.1 by DeepBeepMeep - …’, ‘Wan2.1GP by …’."""


def read(texts: Mapping[str, str]) -> Said | None:
    """Return what WanGP says; its ``prompt`` is a text, not a graph."""
    for name in ("comment", "UserComment"):
        values = object_in(texts.get(name))
        if _SIGNED in str(values.get("type", "")):
            prompts = texts_of(values, "prompt", "negative_prompt")
            return Said("WanGP", *prompts, table(values, _NAMES, ("prompt", "negative_prompt")))
    return None
