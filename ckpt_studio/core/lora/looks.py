"""Say what a LoRA looks like: what wrote it and for which model, as far as its names tell."""

import re
from collections.abc import Iterable

from ckpt_studio.core.checkpoint import Checkpoint

_WRITERS = (
    ("lora_transformer_", "OneTrainer"),
    ("lora_prior_unet_", "OneTrainer"),
    ("lycoris_", "SimpleTuner"),
    ("lora_unet_", "kohya's sd-scripts"),
    ("lora_te", "kohya's sd-scripts"),
    ("oft_unet_", "kohya's sd-scripts"),
    ("diffusion_model.", "ComfyUI"),
    ("text_encoders.", "ComfyUI"),
    ("unet.", "diffusers"),
    ("transformer.", "diffusers"),
    ("base_model.", "PEFT"),
    ("text_encoder", "diffusers"),
)

_MODELS = (
    (r"single_blocks|single_transformer_blocks|double_blocks", "Flux or HunyuanVideo"),
    (r"joint_blocks|add_k_proj", "Stable Diffusion 3, Qwen-Image or a relative"),
    (r"self_attn[._][qkvo]$|(?<!transformer_)blocks[._]\d+[._]ffn", "Wan"),
    (r"(noise|context)_refiner|^diffusion_model\.layers|lora_unet_layers", "Lumina or Z-Image"),
    (r"(input|output|middle)_block", "Stable Diffusion XL"),
    (r"(down|up|mid)_block", "Stable Diffusion 1, 2 or XL"),
    (r"text_model", "a CLIP text encoder"),
)

_CONTEXT = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}
_CROSS = re.compile(
    r"attn2[._](?:processor\.)?to_k.*(?:down\.weight|lora_A(?:\.default)?\.weight)$"
)
_UNET = re.compile(r"(?:input|output|middle|down|up|mid)_block")


def looks_like(checkpoint: Checkpoint) -> str:
    """Return a few words on the model and the program that a LoRA is of."""
    names = tuple(checkpoint.tensors)
    model = (
        checkpoint.metadata.get("modelspec.architecture", "").partition("/")[0]
        or checkpoint.metadata.get("ss_base_model_version", "")
        or _by_context(checkpoint)
        or _first(names)
    )
    first = next(iter(names), "")
    writer = next((writer for start, writer in _WRITERS if first.startswith(start)), "")
    named = f", named as {writer} does" if writer else ""
    return f"a LoRA for {model or 'another model'}{named}"


def _by_context(checkpoint: Checkpoint) -> str:
    """Tell the Stable Diffusions by what their cross attention takes."""
    for name, tensor in checkpoint.tensors.items():
        if _CROSS.search(name) and _UNET.search(name) and len(tensor.shape) > 1:
            return _CONTEXT.get(tensor.shape[1], "")
    return ""


def _first(names: Iterable[str]) -> str:
    stems = {name.partition(".lora")[0] for name in names}
    for pattern, model in _MODELS:
        if any(re.search(pattern, stem) for stem in stems):
            return model
    return ""
