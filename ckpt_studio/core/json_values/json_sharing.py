"""JSON read and written without holding up other threads.

Python's own reader and writer are one call into C each, during which no other thread of the program
runs: a window stands still for 20 to 40 ms with every megabyte. Here the interpreter gets to other
threads again and again on the way.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

_AT_ONCE = 200
"""Values that are written in one call, which takes some tens of microseconds."""


def loads(
    text: str,
    *,
    parse_float: Callable[[str], Any] = float,
    parse_constant: Callable[[str], Any] | None = None,
) -> Any:
    """Return a JSON value as ``json.loads`` does, with its errors and those of the hooks."""
    return json.loads(
        text,
        object_hook=_object,  # a call of a function in Python is where threads change
        parse_int=_integer,
        parse_float=parse_float,
        parse_constant=parse_constant,
    )


def dumps(value: Any, separators: tuple[str, str] = (", ", ": "), *, ascii_only: bool) -> str:
    """Return a value that ``loads`` returned as JSON on one line, as ``json.dumps`` does."""
    return "".join(pieces(value, separators, ascii_only=ascii_only))


def pieces(value: Any, separators: tuple[str, str], *, ascii_only: bool) -> Iterator[str]:
    """Yield the JSON text of a value piece by piece.

    Raises:
        RecursionError: it is nested deeper than Python can follow.
    """
    encode = json.JSONEncoder(separators=separators, ensure_ascii=ascii_only).encode
    yield from _pieces(value, encode, separators)


def _pieces(value: Any, encode: Callable[[Any], str], between: tuple[str, str]) -> Iterator[str]:
    if _is_small(value):
        yield encode(value)
    elif isinstance(value, dict):
        before = "{"
        for key, item in value.items():
            yield f"{before}{encode(key)}{between[1]}"
            yield from _pieces(item, encode, between)
            before = between[0]
        yield "}"
    else:
        before = "["
        for item in value:
            yield before
            yield from _pieces(item, encode, between)
            before = between[0]
        yield "]"


def _is_small(value: Any) -> bool:
    """Whether a value has few values in it, at all depths; it looks at no more than those."""
    left, rest = _AT_ONCE, [value]
    while rest:
        container = rest.pop()
        if not isinstance(container, dict | list):
            continue
        left -= len(container)
        if left < 0:
            return False
        rest.extend(container.values() if isinstance(container, dict) else container)
    return True


def _object(value: dict[str, Any]) -> dict[str, Any]:
    return value


def _integer(digits: str) -> int:
    return int(digits)
