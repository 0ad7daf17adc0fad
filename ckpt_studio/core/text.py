"""Numbers and lists as text, for every place where a person reads them."""

from collections.abc import Sequence
from math import log10

import humanize

_MINUTE = 60
_HOUR = 3_600


def binary_size(size: float) -> str:
    """Return bytes with three digits: ``4.78 GiB``, ``235 MiB``, ``0 bytes``."""
    exponent = max(0, (int(abs(size)).bit_length() - 1) // 10)
    if not exponent:
        return "1 byte" if size == 1 else f"{size:.0f} bytes"
    value = abs(size) / 1024**exponent
    decimals = max(0, 2 - int(log10(value)))
    return humanize.naturalsize(size, binary=True, format=f"%.{decimals}f")


def count(number: int) -> str:
    """Return a whole number with its thousands apart: ``2,641``."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural: ``1 tensor``, ``1,680 tensors``."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def short_count(number: int) -> str:
    """Return a large number in short: ``11.5 k``, ``3.47 B``; small ones as they are."""
    for limit, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if number >= limit:
            value = number / limit
            return f"{value:.{max(0, 2 - int(log10(value)))}f} {unit}"
    return str(number)


def duration(seconds: float) -> str:
    """Return a time span in two units at most: ``0.4 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds < 0.95:  # noqa: PLR2004 - below one second, one decimal says more than "0 s"
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def speed(bytes_per_second: float) -> str:
    """Return a rate: ``1.60 GiB/s``."""
    return f"{binary_size(bytes_per_second)}/s"


def listed(words: Sequence[str]) -> str:
    """Return "A, B and C"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
