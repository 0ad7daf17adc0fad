"""Easy Diffusion: one text for each value, or all as JSON in EXIF."""

from collections.abc import Mapping
from typing import Any

from ckpt_studio.core.generation.info import Said
from ckpt_studio.core.generation.values import object_in, table, texts_of, with_size

_NAMES = {
    "num_inference_steps": "Steps",
    "sampler_name": "Sampler",
    "guidance_scale": "CFG scale",
    "seed": "Seed",
    "size": "Size",
    "use_stable_diffusion_model": "Model",
    "use_vae_model": "VAE",
    "prompt_strength": "Denoising strength",
    "clip_skip": "Clip skip",
}
_TITLES = {
    "stable diffusion model": "use_stable_diffusion_model",
    "vae model": "use_vae_model",
    "lora model": "use_lora_model",
    "sampler": "sampler_name",
    "steps": "num_inference_steps",
}
_SIGNS = ("use_stable_diffusion_model", "num_inference_steps")


def read(texts: Mapping[str, str]) -> Said | None:
    """Return what Easy Diffusion says; it has written its keys in two ways (``ux.md`` 5.3)."""
    values = _keys(texts)
    if not any(sign in values for sign in _SIGNS):
        values = _keys(object_in(texts.get("UserComment")))
    if not any(sign in values for sign in _SIGNS):
        return None
    prompts = texts_of(values, "prompt", "negative_prompt")
    rows = table(with_size(values), _NAMES, ("prompt", "negative_prompt"))
    return Said("Easy Diffusion", *prompts, rows)


def _keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with the keys of the program's own language, such as ``guidance_scale``."""
    lowered = ((key.lower(), value) for key, value in values.items())
    return {_TITLES.get(key, key.replace(" ", "_")): value for key, value in lowered}
