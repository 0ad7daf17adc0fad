"""JSON values in metadata: checked, laid out and described without the risk of a hang."""

import json
from dataclasses import dataclass
from typing import Any

from ckpt_studio.core.json_values import json_sharing
from ckpt_studio.core.json_values.json_lines import over_lines
from ckpt_studio.core.plain_text import DECEIVING


@dataclass(frozen=True, slots=True)
class JsonError:
    """Where a text stops being JSON (counted from 1) and why."""

    line: int
    column: int
    reason: str


def looks_like_json(text: str) -> bool:
    """Whether a text is meant to be an object or a list."""
    return text.lstrip()[:1] in {"{", "["}


def check(text: str) -> JsonError | None:
    """Return the first mistake, None for valid JSON."""
    parsed = parse(text)
    return parsed if isinstance(parsed, JsonError) else None


def parse(text: str) -> Any | JsonError:
    """Return the value of a JSON text, or its first mistake."""
    try:
        return json_sharing.loads(text)
    except json.JSONDecodeError as error:
        return JsonError(error.lineno, error.colno, error.msg)
    except RecursionError:
        return JsonError(1, 1, "nested too deeply")
    except ValueError:  # a number with more digits than Python converts
        return JsonError(1, 1, "a number is too long")


def formatted(text: str) -> str:
    r"""Return JSON over several lines, indented by two; what is short and flat is on one line.

    Characters that deceive are written as ``\u202e``.

    Raises:
        ValueError: one sentence, when it is not JSON.
    """
    return _formatted(_parsed(text))


def compact(text: str) -> str:
    """Return JSON on one line, as short as it gets.

    Raises:
        ValueError: one sentence, when it is not JSON.
    """
    return json_sharing.dumps(_parsed(text), (",", ":"), ascii_only=False)


def escaped(text: str) -> str:
    r"""Return JSON with characters that deceive written as ``\u202e``, which means the same."""
    return DECEIVING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@dataclass(frozen=True, slots=True)
class Style:
    """How a program wrote JSON on one line: with or without spaces, as ASCII or not."""

    separators: tuple[str, str]
    ascii_only: bool

    def line(self, value: Any) -> str:
        """Return a value as JSON on one line in this style."""
        return json_sharing.dumps(value, self.separators, ascii_only=self.ascii_only)

    def wrote(self, text: str, value: Any) -> bool:
        """Whether a text is how this style writes its value."""
        at = 0
        for piece in json_sharing.pieces(value, self.separators, ascii_only=self.ascii_only):
            if not text.startswith(piece, at):
                return False
            at += len(piece)
        return at == len(text)


_STYLES = tuple(
    Style(separators, ascii_only)
    for separators in ((", ", ": "), (",", ":"))
    for ascii_only in (True, False)
)


@dataclass(frozen=True, slots=True)
class LaidOut:
    """JSON over several lines, and the style in which it stood on one."""

    text: str
    style: Style


def laid_out(text: str) -> LaidOut | None:
    """Lay out a line of JSON; None for anything that could not be written back as it was."""
    if not looks_like_json(text) or "\n" in text:
        return None
    try:
        value = json_sharing.loads(text)
        style = next((style for style in _likely(text) if style.wrote(text, value)), None)
        return LaidOut(_formatted(value), style) if style else None
    except (RecursionError, ValueError):
        return None


def _likely(text: str) -> list[Style]:
    """Return the styles that a text may have, the likely ones first: each costs a comparison."""
    return sorted(
        (style for style in _STYLES if text.isascii() or not style.ascii_only),
        key=lambda style: style.separators[1] not in text[:1000],
    )


def describe(text: str) -> str:
    """Say what is in a JSON value: ``42 nodes``, ``7 entries``, ``3 items``; ``""`` for none."""
    if not looks_like_json(text):
        return ""
    try:
        return _described(json_sharing.loads(text))
    except (ValueError, RecursionError):
        return ""


def _described(value: Any) -> str:
    match value:
        case {"nodes": list(nodes)}:
            return _counted(len(nodes), "node", "nodes")
        case dict() if value and all(_is_prompt_node(node) for node in value.values()):
            return _counted(len(value), "node", "nodes")
        case dict():
            return _counted(len(value), "entry", "entries")
        case _:
            return _counted(len(value), "item", "items")


def _is_prompt_node(value: Any) -> bool:
    return isinstance(value, dict) and "class_type" in value


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _formatted(value: Any) -> str:
    try:
        return escaped(over_lines(value))
    except RecursionError as error:
        raise ValueError("It is nested too deeply.") from error


def _parsed(text: str) -> Any:
    value = parse(text)
    if isinstance(value, JsonError):
        raise ValueError(f"Line {value.line}, column {value.column}: {value.reason}.")  # noqa: TRY004
    return value
