"""Names of the values in a node, which ComfyUI's window stores as a bare list."""

from collections.abc import Iterator, Sequence
from typing import Any

_CONTROL = "control_after_generate"
_CONTROLS = {"fixed", "increment", "decrement", "randomize"}
_SEEDS = {"seed", "noise_seed"}

Slot = tuple[str, str]
"""The name of a widget and its type."""

_TYPES: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "INT": (int,),
    "FLOAT": (int, float),
    "BOOLEAN": (bool,),
    "COMBO": (str, int, float, bool),
}
_SIZES = ("width", "height", "batch_size")
_FILM = ("width", "height", "length", "batch_size")
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
    "ComfyMathExpression": ("expression",),
    "ControlNetApplyAdvanced": ("strength", "start_percent", "end_percent"),
    "ControlNetLoader": ("control_net_name",),
    "EmptyFlux2LatentImage": _SIZES,
    "EmptyHunyuanLatentVideo": _FILM,
    "EmptyLTXVLatentVideo": _FILM,
    "EmptyLatentImage": _SIZES,
    "EmptySD3LatentImage": _SIZES,
    "Flux2Scheduler": ("steps", "width", "height"),
    "FluxGuidance": ("guidance",),
    "ImageOnlyCheckpointLoader": ("ckpt_name",),
    "ImageScaleBy": ("upscale_method", "scale_by"),
    "ImageScaleToTotalPixels": ("upscale_method", "megapixels"),
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
    "LTXVConditioning": ("frame_rate",),
    "LoadAudio": ("audio",),
    "LoadImage": ("image", "upload"),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "ManualSigmas": ("sigmas",),
    "MarkdownNote": ("text",),
    "ModelMergeSimple": ("ratio",),
    "ModelSamplingAuraFlow": ("shift",),
    "ModelSamplingFlux": ("max_shift", "base_shift", "width", "height"),
    "ModelSamplingSD3": ("shift",),
    "Note": ("text",),
    "PrimitiveBoolean": ("value",),
    "PrimitiveFloat": ("value",),
    "PrimitiveInt": ("value", "control_after_generate"),
    "PrimitiveNode": ("value", "control_after_generate"),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "RandomNoise": ("noise_seed",),
    "SamplerCustom": ("add_noise", "noise_seed", "cfg"),
    "SaveImage": ("filename_prefix",),
    "StringConcatenate": ("string_a", "string_b", "delimiter"),
    "StringReplace": ("string", "find", "replace"),
    "TextEncodeAceStepAudio": ("tags", "lyrics", "lyrics_strength"),
    "TextEncodeAceStepAudio1.5": ("tags", "lyrics", "seed"),
    "TextEncodeQwenImageEdit": ("prompt",),
    "TextEncodeQwenImageEditPlus": ("prompt",),
    "TextGenerate": ("prompt",),
    "TextGenerateLTX2Prompt": ("prompt",),
    "TripleCLIPLoader": ("clip_name1", "clip_name2", "clip_name3"),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "UpscaleModelLoader": ("model_name",),
    "VAELoader": ("vae_name",),
    "WanImageToVideo": _FILM,
}
"""For graphs saved before ComfyUI listed the widgets among the inputs of a node."""


def named_values(node: dict[str, Any], slots: Sequence[Slot] = ()) -> dict[str, Any]:
    """Return the values of a node by name; ``value 1`` where the name is not known.

    ``slots`` are the inputs of the subgraph that a node uses, with their types.
    """
    stored = node.get("widgets_values")
    if isinstance(stored, dict):
        return {str(key): value for key, value in stored.items() if key != "videopreview"}
    if not isinstance(stored, list) or not stored:
        return {}
    promoted = _promoted(node)
    if promoted:
        pairs = zip(promoted, stored, strict=False)
        return {name: value for name, value in pairs if value is not None}
    return dict(_pairs(_names(node, slots), stored))


def _names(node: dict[str, Any], slots: Sequence[Slot]) -> Sequence[str]:
    """Return the names of the values in a bare list: the first source of names that fits them all.

    Graphs saved before 2025 list those widgets alone that are linked, so what a node lists is
    trusted only when it fits.
    """
    stored = [value for value, control in _uncontrolled(node["widgets_values"]) if not control]
    listed = tuple(_listed(node))
    kind = node.get("type")
    known = _KNOWN.get(kind, ()) if isinstance(kind, str) else ()
    whole = (names for names in (slots, listed) if len(names) == len(stored))
    found = next(whole, ())
    if not found and known and len(listed) <= len(known):
        return known
    if not found and all(map(_fits, listed, stored)):
        found = listed
    return [name for name, _ in found]


def _fits(slot: Slot, value: Any) -> bool:
    """Whether a value can be that of a widget of a type."""
    test = _TYPES.get(slot[1])
    return test is None or isinstance(value, test)


def _uncontrolled(stored: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
    """Return the values, and whether each only says what becomes of the number before it."""
    before: Any = None
    for value in stored:
        control = isinstance(before, int) and isinstance(value, str) and value in _CONTROLS
        yield value, control
        before = value


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


def slots_of(subgraph: dict[str, Any]) -> list[Slot]:
    """Return the inputs of a subgraph that can be set in its node, in the order of its values."""
    inputs = subgraph.get("inputs")
    named = (_slot(item, item.get("name")) for item in _objects(inputs))
    return [slot for slot in named if slot is not None and slot[1] in _TYPES]


def _listed(node: dict[str, Any]) -> Iterator[Slot]:
    for item in _objects(node.get("inputs")):
        widget = item.get("widget")
        slot = _slot(item, widget.get("name")) if isinstance(widget, dict) else None
        if slot is not None:
            yield slot


def _slot(item: dict[str, Any], name: Any) -> Slot | None:
    kind = item.get("type")
    if not isinstance(name, str):
        return None
    return name, kind.partition(",")[0].upper() if isinstance(kind, str) else ""


def _objects(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _pairs(names: Sequence[str], stored: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    left = iter(names)
    before = ""
    for number, value in enumerate(stored, start=1):
        if before in _SEEDS and isinstance(value, str) and value in _CONTROLS:
            before = _CONTROL
        else:
            before = next(left, f"value {number}")
        yield before, value
