"""Tell which model family a LoRA was made for, from its names and sizes."""

from collections.abc import Sequence
from functools import cache

from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.lora.kinds import fits
from ckpt_studio.core.lora.matching import KnownNames, Shapes, known_names, match_names
from ckpt_studio.core.lora.modules import Module, Target

_COMMON = (
    *("sd15", "sdxl", "flux_dev", "sd20", "sd3_medium", "sd35_large", "sd35_medium"),
    *("wan21_14b_t2v", "wan21_1.3b_t2v", "wan22_5b_ti2v", "qwen_image", "z_image", "flux2_dev"),
    *("hunyuan_video", "chroma", "lumina2", "ltxv_2b", "ltxv_13b", "cosmos_predict2_2b_t2i"),
    *("hidream_i1", "auraflow", "pixart_sigma", "mochi", "stable_cascade_c"),
)
"""Families that LoRAs are made for, the most common first."""


def family_of(modules: Sequence[Module]) -> str | None:
    """Return the family that most modules fit, None where none fits any."""
    best, most = None, 0
    for name in _COMMON:
        count = sum(_fits(*found, name) for found in targets_in(modules, name))
        if count > most:
            best, most = name, count
        if count == len(modules):
            break
    return best


def targets_in(modules: Sequence[Module], architecture: str) -> tuple[tuple[Target, Module], ...]:
    """Return which tensor of a family each module is for."""
    return match_names(modules, _names(architecture)).targets


def target_shape(target: Target, architecture: str) -> tuple[int, ...]:
    """Return the shape of what a module changes."""
    shape = shapes_of(architecture)[target.part][target.key]
    return shape if target.rows is None else (target.rows[1] - target.rows[0], *shape[1:])


@cache
def _names(architecture: str) -> KnownNames:
    return known_names(shapes_of(architecture), architecture)


@cache
def shapes_of(architecture: str) -> dict[str, Shapes]:
    """Return the shapes of a family's diffusion model and text encoders, by part."""
    item = family(architecture)
    return {
        part: {key: spec.usual_shape for key, spec in placement.component.specs().items()}
        for part, placement in {"unet": item.unet, **item.text_encoders}.items()
    }


def _fits(target: Target, module: Module, architecture: str) -> bool:
    factors = {role: factor.shape for role, factor in module.tensors}
    return fits(module.kind, factors, target_shape(target, architecture))
