"""How a value of metadata is laid out in an editor: safe to look at, quick to edit."""

from dataclasses import dataclass

from ckpt_studio.core.json_values.json_text import (
    JsonError,
    Style,
    check,
    laid_out,
    looks_like_json,
    parse,
)
from ckpt_studio.core.plain_text import deceives, lines

LONGEST_LINE = 100_000
"""Characters of a line that an editor can still lay out again with every key pressed."""

_PRETTY_BELOW = 4 << 20
_BROKEN_AT = 2_000


@dataclass(frozen=True, slots=True)
class Layout:
    """What an editor shows for a value.

    ``style`` is how JSON on one line, shown over several, is written back. ``escaped`` when
    characters that deceive are written out, ``broken`` when a line was too long: then what is shown
    is not the value and cannot be edited.
    """

    shown: str
    style: Style | None = None
    is_json: bool = False
    mistake: JsonError | None = None
    escaped: bool = False
    broken: bool = False

    @property
    def editable(self) -> bool:
        """Whether what is shown can be turned back into the value."""
        return not (self.escaped or self.broken)


@dataclass(frozen=True, slots=True)
class Stored:
    """The value that a typed text stands for, and the first mistake where it should be JSON."""

    value: str
    mistake: JsonError | None = None


def layout(value: str, *, as_it_is: bool = False) -> Layout:
    """Lay a value out; ``as_it_is`` leaves characters that deceive in their places."""
    is_json = looks_like_json(value)
    pretty = laid_out(value) if is_json and len(value) < _PRETTY_BELOW else None
    if pretty is not None:
        return Layout(pretty.text, pretty.style, is_json=True)
    mistake = check(value) if is_json else None
    escaped = deceives(value) and not as_it_is
    shown = lines(value, len(value)) if escaped else value
    broken = any(len(line) > LONGEST_LINE for line in shown.split("\n"))
    if broken:
        shown = "\n".join(
            line[at : at + _BROKEN_AT]
            for line in shown.split("\n")
            for at in range(0, len(line) or 1, _BROKEN_AT)
        )
    return Layout(shown, None, is_json, mistake, escaped, broken)


def stored(typed: str, style: Style | None) -> Stored:
    """Return what a typed text is stored as: JSON in the style that its value had."""
    if not looks_like_json(typed):
        return Stored(typed)
    value = parse(typed)
    if isinstance(value, JsonError):
        return Stored(typed, value)
    return Stored(typed if style is None else style.line(value))
