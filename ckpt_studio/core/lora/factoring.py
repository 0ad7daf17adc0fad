"""The rows of a LoRA that is written, and what its values are made of."""

import struct
from collections.abc import Iterator

from ckpt_studio.core.expr import (
    Adapter,
    AddAdapter,
    Constant,
    Expr,
    Factor,
    Zeros,
    cast,
)
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.tensors import DType

DIFFERENCE = "difference"
"""The first tensor minus the second: a blend that is no method to choose."""

_PEFT = ("unet.", "transformer.", "text_encoder", "base_model.")
_PLAIN = frozenset({"up", "down", "alpha"})


def dtype_of(precision: Precision) -> DType:
    """Return the type of factors; those that are kept as they are come in fp32."""
    return precision.dtype or DType.F32


def pair(
    name: str, of: Expr, rank: int, dtype: DType, part: str, *, exact: bool = False
) -> Iterator[PlannedTensor]:
    """Give the rows of a module: both factors, and α = rank, which makes the scale 1."""
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
