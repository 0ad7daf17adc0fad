r"""Searching and replacing in JSON as people see it, with the escapes of its strings read.

A string of JSON may hold JSON again. What is searched is one text in which every string, at any
depth, stands without its escapes; what is put into a string is escaped as often as it has to be.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ckpt_studio.core.json_values.json_text import check, looks_like_json

_PLAIN = r'(?:[^"]++|"[^"\\]*+")*+'
_STRING = r'"((?:[^"\\]++|\\.)*+)"'
_NEXT_ESCAPED = re.compile(f"({_PLAIN})(?:{_STRING})?", re.DOTALL)
_NEXT = re.compile(f'([^"]*+)(?:{_STRING})?', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)
_MOST_NESTED = 4

Levels = tuple[bool, ...]
"""For every string around a text, from the outside in: whether it is written in ASCII."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A text without escapes, and the strings that it is in."""

    text: str
    levels: Levels = ()

    def written(self, text: str) -> str:
        """Return a text as it has to be written in place of this."""
        for ascii_only in reversed(self.levels):
            text = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        return text


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a value as it is written, and what it says."""

    raw: str
    leaves: tuple[_Leaf, ...]


def shown(value: str) -> str:
    """Return the text in which to search: as ``value``, its strings without their escapes.

    Costs nothing for values without escapes, and does not check whether the rest is JSON.
    """
    return _shown(value, 0)


def _shown(value: str, depth: int) -> str:
    if "\\" not in value or depth >= _MOST_NESTED or not looks_like_json(value):
        return value
    parts: list[str] = []
    end = 0
    while end < len(value) and (found := _NEXT_ESCAPED.match(value, end)) and found.end() > end:
        end = found.end()
        between, string = found.groups()
        parts.append(between)
        if string is not None:
            text = _text_of(string)
            parts += ('"', string if text is None else _shown(text, depth + 1), '"')
    return "".join((*parts, value[end:]))


def substituted(
    value: str, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
) -> str:
    """Return a value with all matches in ``shown(value)`` replaced.

    A replacement within one string of JSON is escaped; strings without a match stay to the letter.
    """
    if not looks_like_json(value) or check(value) is not None:
        return pattern.sub(replacement, value)
    writer = _Writer(list(_pieces(value)))
    text = "".join(leaf.text for _, leaf in writer.leaves)
    for found in pattern.finditer(text):
        writer.keep(text, found.start())
        writer.put(replacement(found), found.end())
    writer.keep(text, len(text))
    return writer.result()


class _Writer:
    """Writes a changed text leaf by leaf, from left to right."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self.leaves = [(at, leaf) for at, piece in enumerate(pieces) for leaf in piece.leaves]
        self._written: list[list[str]] = [[] for _ in pieces]
        self._touched: set[int] = set()
        self._leaf = self._leaf_start = self._done = 0

    def keep(self, text: str, end: int) -> None:
        """Write what stands between the last match and ``end``."""
        while self._done < end:
            at, leaf = self._here()
            until = min(end, self._leaf_start + len(leaf.text))
            self._written[at].append(leaf.written(text[self._done : until]))
            self._done = until

    def put(self, text: str, end: int) -> None:
        """Write a text in place of all up to ``end``, escaped as the outermost of it is."""
        at, outermost = self._here()
        self._touched.add(at)
        place = len(self._written[at])
        while self._done < end:
            inside, leaf = self._here()
            self._touched.add(inside)
            outermost = min(outermost, leaf, key=lambda leaf: len(leaf.levels))
            self._done = min(end, self._leaf_start + len(leaf.text))
        self._written[at].insert(place, outermost.written(text))

    def result(self) -> str:
        """Return the whole value."""
        return "".join(
            "".join(self._written[at]) if at in self._touched else piece.raw
            for at, piece in enumerate(self._pieces)
        )

    def _here(self) -> tuple[int, _Leaf]:
        """Return the leaf that holds the next character, the last one at the end."""
        at, leaf = self.leaves[self._leaf]
        while self._done >= self._leaf_start + len(leaf.text) and self._leaf + 1 < len(self.leaves):
            self._leaf += 1
            self._leaf_start += len(leaf.text)
            at, leaf = self.leaves[self._leaf]
        return at, leaf


def _pieces(value: str, levels: Levels = ()) -> Iterator[_Piece]:
    """Yield the parts of JSON in order: what is between strings, and each string."""
    end = 0
    while end < len(value) and (found := _NEXT.match(value, end)) and found.end() > end:
        end = found.end()
        between, string = found.groups()
        if between:
            yield _Piece(between, (_Leaf(between, levels),))
        if string is not None:
            quote = _Leaf('"', levels)
            yield _Piece(f'"{string}"', (quote, *_string(string, levels), quote))
    if end < len(value):  # an open string: no JSON
        yield _Piece(value[end:], (_Leaf(value[end:], levels),))


def _string(string: str, levels: Levels) -> Iterator[_Leaf]:
    inside = (*levels, string.isascii())
    if "\\" not in string:
        yield _Leaf(string, inside)
        return
    text = _text_of(string)
    if text is None:
        yield _Leaf(string, levels)
        return
    if looks_like_json(text) and len(inside) < _MOST_NESTED:
        for piece in _pieces(text, inside):
            yield from piece.leaves
    else:
        yield _Leaf(text, inside)


def _text_of(string: str) -> str | None:
    """Return what a string says, None where it has an escape that JSON does not have."""
    try:
        text: str = _DECODER.raw_decode(f'"{string}"')[0]
    except ValueError:
        return None
    return text
