"""Exact statistics of 32- and 64-bit values, in blocks that stay in the cache of a core."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ckpt_studio.core.rounding_limits import LARGEST_TO_ZERO, checked_types, first_too_large
from ckpt_studio.core.statistics import (
    BINS,
    HIGHEST,
    LOWEST,
    Histogram,
    Misfit,
    Moments,
    Values,
)
from ckpt_studio.core.tensors import DType

_BLOCK = 1 << 17


@dataclass(frozen=True, slots=True)
class _Kind:
    """The float type that values are looked at as: its integer type, fraction bits and bias."""

    values: torch.dtype
    bits: torch.dtype
    fraction: int
    exponent: int

    @property
    def bias(self) -> int:
        return (1 << (self.exponent - 1)) - 1

    @property
    def special(self) -> int:
        """The exponent of infinities and NaN."""
        return (1 << self.exponent) - 1


_SINGLE = _Kind(torch.float32, torch.int32, 23, 8)
_DOUBLE = _Kind(torch.float64, torch.int64, 52, 11)


class WideCounter:
    """Adds up the statistics of 32- and 64-bit values; buffers are used again.

    Whole numbers are looked at as fp64: beyond 2**53 they are rounded.
    """

    def __init__(self, dtype: DType) -> None:
        self._dtype = dtype
        self._kind = kind = _SINGLE if dtype is DType.F32 else _DOUBLE
        self._codes = torch.zeros(2 << kind.exponent, dtype=torch.int64)
        self._shifted = torch.empty(_BLOCK, dtype=kind.bits)
        self._powers = torch.zeros(2 << kind.exponent, dtype=torch.int64)
        self._copy = torch.empty(_BLOCK, dtype=kind.values)
        self._far = torch.empty(_BLOCK, dtype=torch.float64)
        self._moments = Moments()
        self._zeros = self._nans = 0
        self._large = dict.fromkeys(checked_types(dtype), 0)

    def add(self, data: memoryview) -> None:
        """Take raw little-endian values, at least one of them."""
        values = _VIEWS[self._dtype](data)
        for start in range(0, values.numel(), _BLOCK):
            self._take(values[start : start + _BLOCK])

    def result(self) -> Values:
        """Return the statistics of everything that was added."""
        negative, positive, infinities = _binned(self._codes.tolist(), self._kind)
        infinities -= self._nans
        positive[0] -= self._zeros  # of either sign: see ``_count``
        if DType.F8_E4M3 in self._large:
            self._large[DType.F8_E4M3] += infinities
        return Values(
            count=int(self._codes.sum()),
            moments=self._moments,
            zeros=self._zeros,
            nans=self._nans,
            infinities=infinities,
            misfits={
                kind: Misfit(large, self._too_small(kind)) for kind, large in self._large.items()
            },
            histogram=Histogram(tuple(negative), tuple(positive)),
        )

    def _take(self, block: torch.Tensor) -> None:
        low, high = (edge.item() for edge in torch.aminmax(block))
        zeros = block.numel() - int(torch.count_nonzero(block))
        self._zeros += zeros
        self._count(block, zeros)
        if not (math.isfinite(low) and math.isfinite(high)):
            self._nans += int(torch.count_nonzero(block.isnan()))
            block = block[block.isfinite()]
            if not block.numel():
                return
            low, high = (edge.item() for edge in torch.aminmax(block))
        for kind in self._large:
            limit = first_too_large(kind, self._dtype)
            if max(-low, high) >= limit:
                self._large[kind] += int(torch.count_nonzero(block.abs() >= limit))
        self._moments += self._moments_of(block, low, high)

    def _count(self, block: torch.Tensor, zeros: int) -> None:
        """Count values by sign and exponent; adding zero makes every zero a positive one."""
        count = block.numel()
        bits = torch.add(block, 0.0, out=self._copy[:count]).view(self._kind.bits)
        codes = self._shifted[:count]
        torch.bitwise_right_shift(bits, self._kind.fraction, out=codes)
        codes.bitwise_and_((2 << self._kind.exponent) - 1)
        self._codes += torch.bincount(codes, minlength=self._codes.numel())
        if not self._large:
            return
        bits.bitwise_and_((1 << self._kind.fraction) - 1)
        if count - int(torch.count_nonzero(bits)) > zeros:
            powers = codes[bits == 0]
            self._powers += torch.bincount(powers, minlength=self._codes.numel())

    def _too_small(self, kind: DType) -> int:
        """Count values below the limit, and those that are exactly this power of two."""
        limit = math.frexp(LARGEST_TO_ZERO[kind])[1] - 1 + self._kind.bias
        small = 0
        for sign in range(2):
            start = sign << self._kind.exponent
            small += int(self._codes[start : start + limit].sum())
            small += int(self._powers[start + limit])
        return small - self._zeros

    def _moments_of(self, block: torch.Tensor, low: float, high: float) -> Moments:
        far = self._far[: block.numel()]
        far.copy_(block)
        mean = (far.sum() / block.numel()).item()
        if not math.isfinite(mean):  # the sum is out of range, which the mean never is
            mean = (far / block.numel()).sum().item()
        far -= mean
        return Moments(block.numel(), low, high, mean, torch.dot(far, far).item())


def _binned(codes: list[int], kind: _Kind) -> tuple[list[int], list[int], int]:
    """Return the bins of negative and of positive values, and the infinities and NaN.

    ``codes`` counts by the sign bit and exponent of the type.
    """
    bins: list[list[int]] = []
    special = 0
    for sign in range(2):
        row = [0] * BINS
        for exponent in range(kind.special):
            place = min(max(exponent - kind.bias, LOWEST), HIGHEST) - LOWEST
            row[place] += codes[(sign << kind.exponent) + exponent]
        special += codes[(sign << kind.exponent) + kind.special]
        bins.append(row)
    return bins[1], bins[0], special


def _plain(kind: torch.dtype) -> Callable[[memoryview], torch.Tensor]:
    return lambda data: torch.frombuffer(data, dtype=kind)


def _signed(kind: torch.dtype) -> Callable[[memoryview], torch.Tensor]:
    return lambda data: torch.frombuffer(data, dtype=kind).to(torch.float64)


def _unsigned32(data: memoryview) -> torch.Tensor:
    signed = torch.frombuffer(data, dtype=torch.int32).to(torch.int64)
    return signed.bitwise_and_(0xFFFFFFFF).to(torch.float64)


def _unsigned64(data: memoryview) -> torch.Tensor:
    signed = torch.frombuffer(data, dtype=torch.int64)
    high = (signed >> 32).bitwise_and_(0xFFFFFFFF).to(torch.float64)
    return high * 2.0**32 + (signed & 0xFFFFFFFF).to(torch.float64)


_VIEWS: dict[DType, Callable[[memoryview], torch.Tensor]] = {
    DType.F32: _plain(torch.float32),
    DType.F64: _plain(torch.float64),
    DType.I64: _signed(torch.int64),
    DType.I32: _signed(torch.int32),
    DType.U32: _unsigned32,
    DType.U64: _unsigned64,
}
