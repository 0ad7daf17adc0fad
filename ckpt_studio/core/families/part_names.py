"""What people call the parts of a model, and which of the parts are text encoders."""

from collections.abc import Mapping

from ckpt_studio.core.families.architecture import text_encoder_parts

ANY_TEXT_ENCODER = "te"
"""Stands for the text encoders of a model whose family is not known yet."""

_NAMES: Mapping[str, str] = {
    "unet": "UNet",
    "te": "Text encoder",
    "vae": "VAE",
    "clip_l": "CLIP-L",
    "clip_g": "CLIP-G",
    "clip_h": "CLIP-H",
    "t5xxl": "T5-XXL",
    "t5base": "T5-Base",
    "umt5xxl": "UMT5-XXL",
    "umt5base": "UMT5-Base",
    "pile_t5xl": "Pile-T5-XL",
    "mt5xl": "mT5-XL",
    "byt5_small": "ByT5-Small",
    "hydit_clip": "HunyuanDiT CLIP",
    "llama": "Llama 3 8B",
    "gemma2_2b": "Gemma 2 2B",
    "gemma3_4b": "Gemma 3 4B",
    "gemma3_12b": "Gemma 3 12B",
    "ltxav_connectors": "LTX-2 connectors",
    "qwen25_3b": "Qwen 2.5 VL 3B",
    "qwen25_7b": "Qwen 2.5 VL 7B",
    "qwen3_2b": "Qwen 3 2B",
    "qwen3_4b": "Qwen 3 4B",
    "mistral3_24b": "Mistral 3 24B",
    "jina": "Jina CLIP v2",
    "clip_vision": "CLIP vision",
    "lora": "LoRA",
    "controlnet": "ControlNet",
    "embedding": "textual inversion embedding",
    "upscaler": "upscaler",
}


def part_name(part: str) -> str:
    """Return what people call a part; one that is not known is called by its id."""
    return _NAMES.get(part, part)


def is_text_encoder(part: str) -> bool:
    """Whether a part is a text encoder of any family."""
    return part == ANY_TEXT_ENCODER or part in text_encoder_parts()
