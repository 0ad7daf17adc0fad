"""What the values of tensors are like: range, mean, spread, and how many fit a smaller type."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add

from ckpt_studio.core.tensors import DType

LOWEST, HIGHEST = -40, 40
"""Exponents of the first and the last bin of a histogram."""

BINS = HIGHEST - LOWEST + 1
NO_COUNTS = (0,) * BINS
SMALL_TYPES = (DType.F16, DType.F8_E4M3, DType.F8_E5M2)
"""The types for which values that do not fit are counted."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values have a magnitude of each power of two, apart by sign.

    Bin ``i`` counts ``2 ** (LOWEST + i) <= abs(x) < 2 ** (LOWEST + i + 1)``; the first bin also
    holds everything smaller that is not zero, the last one everything larger that is finite.
    The counts are exact. Zeros, NaN and infinities are in no bin.
    """

    negative: tuple[int, ...] = NO_COUNTS
    positive: tuple[int, ...] = NO_COUNTS

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return the counts of both."""
        return Histogram(
            tuple(map(add, self.negative, other.negative)),
            tuple(map(add, self.positive, other.positive)),
        )

    @property
    def span(self) -> tuple[int, int] | None:
        """The exponents of the first and the last bin that is not empty, None where all are."""
        used = [place for place in range(BINS) if self.negative[place] or self.positive[place]]
        return (LOWEST + used[0], LOWEST + used[-1]) if used else None


def bin_limits(exponent: int) -> tuple[float, float]:
    """Return the least magnitude that a bin counts and the one at which the next begins.

    The first bin begins at 0 (which itself is in none), the last one has no end.
    """
    low = 0.0 if exponent <= LOWEST else 2.0**exponent
    return low, math.inf if exponent >= HIGHEST else 2.0 ** (exponent + 1)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Values that a type cannot hold: ``too_large`` overflow, ``too_small`` become zero.

    The same values that a conversion counts: infinities are too large for a type without them
    (``reliability.md`` 4).
    """

    too_large: int = 0
    too_small: int = 0

    def __add__(self, other: "Misfit") -> "Misfit":
        """Return both together."""
        return Misfit(self.too_large + other.too_large, self.too_small + other.too_small)


@dataclass(frozen=True, slots=True)
class Moments:
    """Range, mean and spread of the ``finite`` values; the rest means nothing where there are none.

    ``squares`` is the sum of squared distances from the mean.
    """

    finite: int = 0
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Moments") -> "Moments":
        """Return those of both sets of values (Chan, Golub and LeVeque, 1979)."""
        finite = self.finite + other.finite
        if not finite:
            return self
        gap, share = other.mean - self.mean, other.finite / finite
        if math.isinf(gap):
            mean = self.mean * (1 - share) + other.mean * share
        else:
            mean = self.mean + gap * share if self.finite else other.mean
        return Moments(
            finite,
            min(self.low, other.low),
            max(self.high, other.high),
            mean,
            self.squares + other.squares + gap * gap * share * self.finite,
        )

    @property
    def std(self) -> float:
        """Standard deviation (of all values: divided by their number).

        NaN without any value, and where the squares are out of range (F64 beyond 1e154).
        """
        known = self.finite and math.isfinite(self.squares)
        return math.sqrt(self.squares / self.finite) if known else math.nan

    @property
    def largest(self) -> float:
        """Largest magnitude, NaN without any value."""
        return max(abs(self.low), abs(self.high)) if self.finite else math.nan


@dataclass(frozen=True, slots=True)
class Values:
    """Exact counts and the moments of some values; two of them can be added.

    ``moments`` leaves out NaN and infinities.
    """

    count: int = 0
    moments: Moments = field(default_factory=Moments)
    zeros: int = 0
    nans: int = 0
    infinities: int = 0
    misfits: Mapping[DType, Misfit] = field(default_factory=dict)
    histogram: Histogram = field(default_factory=Histogram)

    def __add__(self, other: "Values") -> "Values":
        """Return the statistics of both."""
        return Values(
            count=self.count + other.count,
            moments=self.moments + other.moments,
            zeros=self.zeros + other.zeros,
            nans=self.nans + other.nans,
            infinities=self.infinities + other.infinities,
            misfits=_both(self.misfits, other.misfits),
            histogram=self.histogram + other.histogram,
        )

    @property
    def invalid(self) -> int:
        """NaN and infinities."""
        return self.nans + self.infinities


def _both(one: Mapping[DType, Misfit], other: Mapping[DType, Misfit]) -> dict[DType, Misfit]:
    return {
        dtype: one.get(dtype, Misfit()) + other.get(dtype, Misfit())
        for dtype in dict.fromkeys((*one, *other))
    }


@dataclass(frozen=True, slots=True)
class TensorStatistics:
    """The statistics of one tensor.

    ``values`` is None for packed types that have no values of their own (``F6``, complex numbers).
    With ``codes`` the numbers are those that are stored: codes of quantised weights, which mean
    something only together with their scales.
    """

    name: str
    dtype: DType
    values: Values | None
    codes: bool = False


def together(statistics: Iterable[TensorStatistics]) -> Values:
    """Return the statistics of several tensors as if they were one; codes are left out."""
    found: Sequence[Values] = [
        one.values for one in statistics if one.values is not None and not one.codes
    ]
    total = Values()
    for values in found:
        total += values
    return total
