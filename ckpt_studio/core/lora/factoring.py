"""The rows of a LoRA that is written, and what its values are made of."""

import struct
from collections.abc import Iterator

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import (
    Adapter,
    AddAdapter,
    Constant,
    Expr,
    Factor,
    Zeros,
    cast,
)
from ckpt_studio.core.lora.recipes import ExtractLora, MergeLoras
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.tensors import DType

DIFFERENCE = "difference"
"""The first tensor minus the second: a blend that is no method to choose."""

_PEFT = ("unet.", "transformer.", "text_encoder", "base_model.")
_PLAIN = frozenset({"up", "down", "alpha"})


def require_ranks(recipe: ExtractLora | MergeLoras) -> None:
    """Refuse ranks and shares of energy that cannot be.

    Raises:
        PlanError: one of them is out of range, or ranks that a share takes are not measured yet.
    """
    if recipe.rank is not None and recipe.rank < 1:
        raise PlanError(f"A LoRA cannot have rank {recipe.rank}.", "Choose 1 or more, often 32.")
    if recipe.energy is not None and not 0 < recipe.energy <= 1:
        raise PlanError(
            f"A LoRA cannot keep {recipe.energy:g} of all changes.",
            "Choose a share above 0 and up to 1, often 0.95.",
        )
    if recipe.energy is not None and not recipe.ranks:
        raise PlanError(
            "The ranks that keep this share of all changes are not known yet.",
            "Measure them first, or choose a rank.",
        )


def dtype_of(precision: Precision) -> DType:
    """Return the type of factors; those that are kept as they are come in fp32."""
    return precision.dtype or DType.F32


def pair(
    name: str, of: Expr, rank: int, dtype: DType, part: str, *, exact: bool = False
) -> Iterator[PlannedTensor]:
    """Give the rows of a module: both factors, and α = rank, which makes the scale 1.

    A module of rank 0 has none.
    """
    if not rank:
        return
    peft = name.startswith(_PEFT)
    up, down = ("lora_B", "lora_A") if peft else ("lora_up", "lora_down")
    for end, side in ((up, "up"), (down, "down")):
        factor = Factor(of, rank, side, name, exact=exact)
        yield PlannedTensor(f"{name}.{end}.weight", cast(factor, dtype), part)
    if not peft:
        alpha = Constant(DType.F32, (), struct.pack("<f", rank))
        yield PlannedTensor(f"{name}.alpha", alpha, part)


def plain_loras(expr: Expr) -> tuple[Adapter, ...] | None:
    """Return the LoRAs that a tensor is the sum of, None where it is more than that."""
    found: list[Adapter] = []
    while isinstance(expr, AddAdapter):
        roles = {role for role, _ in expr.adapter.tensors}
        if expr.adapter.kind != "lora" or not roles <= _PLAIN:
            return None
        found.append(expr.adapter)
        expr = expr.of
    return tuple(reversed(found)) if isinstance(expr, Zeros) else None
