"""JSON over several lines, as a person would write it: what is short and flat stays on one."""

import json
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

_MOST_ITEMS = 24
_LONGEST = 100
_INDENT = "  "


def over_lines(value: Any) -> str:
    """Return a JSON value with two spaces for each level; it is on several lines where it can be.

    Raises:
        RecursionError: it is nested deeper than Python can follow.
    """
    pieces: list[str] = []
    if isinstance(value, dict | list) and value:
        _add(value, "\n", pieces)
    else:
        pieces.append(_plain(value))
    return "".join(pieces)


def _add(value: dict[str, Any] | list[Any], line: str, pieces: list[str]) -> None:
    """Add the text of an object or a list that is not empty; ``line`` begins a line of it."""
    inner = line + _INDENT
    between = ("{" if isinstance(value, dict) else "[") + inner
    keys = list(value) if isinstance(value, dict) else None
    for at, item in enumerate(value.values() if isinstance(value, dict) else value):
        pieces.append(between)
        between = "," + inner
        if keys is not None:
            pieces.append(f"{encode_basestring(keys[at])}: ")
        short = _short(item)
        if short and (len(short) <= _LONGEST or not isinstance(item, dict | list)):
            pieces.append(short)
        else:
            _add(item, inner, pieces)
    pieces.append(line + ("]" if keys is None else "}"))


def _short(value: Any) -> str:
    """Return a value on one line, nothing for one that is nested or has many items."""
    if not isinstance(value, dict | list) or not value:
        return _plain(value)
    if len(value) > _MOST_ITEMS:
        return ""
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list) and item:
            return ""
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    pairs = (f"{encode_basestring(key)}: {_plain(item)}" for key, item in value.items())
    return f"{{{', '.join(pairs)}}}"


def _plain(value: Any) -> str:
    """Return what is no container, or an empty one."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int or (kind is float and isfinite(value)):
        return repr(value)
    return json.dumps(value)
