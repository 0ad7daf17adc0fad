"""What a user should know about a precision before choosing it for a part."""

from collections.abc import Mapping

from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.problems import Problem, note, warning
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.tensors import DTYPES, DType

_SENSITIVE = {"vae", "clip_l", "clip_g", "clip_h"}
_FP8 = {Precision.FP8_E4M3FN, Precision.FP8_E5M2}


def advice(
    architecture: Architecture, part: str, before: Mapping[str, int], precision: Precision
) -> tuple[Problem, ...]:
    """Return warnings about a precision for a part; ``before`` maps element types to bytes."""
    target = precision.dtype
    if target is None or not before:
        return ()
    main = DTYPES[next(iter(before))]
    found: list[Problem] = []
    if precision in _FP8 and part in _SENSITIVE:
        found.append(
            warning(
                f"8 bits are too few for the {part}: pictures get visibly worse.",
                "Choose Half for it.",
                f"sensitive:{part}",
            )
        )
    if part == "vae" and target is DType.F16 and main is DType.F32 and _is_sdxl(architecture):
        found.append(
            warning(
                "The SDXL VAE gives black pictures in F16, unless it is the “fp16-fix” one.",
                "Keep it in F32, or choose BF16.",
                "sdxl-vae-fp16",
            )
        )
    if main.convertible and target.bits > main.bits:
        found.append(
            note(
                f"{part}: {main.label} to {target.label} makes the file larger, not better.",
                code=f"widening:{part}",
            )
        )
    return tuple(found)


def _is_sdxl(architecture: Architecture) -> bool:
    return "stable-diffusion-xl" in architecture.metadata.get("modelspec.architecture", "")
