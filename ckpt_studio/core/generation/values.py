"""JSON of unknown origin: parsed within limits, without NaN, and its values as short texts."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ckpt_studio.core.generation.info import Parameters
from ckpt_studio.core.json_values import json_sharing

MOST_JSON = 8 << 20
"""Characters of JSON that are parsed; ComfyUI reads no header above 8 MiB (``ux.md`` 0.5)."""


def parsed(text: str) -> Any:
    """Return a JSON value; NaN and infinite numbers become None, as in ComfyUI's window.

    Raises:
        ValueError: half a sentence that says what is wrong.
    """
    if len(text) > MOST_JSON:
        raise ValueError(f"is longer than {MOST_JSON >> 20} MiB")
    try:
        return json_sharing.loads(text, parse_constant=_nothing, parse_float=_finite)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not valid JSON: {error.msg} ({where})") from error
    except RecursionError as error:
        raise ValueError("is not valid JSON: nested too deeply") from error
    except ValueError as error:  # a number with more digits than Python converts
        raise ValueError("is not valid JSON: a number is too long") from error


def object_in(text: str | None) -> dict[str, Any]:
    """Return the object that a text is in JSON, an empty one when it is none."""
    if not text or text.lstrip()[:1] != "{":
        return {}
    try:
        value = parsed(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def compact(value: Any) -> str:
    """Return a parsed value as JSON on one line, as short as it gets and storable as UTF-8."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair can only be stored escaped
        return json.dumps(value, separators=(",", ":"))
    return text


def as_text(value: Any) -> str:
    """Return a value as a person reads it: texts as they are, ``7`` for 7.0, lists with commas."""
    match value:
        case None:
            return ""
        case str():
            return storable(value)
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact in a float
            return str(int(value))
        case int() | float():
            return _number(value)
        case _:
            return compact(value)


def storable(text: str) -> str:
    """Return a text that UTF-8 can hold: halves of surrogate pairs become ``\ufffd``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def table(
    values: Mapping[str, Any], names: Mapping[str, str], skip: Iterable[str] = ()
) -> Parameters:
    """Return values as rows, those in ``names`` first and renamed, without the empty ones."""
    left = [key for key in values if key not in names and key not in set(skip)]
    known = [key for key in names if key in values]
    rows = ((names.get(key, key), as_text(values[key])) for key in (*known, *left))
    return tuple(_named_once((name, value) for name, value in rows if value))


def texts_of(values: Mapping[str, Any], positive: str, negative: str) -> tuple[str, str]:
    """Return the values of the keys of both prompts as texts."""
    return as_text(values.get(positive)), as_text(values.get(negative))


def with_size(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with ``width`` and ``height`` joined to ``size``, as in 512x768."""
    width, height = values.get("width"), values.get("height")
    if not (width and height):
        return dict(values)
    rest = {key: value for key, value in values.items() if key not in {"width", "height"}}
    return {**rest, "size": f"{as_text(width)}x{as_text(height)}"}


def _named_once(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for name, value in rows:
        if name not in seen:
            seen.add(name)
            yield name, value


def _nothing(_: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _number(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # an integer with more digits than Python writes
        return "a very long number"
