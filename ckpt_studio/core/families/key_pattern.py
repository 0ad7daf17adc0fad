"""Keys with holes, such as ``"output_blocks.{3*i+j}.0."``: what fits them, and how they are filled.

A hole is a letter that stands for a number (``{s}``: for a word without dots), or a sum over such
letters. A key that matched a sum is solved for its letters; where a sum has two of them, the one
with the larger factor counts blocks and the other what is in one: ``{3*i+j}`` = 7 is i = 2, j = 1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_HOLE = re.compile(r"\{([^{}]+)\}")
_TERM = re.compile(r"([+-]?)(?:(\d+)\*)?([a-z]|\d+)")
_NUMBER, _WORD = "[0-9]{1,9}", r"[^.]+"

Holes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum in a hole: factors of its letters, the largest first, and a number."""

    factors: tuple[tuple[str, int], ...]
    constant: int

    def value(self, holes: Holes) -> int:
        """Return the sum for some numbers."""
        return self.constant + sum(factor * int(holes[name]) for name, factor in self.factors)

    def solve(self, text: str, holes: dict[str, str]) -> bool:
        """Find the letters that are not known yet; returns whether there is a solution."""
        rest = int(text) - self.constant
        for name, factor in self.factors:
            value = int(holes[name]) if name in holes else rest // factor
            if value < 0:
                return False
            holes[name] = str(value)
            rest -= factor * value
        return rest == 0


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """A key or, where its text ends in a dot or is empty, the start of a key."""

    text: str
    regex: re.Pattern[str]
    sums: tuple[_Sum, ...]

    @property
    def literal(self) -> int:
        """Number of characters outside of holes: the more, the fewer keys fit."""
        return len(_HOLE.sub("", self.text))

    def match(self, name: str) -> tuple[dict[str, str], str] | None:
        """Return what is in the holes, by letter, and what follows; None for other names."""
        found = self.regex.match(name)
        if found is None:
            return None
        holes = found.groupdict()
        for index, item in enumerate(self.sums):
            if not item.solve(holes.pop(f"sum{index}"), holes):
                return None
        return holes, name[found.end() :]


def key_pattern(text: str) -> KeyPattern:
    """Read ``"output_blocks.{3*i+j}.0."``."""
    seen: set[str] = set()
    sums: list[_Sum] = []
    pieces = [
        re.escape(piece) if index % 2 == 0 else _group(piece, seen, sums)
        for index, piece in enumerate(_HOLE.split(text))
    ]
    whole = "" if text.endswith(".") or not text else "$"
    return KeyPattern(text, re.compile("".join(pieces) + whole), tuple(sums))


def _group(hole: str, seen: set[str], sums: list[_Sum]) -> str:
    if hole in seen:
        return f"(?P={hole})"
    if len(hole) == 1 and hole.isalpha():
        seen.add(hole)
        return f"(?P<{hole}>{_WORD if hole == 's' else _NUMBER})"
    sums.append(_sum(hole))
    return f"(?P<sum{len(sums) - 1}>{_NUMBER})"


@cache
def _sum(text: str) -> _Sum:
    factors: dict[str, int] = {}
    constant = 0
    for sign, many, term in _TERM.findall(text):
        value = int(many or 1) * (-1 if sign == "-" else 1)
        if term.isdigit():
            constant += value * int(term)
        else:
            factors[term] = factors.get(term, 0) + value
    ordered = sorted(factors.items(), key=lambda item: -abs(item[1]))
    return _Sum(tuple(ordered), constant)


def fill(text: str, holes: Holes) -> str:
    """Put numbers into ``"output_blocks.{3*i+j}.0."``, and words into ``"{s}.attn."``."""
    return _HOLE.sub(lambda hole: _filled(hole[1], holes), text)


def _filled(text: str, holes: Holes) -> str:
    return holes[text] if text in holes else str(_sum(text).value(holes))


def letters(text: str) -> frozenset[str]:
    """Return the letters in the holes of a key."""
    return frozenset(
        term for hole in _HOLE.findall(text) for _, _, term in _TERM.findall(hole) if term.isalpha()
    )
