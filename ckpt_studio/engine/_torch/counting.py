"""Exact statistics of raw values, by counting bit patterns where there are few of them.

A type of at most 16 bits has at most 65,536 different values, so that counting how often each bit
pattern occurs says everything about a tensor, in one pass.
"""

from functools import cache
from typing import Protocol

import torch

from ckpt_studio.core.rounding_limits import LARGEST_TO_ZERO, checked_types, first_too_large
from ckpt_studio.core.small_floats import table_of
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
from ckpt_studio.engine._torch.wide_counting import WideCounter

_BYTE, _TABLE_BITS = 8, 16
_ZERO, _NAN, _INFINITE = 2 * BINS, 2 * BINS + 1, 2 * BINS + 2


class Counter(Protocol):
    """Adds up the statistics of the values of one type; one for each thread and range."""

    def add(self, data: memoryview) -> None:
        """Take raw little-endian values, at least one of them."""

    def result(self) -> Values:
        """Return the statistics of everything that was added."""


def counter_for(dtype: DType) -> Counter:
    """Return a counter for values of a type."""
    return _PatternCounter(dtype) if dtype.bits <= _TABLE_BITS else WideCounter(dtype)


class _PatternCounter:
    """Counts how often each bit pattern occurs."""

    def __init__(self, dtype: DType) -> None:
        self._dtype = dtype
        self._counts = torch.zeros(1 << dtype.bits, dtype=torch.int64)

    def add(self, data: memoryview) -> None:
        self._counts += _patterns(data, self._dtype.bits)

    def result(self) -> Values:
        return _Table.of(self._dtype).values(self._counts)


def _patterns(data: memoryview, bits: int) -> torch.Tensor:
    """Return how often each bit pattern of 8 or 16 bits occurs."""
    if bits == _BYTE:
        return torch.bincount(torch.frombuffer(data, dtype=torch.uint8), minlength=256)
    wide = torch.frombuffer(data, dtype=torch.int16).to(torch.int32)
    return torch.bincount(wide.bitwise_and_(0xFFFF), minlength=1 << 16)


class _Table:
    """What every bit pattern of a type is worth: its value, its bin, and which types it misses."""

    def __init__(self, dtype: DType, table: tuple[float, ...]) -> None:
        self._value = torch.tensor(table, dtype=torch.float64)
        self._bin = _bins(self._value)
        self._misfits = {kind: _misses(self._value, dtype, kind) for kind in checked_types(dtype)}

    @staticmethod
    @cache
    def of(dtype: DType) -> "_Table":
        """Return the table of a type of at most 16 bits."""
        return _Table(dtype, table_of(dtype) or ())

    def values(self, counts: torch.Tensor) -> Values:
        """Return the statistics of values of which each pattern occurs that often."""
        used = counts.nonzero().squeeze(1)
        times, value = counts[used], self._value[used]
        binned = torch.zeros(_INFINITE + 1, dtype=torch.int64).index_add_(0, self._bin[used], times)
        known = value.isfinite()
        return _assembled(
            binned.tolist(),
            _moments(value[known], times[known]),
            {
                kind: Misfit(int(times[large[used]].sum()), int(times[small[used]].sum()))
                for kind, (large, small) in self._misfits.items()
            },
        )


def _moments(value: torch.Tensor, times: torch.Tensor) -> Moments:
    """Return the moments of finite values that occur so often."""
    finite = int(times.sum())
    if not finite:
        return Moments()
    weight = times.to(torch.float64)
    mean = torch.dot(value, weight) / finite
    low, high = torch.aminmax(value)
    squares = torch.dot((value - mean).square_(), weight)
    return Moments(finite, low.item(), high.item(), mean.item(), squares.item())


def _assembled(binned: list[int], moments: Moments, misfits: dict[DType, Misfit]) -> Values:
    return Values(
        count=sum(binned),
        moments=moments,
        zeros=binned[_ZERO],
        nans=binned[_NAN],
        infinities=binned[_INFINITE],
        misfits=misfits,
        histogram=Histogram(tuple(binned[:BINS]), tuple(binned[BINS:_ZERO])),
    )


def _misses(value: torch.Tensor, dtype: DType, kind: DType) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which values are too large and too small for a type."""
    size = value.abs()
    large = size >= first_too_large(kind, dtype)
    if kind is not DType.F8_E4M3:  # the others have infinities of their own
        large &= size.isfinite()
    return large, (size <= LARGEST_TO_ZERO[kind]) & (size > 0)


def _bins(value: torch.Tensor) -> torch.Tensor:
    """Return the bin of each value: negative by exponent, positive by exponent, then the rest."""
    _, exponent = torch.frexp(value)
    place = (exponent.to(torch.int64) - 1).clamp_(LOWEST, HIGHEST) - LOWEST
    place += (value > 0).to(torch.int64) * BINS
    place[value == 0] = _ZERO
    place[value.isnan()] = _NAN
    place[value.isinf()] = _INFINITE
    return place
