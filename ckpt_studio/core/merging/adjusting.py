"""The eight numbers that change the look of a UNet's pictures through six tensors.

``merging.md`` 2.2 "Adjust": IN, OUT, OUT2 (detail and noise), CONT, BRI, COL1, COL2, COL3
(contrast, brightness, three colours). The caller checks that the family is SD1, SD2 or SDXL.
"""

import struct

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Blend, Constant, Expr
from ckpt_studio.core.merging.method_spec import LARGEST
from ckpt_studio.core.tensors import DType

SCALE, OFFSET = "scale", "offset"
"""Ids of the two helper methods: a tensor times ``factor``; a tensor plus another."""

NAMES = ("IN", "OUT", "OUT2", "CONT", "BRI", "COL1", "COL2", "COL3")

_CHANNELS = 4
_SCALED = {
    "input_blocks.0.0.weight": (0, -0.01),
    "input_blocks.0.0.bias": (0, 0.02),
    "out.0.weight": (1, -0.01),
    "out.0.bias": (1, 0.02),
    "out.2.weight": (2, -0.01),
}
_SHIFTED = "out.2.bias"
_SHIFT = 0.02
_COLOURS = ((-1, 1 / 3, 2 / 3), (1, 1, 0), (0, -1, -1), (1, 0, 1))
_COLOURS_SDXL = ((0, 0, 1), (1, 0, 0), (-1, -1, 0), (-1, 1, 0))


def adjusted(part: str, key: str, expr: Expr, numbers: tuple[float, ...], *, sdxl: bool) -> Expr:
    """Return the tensor as the eight numbers change it; the same expression when they do not.

    ``key`` is the name within the part, as ComfyUI's: ``out.2.bias``. A changed tensor is fp32.

    Raises:
        PlanError: there are not eight numbers of a sensible size.
    """
    if not numbers:
        return expr
    if len(numbers) != len(NAMES) or not all(abs(number) <= LARGEST for number in numbers):
        raise PlanError(
            f"The adjustment needs eight numbers of at most {LARGEST:,.0f}.",
            f"Give {', '.join(NAMES)} in this order.",
        )
    if part != "unet":
        return expr
    if key in _SCALED:
        number, share = _SCALED[key]
        factor = 1 + share * numbers[number]
        return expr if factor == 1 else Blend(SCALE, (expr,), (("factor", factor),), key)
    if key == _SHIFTED and expr.shape == (_CHANNELS,):
        return _shifted(key, expr, numbers, sdxl=sdxl)
    return expr


def _shifted(key: str, expr: Expr, numbers: tuple[float, ...], *, sdxl: bool) -> Expr:
    table = _COLOURS_SDXL if sdxl else _COLOURS
    colours = (
        sum(number * row[channel] for number, row in zip(numbers[4:], table, strict=True))
        for channel in range(_CHANNELS - 1)
    )
    shifts = [_SHIFT * value for value in (numbers[3], *colours)]
    if not any(shifts):
        return expr
    data = struct.pack(f"<{_CHANNELS}f", *shifts)
    return Blend(OFFSET, (expr, Constant(DType.F32, (_CHANNELS,), data)), (), key)
