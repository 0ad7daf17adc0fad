"""Foreign text in which nothing hides, neither control characters nor direction."""

import re
import unicodedata

_NAMED = {"\n": "↵", "\r": "␍", "\t": "⇥"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
DECEIVING = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e"
    r"\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
"""Control characters other than tab and line ends, direction marks, what is no character.

Joiners and variation selectors are not among them: emoji and several scripts need those.
"""


def one_line(text: str, most: int = 200) -> str:
    """Return at most ``most`` characters of a text, with what cannot be seen written as ``⟨202E⟩``.

    Line breaks are shown as ``↵`` so that a value stays one line.
    """
    shown = text[:most]
    if not shown.isascii() or not shown.isprintable():
        shown = "".join(map(_visible, shown))
    return shown + "…" if len(text) > most else shown


def lines(text: str, most: int = 20_000) -> str:
    """Return at most ``most`` characters of a text, its lines kept, with ``⟨202E⟩`` as above."""
    shown = text[:most].replace("\r\n", "\n").replace("\r", "\n")
    shown = DECEIVING.sub(lambda found: f"⟨{ord(found[0]):04X}⟩", shown)
    return shown + "…" if len(text) > most else shown


def deceives(text: str) -> bool:
    """Whether a text has characters that make it look other than it is."""
    return bool(DECEIVING.search(text))


def _visible(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if unicodedata.category(character) in _HIDDEN:
        return f"⟨{ord(character):04X}⟩"
    return character
