"""All metadata as one JSON text to edit, and back."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ckpt_studio.core.editing.metadata_rules import check_key, check_text
from ckpt_studio.core.editing.pasted_metadata import as_json
from ckpt_studio.core.json_values.json_text import check
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plain_text import one_line

LONG = 20_000
"""Characters from which a value is not shown in the text: an editor would be slow."""

_LONG_PICTURE = 200  # nobody reads them

_PLACEHOLDER = re.compile(r"⟨[\d,]+ characters, not changed, [0-9a-f]{8}⟩")


def shown_document(metadata: Metadata) -> str:
    """Return metadata as a JSON object over several lines; long values stand as ``⟨…⟩``."""
    return as_json({key: _shown(value) for key, value in metadata.items()})


def long_values(metadata: Metadata) -> dict[str, str]:
    """Return the long values by the ``⟨…⟩`` that stands for each; the same value has the same."""
    return {_placeholder(value): value for value in metadata.values() if _is_long(value)}


def read_document(
    text: str, metadata: Metadata, known: Mapping[str, str] | None = None
) -> Metadata:
    """Return what an edited text says.

    ``⟨…⟩`` means the long value it stands for, under whatever key it is: one of ``known``
    (``long_values`` of all metadata that were shown), by default of ``metadata``. Numbers, lists
    and objects are written as JSON; keys without a value are left out.

    Raises:
        ValueError: one sentence, when it is no JSON object, names a key twice, or has a ``⟨…⟩``
            whose value is not known.
    """
    mistake = check(text)
    if mistake:
        raise ValueError(f"Line {mistake.line}, column {mistake.column}: {mistake.reason}.")
    content = json.loads(text, object_pairs_hook=_pairs)
    if not isinstance(content, _Pairs):
        raise ValueError("The text has to be one object: { … }.")  # noqa: TRY004 - a wrong text
    values = long_values(metadata) if known is None else known
    result: dict[str, str] = {}
    for key, value in content.items:
        if key in result:
            raise ValueError(f"The key “{one_line(key)}” is there twice.")
        text_value = _as_text(value)
        if text_value != metadata.get(key):  # which may look like one that nothing is known of
            text_value = _meant(key, text_value, values)
        check_key(key)
        check_text(text_value)
        if text_value:
            result[key] = text_value
    return result


def _meant(key: str, value: str, known: Mapping[str, str]) -> str:
    """Return the value that ``⟨…⟩`` stands for, and any other value as it is."""
    if value in known:
        return known[value]
    found = _PLACEHOLDER.search(value)
    if found is None:
        return value
    if found[0] in known:
        raise ValueError(f"“{one_line(key)}”: {found[0]} cannot be a part of a longer value.")
    raise ValueError(
        f"“{one_line(key)}”: nothing is known of the value that {found[0]} stands for."
    )


class _Pairs:
    """An object with its keys as they stand, repeated ones included."""

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        self.items = items


def _pairs(items: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(items)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {key: _plain(inner) for key, inner in value.items}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _is_long(value: str) -> bool:
    return len(value) > (_LONG_PICTURE if value.startswith("data:image/") else LONG)


def _shown(value: str) -> str:
    return _placeholder(value) if _is_long(value) else value


def _placeholder(value: str) -> str:
    """Return a sign for a value that no other value has."""
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return f"⟨{len(value):,} characters, not changed, {digest[:8]}⟩"
