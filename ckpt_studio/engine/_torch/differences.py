"""Differences between raw values of two types, in fp64, in blocks that stay in the cache."""

import math
from dataclasses import replace

import torch

from ckpt_studio.core.comparison.differences import Difference
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine._torch.casting import Caster
from ckpt_studio.engine._torch.origins import Origins
from ckpt_studio.engine.compared_slices import STEP_VALUES

_BLOCK = 1 << 16
_EXACT = 1 << 62
_LEAST, _MOST = 1e-250, 1e290
_DIRECT = {
    DType.F64: torch.float64,
    DType.F32: torch.float32,
    DType.F16: torch.float16,
    DType.BF16: torch.bfloat16,
    DType.F8_E4M3: torch.float8_e4m3fn,
    DType.F8_E5M2: torch.float8_e5m2,
    DType.I64: torch.int64,
    DType.I32: torch.int32,
    DType.I16: torch.int16,
    DType.I8: torch.int8,
    DType.U8: torch.uint8,
    DType.BOOL: torch.bool,
}


class Comparer:
    """Compares slices of up to ``STEP_VALUES`` values; one for each thread.

    ``a`` and ``b`` are buffers for raw little-endian values.
    """

    def __init__(self) -> None:
        self.a = bytearray(STEP_VALUES * 8)
        self.b = bytearray(STEP_VALUES * 8)
        self._near = torch.empty(_BLOCK, dtype=torch.float32)
        self._far_a = torch.empty(_BLOCK, dtype=torch.float64)
        self._far_b = torch.empty(_BLOCK, dtype=torch.float64)
        self._gap = torch.empty(_BLOCK, dtype=torch.float64)
        self._caster = Caster(STEP_VALUES)
        self._origins = Origins(_BLOCK)

    def identical(self, nbytes: int) -> bool:
        """Whether the first bytes of both buffers are the same."""
        whole = nbytes // 8
        if self.a[whole * 8 : nbytes] != self.b[whole * 8 : nbytes]:
            return False
        one, other = (_view(data, torch.int64, whole) for data in (self.a, self.b))
        return torch.equal(one, other)

    def rounds_to(self, values: int, before: DType, after: DType, *, swapped: bool) -> bool:
        """Whether A in the type of B has the bytes of B, or the other way round if ``swapped``."""
        given, wanted = (self.b, self.a) if swapped else (self.a, self.b)
        size = values * before.bits // 8
        self._caster.source[:size] = memoryview(given)[:size]
        self._caster.convert(values, before, after)
        size = values * after.bits // 8
        found = _view(self._caster.target, torch.uint8, size)
        return bool(torch.equal(found, _view(wanted, torch.uint8, size)))

    def one_origin(self, values: int, one: DType, other: DType) -> bool:
        """Whether the first values of both buffers may be the same ones, rounded to two types."""
        left, right = _view(self.a, _DIRECT[one], values), _view(self.b, _DIRECT[other], values)
        return all(
            self._origins.may_be_one(left[start : start + _BLOCK], right[start : start + _BLOCK])
            for start in range(0, values, _BLOCK)
        )

    def convert(self, given: memoryview, into: memoryview, before: DType, after: DType) -> None:
        """Convert any number of raw values of the first view into the second."""
        self._caster.convert_view(given, into, before, after)

    def difference(self, values: int, one: DType, other: DType) -> Difference:
        """Return the difference of the first values of both buffers."""
        left = _view(self.a, _DIRECT[one], values)
        right = _view(self.b, _DIRECT[other], values)
        far = DType.F64 in {one, other}
        whole = one is other is DType.I64
        total = Difference()
        for start in range(0, values, _BLOCK):
            part = slice(start, min(start + _BLOCK, values))
            a = self._widened(left[part], self._far_a)
            b = self._widened(right[part], self._far_b)
            gap = torch.sub(a, b, out=self._gap[: a.numel()])
            if whole and gap.abs().max().item() < _EXACT:  # fp64 holds integers up to 2^53
                gap.copy_(left[part] - right[part])
            total += _valid(a, b, gap, far=far)
        return total

    def _widened(self, given: torch.Tensor, into: torch.Tensor) -> torch.Tensor:
        """Return values as fp64; small floats go by way of fp32, which is faster and exact."""
        far = into[: given.numel()]
        if given.is_floating_point() and given.element_size() < 4:  # noqa: PLR2004 - bytes of fp32
            near = self._near[: given.numel()]
            near.copy_(given)
            return far.copy_(near)
        return far.copy_(given)


def _valid(a: torch.Tensor, b: torch.Tensor, gap: torch.Tensor, *, far: bool) -> Difference:
    """Return the difference of two blocks, of which NaN and infinities are left out."""
    low, high = (edge.item() for edge in torch.aminmax(gap))
    if math.isfinite(low) and math.isfinite(high):
        return _sums(a, b, gap, max(-low, high), far=far)
    of_a, of_b = a.isfinite(), b.isfinite()
    valid = of_a & of_b
    invalid, *sides = (a.numel() - int(mask.count_nonzero()) for mask in (valid, of_a, of_b))
    left_out = Difference(invalid=invalid, invalid_a=sides[0], invalid_b=sides[1])
    if invalid == a.numel():
        return left_out
    a, b, gap = a[valid], b[valid], gap[valid]
    return _sums(a, b, gap, gap.abs().max().item(), far=far) + left_out


def _sums(
    a: torch.Tensor, b: torch.Tensor, gap: torch.Tensor, largest: float, *, far: bool
) -> Difference:
    """Return the sums over finite values; those ``far`` from 1 may have squares that are not."""
    sums = Difference(
        count=a.numel(),
        squares_a=torch.dot(a, a).item(),
        squares_b=torch.dot(b, b).item(),
        squares=torch.dot(gap, gap).item(),
        products=torch.dot(a, b).item(),
        largest=largest,
    )
    if far and not all(_LEAST < each < _MOST for each in (sums.squares_a, sums.squares_b)):
        return _scaled(a, b) or sums
    return sums


def _scaled(a: torch.Tensor, b: torch.Tensor) -> Difference | None:
    """Return the sums of values divided by a power of two near the largest; None of zeros."""
    largest = max(a.abs().max().item(), b.abs().max().item())
    if not largest:
        return None
    exponent = math.frexp(largest)[1]
    half = -exponent // 2  # in two steps, since 2^1074 is out of range
    one, other = (each * 2.0**half * 2.0 ** (-exponent - half) for each in (a, b))
    gap = one - other
    sums = _sums(one, other, gap, gap.abs().max().item(), far=False)
    return replace(sums, largest=_times(sums.largest, exponent), exponent=exponent)


def _times(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


def _view(data: bytearray, kind: torch.dtype, count: int) -> torch.Tensor:
    if not count:
        return torch.empty(0, dtype=kind)
    return torch.frombuffer(data, dtype=kind, count=count)
