"""Names of the values in a node, which ComfyUI's window stores as a bare list."""

from collections.abc import Iterator, Sequence
from typing import Any

_CONTROL = "control_after_generate"
_CONTROLS = {"fixed", "increment", "decrement", "randomize"}
_SEEDS = {"seed", "noise_seed"}

_KNOWN: dict[str, tuple[str, ...]] = {
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CFGGuider": ("cfg",),
    "CLIPLoader": ("clip_name", "type", "device"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSD3": ("clip_l", "clip_g", "t5xxl", "empty_padding"),
    "CLIPTextEncodeSDXL": (
        *("width", "height", "crop_w", "crop_h", "target_width", "target_height"),
        *("text_g", "text_l"),
    ),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "CheckpointSave": ("filename_prefix",),
    "DualCLIPLoader": ("clip_name1", "clip_name2", "type", "device"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "FluxGuidance": ("guidance",),
    "ImpactWildcardEncode": (
        *("wildcard_text", "populated_text", "mode"),
        *("Select to add LoRA", "Select to add Wildcard", "seed"),
    ),
    "ImpactWildcardProcessor": (
        *("wildcard_text", "populated_text", "mode", "seed", "Select to add Wildcard"),
    ),
    "KSampler": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        *("add_noise", "noise_seed", "steps", "cfg", "sampler_name", "scheduler"),
        *("start_at_step", "end_at_step", "return_with_leftover_noise"),
    ),
    "KSamplerSelect": ("sampler_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "ModelMergeSimple": ("ratio",),
    "PrimitiveNode": ("value", "control_after_generate"),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "RandomNoise": ("noise_seed",),
    "SamplerCustom": ("add_noise", "noise_seed", "cfg"),
    "SaveImage": ("filename_prefix",),
    "TripleCLIPLoader": ("clip_name1", "clip_name2", "clip_name3"),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "VAELoader": ("vae_name",),
}
"""For graphs saved before ComfyUI listed the widgets among the inputs of a node."""


def named_values(node: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a node by name; ``value 1`` where the name is not known."""
    stored = node.get("widgets_values")
    if isinstance(stored, dict):
        return {str(key): value for key, value in stored.items() if key != "videopreview"}
    if not isinstance(stored, list) or not stored:
        return {}
    promoted = _promoted(node)
    if promoted:
        pairs = zip(promoted, stored, strict=False)
        return {name: value for name, value in pairs if value is not None}
    kind = node.get("type")
    known = _KNOWN.get(kind, ()) if isinstance(kind, str) else ()
    listed = tuple(_listed(node))
    names = listed if len(listed) >= len(known) else known
    return dict(_pairs(names, stored))


def _promoted(node: dict[str, Any]) -> list[str]:
    """Return the names of the values that a subgraph shows, ``[["-1", "text"], …]``.

    -1 stands for the inputs of the subgraph; without any of them the inner nodes hold all values.
    """
    properties = node.get("properties")
    shown = properties.get("proxyWidgets") if isinstance(properties, dict) else None
    pairs = [item for item in shown if _is_pair(item)] if isinstance(shown, list) else []
    return [name for _, name in pairs] if any(inner == "-1" for inner, _ in pairs) else []


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and list(map(type, item)) == [str, str]


def _listed(node: dict[str, Any]) -> Iterator[str]:
    inputs = node.get("inputs")
    for item in inputs if isinstance(inputs, list) else ():
        widget = item.get("widget") if isinstance(item, dict) else None
        name = widget.get("name") if isinstance(widget, dict) else None
        if isinstance(name, str):
            yield name


def _pairs(names: Sequence[str], stored: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    left = iter(names)
    before = ""
    for number, value in enumerate(stored, start=1):
        if before in _SEEDS and isinstance(value, str) and value in _CONTROLS:
            before = _CONTROL
        else:
            before = next(left, f"value {number}")
        yield before, value
