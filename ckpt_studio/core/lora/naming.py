"""What the modules of a new LoRA are called, and the metadata that say what it is for.

Stable Diffusion 1, 2 and XL and Flux have kohya's names, which every program reads; all others
have ComfyUI's, which are those of the model (``merging.md`` 4.1).
"""

import json
from collections.abc import Mapping

from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.lora.matching import UNET
from ckpt_studio.core.lora.spellings import others, underscored

_DIFFUSERS = frozenset({"SD15", "SD20", "SDXLRefiner"})
_KOHYA = _DIFFUSERS | {"SDXL", "SSD1B", "Segmind_Vega", "Flux", "FluxSchnell"}
_ENCODERS = {"clip_l": "lora_te1_", "clip_g": "lora_te2_", "t5xxl": "lora_te3_"}
_BASES = {
    "SD15": "sd_v1",
    "SD20": "sd_v2",
    "SDXL": "sdxl_base_v1-0",
    "Flux": "flux1",
    "FluxSchnell": "flux1",
}


def module_names(
    architecture: str, parts: Mapping[str, Mapping[str, tuple[int, ...]]]
) -> dict[tuple[str, str], str]:
    """Return what programs call the module of each tensor, by part and ComfyUI's key."""
    kind = family(architecture).comfy_class
    names: dict[tuple[str, str], str] = {}
    for part, shapes in parts.items():
        spelled = _spelled(part, shapes, architecture) if kind in _DIFFUSERS else {}
        for key in shapes:
            base = key.removesuffix(".weight").removesuffix(".bias")
            own = underscored(base)
            if part != UNET:
                names[part, key] = _encoder_name(kind, part, base)
            elif kind in _KOHYA:
                names[part, key] = f"lora_unet_{spelled.get(key, own)}"
            else:
                names[part, key] = f"diffusion_model.{base}"
    return names


def _spelled(part: str, shapes: Mapping[str, tuple[int, ...]], architecture: str) -> dict[str, str]:
    """Return diffusers' name of each tensor that has one of its own, without its last word."""
    found: dict[str, str] = {}
    for name, target in others(part, shapes, architecture).items():
        if target.rows is None and not target.swapped:
            found.setdefault(target.key, name.removesuffix("_weight").removesuffix("_bias"))
    return found


def _encoder_name(kind: str, part: str, base: str) -> str:
    if kind in {"SD15", "SD20"}:
        return f"lora_te_{underscored(base)}"
    if kind in _KOHYA and part in _ENCODERS:
        return _ENCODERS[part] + underscored(base)
    return f"text_encoders.{part}.transformer.{base}"


def network_metadata(
    architecture: str | None, rank: int | None, conv_rank: int | None = None
) -> dict[str, str]:
    """Return the least that programs look for in a LoRA (``merging.md`` 3.3); None is a mixture."""
    kind = family(architecture).comfy_class if architecture else ""
    flux = "_flux" if kind.startswith("Flux") else ""
    size = "Dynamic" if rank is None else str(rank)
    metadata = {
        "format": "pt",
        "ss_v2": str(kind == "SD20"),
        "ss_network_module": f"networks.lora{flux}",
        "ss_network_dim": size,
        "ss_network_alpha": size,
    }
    if kind in _BASES:
        metadata["ss_base_model_version"] = _BASES[kind]
    if conv_rank:
        given = {"conv_dim": str(conv_rank), "conv_alpha": str(conv_rank)}
        metadata["ss_network_args"] = json.dumps(given)
    return metadata
