"""Sizes as people write them: ``5GB`` is 5,000,000,000 bytes, ``4.5GiB`` are 4.5 times 2 ** 30."""

import re
from fractions import Fraction

_UNITS = {
    "b": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
_NAMES = {"GB": 10**9, "GiB": 2**30, "MB": 10**6, "MiB": 2**20, "KB": 10**3, "KiB": 2**10}
_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]{1,3})\s*", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int:
    """Return the bytes that a text such as ``5GB``, ``500 MB`` or ``4.5GiB`` says.

    Raises:
        ValueError: it is no size, has no unit, or says less than a byte; the text is one sentence.
    """
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    size = int(Fraction(found[1]) * unit) if found and unit else 0
    if size < 1:
        raise ValueError(f"‘{text}’ is no size; write it as 5GB, 500MB or 4.5GiB")
    return size


def size_word(size: int) -> str:
    """Return the shortest text that ``parse_size`` reads as this number of bytes."""
    unit = next((name for name, each in _NAMES.items() if size % each == 0), "B")
    return f"{size // _NAMES.get(unit, 1)}{unit}"
