"""Whether values of two floating types may be the same ones, each rounded to its type."""

import torch

_EXPONENT = {torch.float32: 0x7F800000, torch.float64: 0x7FF0000000000000}
_BITS = {torch.float32: torch.int32, torch.float64: torch.int64}
_FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_LIMITS = {kind: torch.finfo(kind) for kind in (*_FLOATS, torch.float8_e4m3fn, torch.float8_e5m2)}
_SMALL = 2  # bytes of types whose values, and the distances that matter, are exact in fp32


class Origins:
    """Compares blocks of up to ``values`` values with buffers that are used again."""

    def __init__(self, values: int) -> None:
        self._buffers = tuple(torch.empty(values, dtype=torch.float64) for _ in range(4))

    def may_be_one(self, a: torch.Tensor, b: torch.Tensor) -> bool:
        """Return whether for each pair some value lies where it is rounded to both, in two types.

        That is so where they are no further apart than half a unit in the last place of A and
        half one of B. What is out of range may have become infinite or the largest value.
        """
        small = max(a.element_size(), b.element_size()) <= _SMALL
        wide = torch.float32 if small else torch.float64
        one, other, gap, power = (each.view(wide)[: a.numel()] for each in self._buffers)
        one.copy_(a)
        other.copy_(b)
        torch.sub(one, other, out=gap).abs_()
        for values, kind in ((one, a.dtype), (other, b.dtype)):
            limits = _LIMITS[kind]
            _set_power(power, values, limits.smallest_normal)
            gap.sub_(power, alpha=limits.eps / 2)
        if gap.max().item() <= 0:  # false for NaN, too
            return True
        apart = gap.le(0).logical_not_()
        return _beyond(one[apart], other[apart], a.dtype, b.dtype)


def _set_power(power: torch.Tensor, values: torch.Tensor, least: float) -> None:
    """Fill in the power of two at or below each magnitude, at least that of the normal numbers.

    Its bits are those of the exponent alone; times the precision of a type it is the unit in the
    last place.
    """
    bits = _BITS[values.dtype]
    torch.bitwise_and(values.view(bits), _EXPONENT[values.dtype], out=power.view(bits))
    power.clamp_min_(least)


def _beyond(a: torch.Tensor, b: torch.Tensor, one: torch.dtype, other: torch.dtype) -> bool:
    """Whether pairs that are far apart are NaN in both, or beyond the range of one type."""
    least = min(_LIMITS[one].max, _LIMITS[other].max)
    magnitude = torch.minimum(a.abs(), b.abs())
    out_of_range = (magnitude >= least) & (a.signbit() == b.signbit())
    return bool((out_of_range | (a.isnan() & b.isnan())).all())
