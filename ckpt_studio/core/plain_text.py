"""Foreign text on one line in which nothing hides, neither control characters nor direction."""

import unicodedata

_NAMED = {"\n": "↵", "\r": "␍", "\t": "⇥"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def one_line(text: str, most: int = 200) -> str:
    """Return at most ``most`` characters of a text, with what cannot be seen written as ``⟨202E⟩``.

    Line breaks are shown as ``↵`` so that a value stays one line.
    """
    shown = text[:most]
    if not shown.isascii() or not shown.isprintable():
        shown = "".join(map(_visible, shown))
    return shown + "…" if len(text) > most else shown


def _visible(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if unicodedata.category(character) in _HIDDEN:
        return f"⟨{ord(character):04X}⟩"
    return character
