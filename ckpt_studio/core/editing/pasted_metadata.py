"""Pasted text read as metadata: lines of ``key<TAB>value`` or ``key: value``, or a JSON object."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ckpt_studio.core.editing.metadata_rules import check_key, check_text
from ckpt_studio.core.json_values.json_text import check, escaped, looks_like_json
from ckpt_studio.core.metadata import Metadata

_NAMED = re.compile(r"(\S+?): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pasted:
    """Values by key; ``encoded`` are the keys whose value was no text and is now written as JSON.

    Of a key in ``repeated`` the last value counts, as in all JSON.
    """

    values: Mapping[str, str]
    encoded: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


def parse_pasted(text: str) -> Pasted:
    """Return what a pasted text says; values that are empty are left out.

    A file header (``{"__metadata__": {…}}``) gives its metadata.

    Raises:
        ValueError: one sentence, when it is neither lines nor an object.
    """
    pasted = _from_json(text) if looks_like_json(text) else _from_lines(text)
    for key, value in pasted.values.items():
        check_key(key)
        check_text(value)
    if not pasted.values:
        raise ValueError("There is no key with a value in the pasted text.")
    return pasted


def as_pasted(metadata: Metadata) -> str:
    """Return text that ``parse_pasted`` reads: lines where they can hold it, else JSON."""
    for between in (": ", "\t"):
        lines = "\n".join(f"{key}{between}{value}" for key, value in metadata.items())
        if _says(lines, metadata):
            return lines
    return as_json(metadata)


def as_json(metadata: Metadata) -> str:
    """Return metadata as a JSON object of texts; characters that deceive are escaped."""
    return escaped(json.dumps(dict(metadata), ensure_ascii=False, indent=2)) + "\n"


def _says(text: str, metadata: Metadata) -> bool:
    try:
        return parse_pasted(text).values == metadata
    except ValueError:
        return False


def _from_lines(text: str) -> Pasted:
    values: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        key, tab, value = line.partition("\t")
        if not tab:
            named = _NAMED.fullmatch(line)
            if named is None:
                raise ValueError(f"Line {number} has no tab and no “: ” between key and value.")
            key, value = named.groups()
        if value:
            if key.strip() in values:
                repeated[key.strip()] = None
            values[key.strip()] = value
    return Pasted(values, repeated=tuple(repeated))


def _from_json(text: str) -> Pasted:
    mistake = check(text)
    if mistake:
        raise ValueError(f"Line {mistake.line}, column {mistake.column}: {mistake.reason}.")
    content = json.loads(text, object_pairs_hook=_Object)
    if not isinstance(content, _Object):
        raise ValueError(  # noqa: TRY004 - wrong text, not a wrong type
            "A JSON object is needed, this is a list."
        )
    inside = content.get("__metadata__")
    if isinstance(inside, _Object):
        content = inside
    values = {key: _as_text(value) for key, value in content.items() if value not in ("", None)}
    encoded = tuple(key for key in values if not isinstance(content[key], str))
    return Pasted(values, encoded, content.repeated)


class _Object(dict[str, Any]):
    """An object that knows which of its keys were there more than once."""

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        super().__init__(items)
        times = Counter(key for key, _ in items)
        self.repeated = tuple(key for key, number in times.items() if number > 1)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
