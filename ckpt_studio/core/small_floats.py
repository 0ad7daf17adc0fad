"""The values of element types of at most 16 bits, as tables from every bit pattern to its value.

The layouts are those of safetensors' types: IEEE 754 halves, bfloat16, and the 8-bit types of OCP
and of Graphcore (``FNUZ``: one zero, and one NaN where the negative zero would be).
"""

import math
import struct
from collections.abc import Callable, Mapping
from functools import cache

from ckpt_studio.core.tensors import DType


@cache
def table_of(dtype: DType) -> tuple[float, ...] | None:
    """Return the value of each bit pattern, lowest pattern first; None for wider types.

    Floating types of 8 and 16 bits, whole numbers of at most 16 bits and truth values.
    """
    make = _TABLES.get(dtype)
    return None if make is None else tuple(make())


def _halves() -> tuple[float, ...]:
    return struct.unpack("<65536e", struct.pack("<65536H", *range(1 << 16)))


def _bfloats() -> tuple[float, ...]:
    return struct.unpack(
        "<65536f", struct.pack("<65536I", *(code << 16 for code in range(1 << 16)))
    )


def _float(code: int, exponent: int, mantissa: int, bias: int) -> float:
    """Return the value of a code without regard to infinities and NaN."""
    sign = -1.0 if code >> (exponent + mantissa) else 1.0
    power = (code >> mantissa) & ((1 << exponent) - 1)
    fraction = code & ((1 << mantissa) - 1)
    if power:
        fraction |= 1 << mantissa
    return sign * math.ldexp(fraction, max(power, 1) - bias - mantissa)


def _e4m3fn() -> list[float]:
    table = [_float(code, 4, 3, 7) for code in range(256)]
    table[0x7F] = table[0xFF] = math.nan
    return table


def _e5m2() -> list[float]:
    table = [_float(code, 5, 2, 15) for code in range(256)]
    for sign, infinity in ((0, math.inf), (0x80, -math.inf)):
        table[sign | 0x7C] = infinity
        table[sign | 0x7D : (sign | 0x7F) + 1] = [math.nan] * 3
    return table


def _fnuz(exponent: int, mantissa: int) -> list[float]:
    table = [_float(code, exponent, mantissa, 1 << (exponent - 1)) for code in range(256)]
    table[0x80] = math.nan
    return table


def _e8m0() -> list[float]:
    return [*(math.ldexp(1.0, code - 127) for code in range(255)), math.nan]


_TABLES: Mapping[DType, Callable[[], "tuple[float, ...] | list[float]"]] = {
    DType.F16: _halves,
    DType.BF16: _bfloats,
    DType.F8_E4M3: _e4m3fn,
    DType.F8_E5M2: _e5m2,
    DType.F8_E4M3FNUZ: lambda: _fnuz(4, 3),
    DType.F8_E5M2FNUZ: lambda: _fnuz(5, 2),
    DType.F8_E8M0: _e8m0,
    DType.U8: lambda: [float(code) for code in range(1 << 8)],
    DType.I8: lambda: [float(code - (code >> 7 << 8)) for code in range(1 << 8)],
    DType.U16: lambda: [float(code) for code in range(1 << 16)],
    DType.I16: lambda: [float(code - (code >> 15 << 16)) for code in range(1 << 16)],
    DType.BOOL: lambda: [float(code > 0) for code in range(1 << 8)],
}
