"""InvokeAI: today's metadata, those of version 2, and the command of its beginnings."""

import re
from collections.abc import Mapping
from typing import Any

from ckpt_studio.core.generation.info import Parameters, Said
from ckpt_studio.core.generation.values import as_text, object_in, table, texts_of, with_size

_NAMES = {
    "steps": "Steps",
    "sampler": "Sampler",
    "scheduler": "Sampler",
    "cfg_scale": "CFG scale",
    "guidance": "Guidance",
    "seed": "Seed",
    "size": "Size",
    "model": "Model",
    "model_weights": "Model",
    "model_hash": "Model hash",
    "vae": "VAE",
    "strength": "Denoising strength",
    "clip_skip": "Clip skip",
}
_SWITCHES = {
    "s": "Steps",
    "A": "Sampler",
    "C": "CFG scale",
    "S": "Seed",
    "W": "width",
    "H": "height",
    "f": "Denoising strength",
}
_SKIP = ("prompt", "positive_prompt", "negative_prompt", "canvas_v2_metadata", "image", "app_id")
_COMMAND = re.compile(r'"((?:[^"\\]|\\.)*+)"(.*)', re.DOTALL)
_SWITCH = re.compile(r"(?:^|\s)-([sACSWHf])\s?([\w.\-]{1,60})")
_NEGATIVE = re.compile(r"\[([^\[\]]*)\]")


def read(texts: Mapping[str, str]) -> Said | None:
    """Return what InvokeAI says, in whichever of its forms (``ux.md`` 5.3)."""
    if values := object_in(texts.get("invokeai_metadata")):
        return _current(values)
    if values := object_in(texts.get("sd-metadata")):
        return _second(values)
    return _first(texts["Dream"]) if "Dream" in texts else None


def _current(values: dict[str, Any]) -> Said:
    prompts = texts_of(values, "positive_prompt", "negative_prompt")
    model = values.get("model")
    if isinstance(model, dict):
        name = model.get("name") or model.get("model_name")
        values = {**values, "model": name, "model_hash": model.get("hash")}
    if isinstance(values.get("vae"), dict):
        values = {**values, "vae": values["vae"].get("name")}
    return Said("InvokeAI", *prompts, _rows(values))


def _second(values: dict[str, Any]) -> Said:
    image = values.get("image")
    image = image if isinstance(image, dict) else {}
    prompt = image.get("prompt")
    if isinstance(prompt, list):
        parts = (part.get("prompt") for part in prompt if isinstance(part, dict))
        prompt = ", ".join(filter(None, map(as_text, parts)))
    return Said("InvokeAI", *_apart(as_text(prompt)), _rows({**values, **image}))


def _rows(values: dict[str, Any]) -> Parameters:
    return table(with_size(values), _NAMES, _SKIP)


def _first(text: str) -> Said:
    """Read a command such as ``"a cat [blurry]" -s50 -S123 -W512 -H512 -C7.5 -A k_lms``."""
    command = _COMMAND.match(text)
    prompt, options = command.groups() if command else (text, "")
    given = {_SWITCHES[key]: value for key, value in _SWITCH.findall(options)}
    values = with_size(given)
    return Said("InvokeAI", *_apart(prompt), table(values, {"Steps": "Steps", "size": "Size"}))


def _apart(prompt: str) -> tuple[str, str]:
    """Return the prompt without what stands in square brackets, and that as the negative one."""
    negative = ", ".join(part.strip() for part in _NEGATIVE.findall(prompt) if part.strip())
    return _NEGATIVE.sub("", prompt).strip(), negative
