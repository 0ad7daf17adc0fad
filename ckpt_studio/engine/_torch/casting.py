"""Convert floating values between element types, the same with every torch version.

Values are rounded once, to nearest even, as IEEE 754 asks. What torch does differently from
version to version (values out of range, NaN; ``reliability.md`` 0 and 4) is done here on bits:
a finite value that rounds beyond the largest finite one has overflowed and becomes the largest;
infinities stay where the type has them; every NaN becomes the quiet NaN of the type with its sign.
"""

import math
from dataclasses import dataclass

import torch

from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.tally import Counts

TORCH = {
    DType.F64: torch.float64,
    DType.F32: torch.float32,
    DType.F16: torch.float16,
    DType.BF16: torch.bfloat16,
    DType.F8_E4M3: torch.float8_e4m3fn,
    DType.F8_E5M2: torch.float8_e5m2,
}
_ROW = 4096
_INTS = {8: torch.int8, 16: torch.int16, 32: torch.int32}


@dataclass(frozen=True, slots=True)
class _Limits:
    """A target type: largest finite value, the first magnitude that overflows, special bits."""

    largest: float
    overflow: float
    infinity: int | None
    nan: int


_LIMITS = {
    DType.F32: _Limits(
        math.ldexp(2 - 2**-23, 127), math.ldexp(2 - 2**-24, 127), 0x7F800000, 0x7FC00000
    ),
    DType.F16: _Limits(65504.0, 65520.0, 0x7C00, 0x7E00),
    DType.BF16: _Limits(math.ldexp(2 - 2**-7, 127), math.ldexp(2 - 2**-8, 127), 0x7F80, 0x7FC0),
    # 464 lies half-way between 448 and 480, the NaN; it rounds to the even 448
    DType.F8_E4M3: _Limits(448.0, 464.0 + 2**-15, None, 0x7F),
    DType.F8_E5M2: _Limits(57344.0, 61440.0, 0x7C, 0x7E),
}


class Caster:
    """Converts slices of up to ``values`` elements with buffers that are used again.

    One for each thread. ``source`` and ``target`` hold raw little-endian values.
    """

    def __init__(self, values: int) -> None:
        self.values = values
        self.source = bytearray(values * 8)
        self.target = bytearray(values * 8)
        self._wide = torch.empty(values, dtype=torch.float32)
        self._bits = torch.empty(values * 4, dtype=torch.int8)

    def convert(self, values: int, before: DType, after: DType) -> Counts:
        """Convert the first ``values`` (at least one) of ``source`` into ``target``."""
        given = torch.frombuffer(self.source, dtype=TORCH[before], count=values)
        result = torch.frombuffer(self.target, dtype=TORCH[after], count=values)
        if after is DType.F64 or (after is DType.F32 and before is not DType.F64):
            result.copy_(given)
            return Counts()
        wide = self._widened(given, after)
        limits = _LIMITS[after]
        low, high = torch.aminmax(wide)
        if -limits.overflow < low.item() and high.item() < limits.overflow:
            result.copy_(wide)
            return Counts(flushed=self._flushed(wide, result, after))
        counts = _convert_extremes(given, wide, result, after)
        return counts + Counts(flushed=self._flushed(wide, result, after))

    def convert_view(
        self, given: memoryview, into: memoryview, before: DType, after: DType
    ) -> None:
        """Convert any number of raw values of the first view into the second."""
        wide, narrow = before.bits // 8, after.bits // 8
        for start in range(0, len(given) // wide, self.values):
            values = min(self.values, len(given) // wide - start)
            self.source[: values * wide] = given[start * wide : (start + values) * wide]
            self.convert(values, before, after)
            done = memoryview(self.target)[: values * narrow]
            into[start * narrow : (start + values) * narrow] = done

    def _widened(self, given: torch.Tensor, after: DType) -> torch.Tensor:
        """Return the values as fp32, such that rounding them once more gives the right result."""
        if given.dtype is torch.float32 or after is DType.F32:
            return given
        wide = self._wide[: given.numel()]
        wide.copy_(given)
        if given.dtype is torch.float64:
            _round_to_odd(given, wide)
        return wide

    def _flushed(self, wide: torch.Tensor, result: torch.Tensor, after: DType) -> int:
        """Count values that became zero.

        Zeros are rare, so first look whether there is any, then which rows of values have some:
        counting takes ten times as long as looking.
        """
        ints = _INTS[after.bits]
        magnitude = self._bits.view(ints)[: result.numel()]
        torch.bitwise_and(result.view(ints), (1 << (after.bits - 1)) - 1, out=magnitude)
        if torch.aminmax(magnitude)[0].item():
            return 0
        whole = result.numel() // _ROW * _ROW
        rows, given = magnitude[:whole].view(-1, _ROW), wide[:whole].view(-1, _ROW)
        with_zeros = (rows.amin(1) == 0).nonzero().squeeze(1)
        return _lost(given[with_zeros], rows[with_zeros]) + _lost(wide[whole:], magnitude[whole:])


def _lost(wide: torch.Tensor, magnitude: torch.Tensor) -> int:
    """Count values that are not zero but whose magnitude in the other type is."""
    return int(torch.count_nonzero(wide)) - int(torch.count_nonzero(magnitude))


def _round_to_odd(given: torch.Tensor, wide: torch.Tensor) -> None:
    """Turn fp32 rounded from fp64 into fp32 that remembers having been inexact.

    Truncated, with the last bit set when anything was cut off: rounding that to a type with at
    least two bits less gives the correctly rounded value (Boldo and Melquiond, 2008).
    """
    back = wide.to(torch.float64)
    bits = wide.view(torch.int32)
    bits -= (back.abs() > given.abs()).to(torch.int32)
    bits |= ((back != given) & ~given.isnan()).to(torch.int32)


def _convert_extremes(
    given: torch.Tensor, wide: torch.Tensor, result: torch.Tensor, after: DType
) -> Counts:
    """Convert a slice that has values out of range, infinities or NaN."""
    limits = _LIMITS[after]
    nan, infinite, magnitude = wide.isnan(), wide.isinf(), wide.abs()
    over = magnitude >= limits.overflow
    if limits.infinity is not None:
        over &= ~infinite
    result.copy_(wide.masked_fill(nan, 0.0).clamp_(-limits.largest, limits.largest))
    ints = _INTS[after.bits]
    bits = result.view(ints)
    sign = torch.where(wide.signbit(), -(1 << (after.bits - 1)), 0).to(ints)
    torch.where(nan, sign | limits.nan, bits, out=bits)
    if limits.infinity is not None:
        torch.where(infinite, sign | limits.infinity, bits, out=bits)
    count = int(over.sum())
    largest = float(given.to(torch.float64)[over].abs().max()) if count else 0.0
    return Counts(count, largest, 0, int((nan | infinite).sum()))
