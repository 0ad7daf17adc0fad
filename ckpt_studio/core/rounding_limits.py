"""Which values a smaller type cannot hold, as conversions round: once, to nearest even."""

from ckpt_studio.core.statistics import SMALL_TYPES
from ckpt_studio.core.tensors import DType

LARGEST_TO_ZERO = {DType.F16: 2.0**-25, DType.F8_E4M3: 2.0**-10, DType.F8_E5M2: 2.0**-17}
"""The largest magnitude that becomes zero: half of the smallest value, a tie that goes to even."""

_HALF_WAY = {DType.F16: 65520.0, DType.F8_E4M3: 464.0, DType.F8_E5M2: 61440.0}
_STEPS = {DType.F64: 2.0**-44, DType.F32: 2.0**-15, DType.BF16: 2.0, DType.F16: 0.25}
"""The distance from 464 to the next value of a type."""


def checked_types(dtype: DType) -> tuple[DType, ...]:
    """Return the types for which values of a type are checked: none where they are no weights."""
    return tuple(kind for kind in SMALL_TYPES if kind is not dtype) if dtype.convertible else ()


def first_too_large(kind: DType, dtype: DType) -> float:
    """Return the first value of ``dtype`` that rounds beyond the largest finite one of ``kind``.

    464 lies half-way between 448 and 480, the NaN of F8_E4M3; it rounds to the even 448.
    """
    return _HALF_WAY[kind] + (_STEPS.get(dtype, 1.0) if kind is DType.F8_E4M3 else 0.0)
