"""Which precisions are offered for a part, which one is recommended, and which make no sense."""

from dataclasses import dataclass

from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.recipe import Precision


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the list; ``refused`` says why it cannot be chosen."""

    precision: Precision
    recommended: bool = False
    refused: str = ""


def recommended(part: str, family: Architecture | None) -> Precision | None:
    """Return what most models of the family ship as; F16 while the family is not known.

    There is none for the VAE: that of SDXL gives black pictures in F16 (``ux.md`` 2).
    """
    if part == "vae":
        return None
    chosen = Precision(family.recommended) if family else Precision.FP16
    return None if chosen is Precision.KEEP else chosen


def choices(part: str, family: Architecture | None) -> tuple[Choice, ...]:
    """Return the entries in order: keep, the recommended one, then all others."""
    half = recommended(part, family)
    first = (Choice(Precision.KEEP), *((Choice(half, recommended=True),) if half else ()))
    too_small = "The VAE is too sensitive for 8 bits." if part == "vae" else ""
    rest = (
        Choice(Precision.BF16),
        Choice(Precision.FP16),
        Choice(Precision.FP32),
        Choice(Precision.FP8_E4M3FN, refused=too_small),
        Choice(Precision.FP8_E5M2, refused=too_small),
    )
    return (*first, *(choice for choice in rest if choice.precision is not half))
