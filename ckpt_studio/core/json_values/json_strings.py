"""Texts inside metadata values: every string of a JSON text, and changing some in place."""

import json
import re
from collections.abc import Callable, Iterator

from ckpt_studio.core.json_values.json_text import check, looks_like_json

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_MOST_NESTED = 4


def strings_in(value: str, _depth: int = 0) -> Iterator[str]:
    """Yield the texts of a value: every string of JSON, JSON within strings included.

    A value that is no JSON is one text. The strings of JSON are yielded without their escapes.
    """
    if _depth >= _MOST_NESTED or not _is_json(value):
        yield value
        return
    for token in _STRING.findall(value):
        yield from strings_in(_text_of(token), _depth + 1)


def replace_in_strings(value: str, change: Callable[[str], str], _depth: int = 0) -> str:
    """Return a value with every text changed; what is between the strings of JSON stays as it is.

    Numbers, spaces and the order of keys are kept to the letter, and so are strings that
    ``change`` returns as they were.
    """
    if _depth >= _MOST_NESTED or not _is_json(value):
        return change(value)

    def changed(found: re.Match[str]) -> str:
        old = _text_of(found[0])
        new = replace_in_strings(old, change, _depth + 1)
        return found[0] if new == old else json.dumps(new, ensure_ascii=found[0].isascii())

    return _STRING.sub(changed, value)


def _is_json(value: str) -> bool:
    return looks_like_json(value) and check(value) is None


def _text_of(token: str) -> str:
    text: str = json.loads(token, strict=False) if "\\" in token else token[1:-1]
    return text
