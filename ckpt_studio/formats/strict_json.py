"""A strict, bounded walk over a JSON object that comes from an untrusted file.

The text is the header as latin-1, one character per byte: positions are byte positions, and no
header needs more memory than its bytes. Strings are decoded from UTF-8 one by one.
"""

import json
import re
from collections.abc import Iterator
from typing import NoReturn

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'"([ !#-\[\]-~]*)"')
_KEY = re.compile(r'[ \t\n\r]*"([ !#-\[\]-~]*)"[ \t\n\r]*:[ \t\n\r]*')
_NEXT = re.compile(r"[ \t\n\r]*([,}])")
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}"]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 32
_MAX_VALUE = 4 << 20
_AROUND = 20
_MAX_DIGITS = 20
_KINDS = {"{": "an object", "[": "a list", "t": "a boolean", "f": "a boolean", "n": "null"}


class DamagedError(Exception):
    """What is wrong with a header, as the second half of a sentence, and what to do."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Walker:
    """A position in the text and the tokens at it; every mistake is a DamagedError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_unique, parse_constant=_constant, parse_int=_integer
        )

    def skip(self) -> str:
        """Pass white space and return the character there, empty at the end."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def expect(self, char: str) -> None:
        """Pass one character."""
        if self.skip() != char:
            self.damaged(f"'{char}' is missing")
        self.at += 1

    def members(self) -> Iterator[str]:
        """Yield the keys of the object here; the caller passes each value before the next."""
        self.expect("{")
        if self.skip() == "}":
            self.at += 1
            return
        while True:
            yield self._key()
            following = _NEXT.match(self.text, self.at)
            if following is None:
                self.damaged("',' or '}' is missing")
            self.at = following.end()
            if following[1] == "}":
                return

    def _key(self) -> str:
        plain = _KEY.match(self.text, self.at)
        if plain:
            self.at = plain.end()
            return plain[1]
        if self.skip() != '"':
            self.damaged("a name in quotes is missing")
        key = self.string()
        self.expect(":")
        self.skip()
        return key

    def string(self) -> str:
        """Pass and return the string here."""
        plain = _PLAIN.match(self.text, self.at)
        if plain:
            self.at = plain.end()
            return plain[1]
        start = self.at
        value, self.at = self._decode(start)
        raw = self.text[start : self.at]
        if not raw.isascii():
            value = self._decoder.decode(raw.encode("latin-1").decode("utf-8"))
        if _SURROGATE.search(str(value)):
            self.at = start
            self.damaged("half of a surrogate pair stands alone, which is no Unicode text")
        return str(value)

    def value(self) -> object:
        """Pass and return any value: bounded in length and depth, no key twice, no NaN."""
        if self.skip() in {"{", "["}:
            end = self._end()
            value, self.at = self._decode(self.at)
            return value if self.at == end else self.damaged("a bracket is not closed")
        if self.skip() == '"':
            return self.string()
        value, self.at = self._decode(self.at)
        return value

    def kind(self) -> str:
        """Name the kind of value here."""
        char = self.skip()
        return _KINDS.get(char, "a string" if char == '"' else "a number")

    def damaged(self, reason: str) -> NoReturn:
        """Refuse the header at this position."""
        around = self.text[max(0, self.at - _AROUND) : self.at + _AROUND]
        raise DamagedError(
            f"its header is not valid JSON at byte {self.at + 8:,}: {reason}",
            f"Around that place it reads {around!r}. Download the file again.",
        )

    def _decode(self, at: int) -> tuple[object, int]:
        try:
            return self._decoder.raw_decode(self.text, at)
        except json.JSONDecodeError as problem:
            self.at = min(problem.pos, len(self.text))
            self.damaged(problem.msg)

    def _end(self) -> int:
        depth = 0
        for token in _BRACKET.finditer(self.text, self.at):
            char = token[0]
            if char in "[{":
                depth += 1
            elif char in "]}":
                depth -= 1
            elif char == '"':
                break
            if depth > _MAX_DEPTH:
                self.damaged("values are nested too deep")
            if token.end() - self.at > _MAX_VALUE:
                self.damaged("a value is too long for a tensor entry")
            if not depth:
                return token.end()
        return self.damaged("a bracket or quote is not closed")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise DamagedError("its header has a duplicate key in an entry")
    return values


def _constant(word: str) -> NoReturn:
    raise DamagedError(f"its header is not valid JSON: {word} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise DamagedError("its header has a number that is too large")
    return int(digits)
