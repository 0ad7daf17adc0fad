"""The texts of a picture or another file while they are collected, within a limit."""

import zlib

from ckpt_studio.core.problems import Problem, warning
from ckpt_studio.core.text import binary_size
from ckpt_studio.formats.shown import shown

MOST_TEXT = 16 << 20
"""Bytes of all texts of a file. ComfyUI reads no header above 8 MiB (``ux.md`` 0.5)."""

_MOST_NAMES = 10_000
_MOST_PROBLEMS = 20
_STEP = 1 << 20


class Collected:
    """Texts by name with their places, and what was wrong on the way."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._left = MOST_TEXT

    def add(self, name: str, text: str, place: str) -> None:
        """Keep a text; of several with one name the last wins, as in Pillow and Qt."""
        if len(self.texts) >= _MOST_NAMES:
            self.odd("It has too many texts; the others are left out.")
            return
        if self.texts.get(name, text) != text:
            self.odd(f"There are several texts named ‘{shown(name)}’; the last one is taken.")
        self.texts[name] = text
        self.places[name] = place

    def odd(self, sentence: str, hint: str = "") -> None:
        """Note what is wrong, each sentence once."""
        problem = warning(sentence, hint, code="picture")
        if problem not in self.problems and len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)

    def room(self, size: int, what: str) -> bool:
        """Take room for a text of ``size`` bytes; False, with a problem, when it is too large."""
        if size <= self._left:
            self._left -= size
            return True
        self.odd(
            f"{what} is left out: the text in it is too large.",
            f"At most {binary_size(MOST_TEXT)} of text are read.",
        )
        return False

    def inflated(self, data: bytes, what: str) -> bytes | None:
        """Return zlib data decompressed; None, with a problem, when it is damaged or too large.

        What could be decompressed of a damaged text counts against the limit too.
        """
        if not self._left:
            self.room(1, what)
            return None
        parts: list[bytes] = []
        taken = 0
        stream = zlib.decompressobj()
        limit = self._left
        try:
            while not stream.eof and taken <= limit:
                parts.append(stream.decompress(data, _STEP))
                taken += len(parts[-1])
                data = stream.unconsumed_tail
                if not parts[-1] and not data:
                    break
        except zlib.error:
            taken = min(taken, limit)
            stream = zlib.decompressobj()
        if not self.room(taken, what):
            self._left = 0
            return None
        if not stream.eof:
            self.odd(f"{what} is left out: its text is corrupt and cannot be decompressed.")
            return None
        return b"".join(parts)


def decoded(data: bytes) -> str:
    """Return bytes as text: UTF-8 where they are that, else Latin-1 (``ux.md`` 5.1)."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
