"""All metadata as one JSON text to edit, and back."""

import json
from typing import Any

from ckpt_studio.core.editing.metadata_rules import check_key, check_text
from ckpt_studio.core.editing.pasted_metadata import as_json
from ckpt_studio.core.json_values.json_text import check
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plain_text import one_line

LONG = 20_000
"""Characters from which a value is not shown in the text: an editor would be slow."""

_LONG_PICTURE = 200  # nobody reads them


def shown_document(metadata: Metadata) -> str:
    """Return metadata as a JSON object over several lines; long values stand as ``⟨…⟩``."""
    return as_json({key: _shown(value) for key, value in metadata.items()})


def read_document(text: str, metadata: Metadata) -> Metadata:
    """Return what an edited text says; ``⟨…⟩`` of a long value means the value in ``metadata``.

    Numbers, lists and objects are written as JSON; keys without a value are left out.

    Raises:
        ValueError: one sentence, when it is no JSON object or names a key twice.
    """
    mistake = check(text)
    if mistake:
        raise ValueError(f"Line {mistake.line}, column {mistake.column}: {mistake.reason}.")
    content = json.loads(text, object_pairs_hook=_pairs)
    if not isinstance(content, _Pairs):
        raise ValueError("The text has to be one object: { … }.")  # noqa: TRY004 - a wrong text
    result: dict[str, str] = {}
    for key, value in content.items:
        if key in result:
            raise ValueError(f"The key “{one_line(key)}” is there twice.")
        old = metadata.get(key, "")
        text_value = old if _is_long(old) and value == _shown(old) else _as_text(value)
        check_key(key)
        check_text(text_value)
        if text_value:
            result[key] = text_value
    return result


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
    return f"⟨{len(value):,} characters, not changed⟩" if _is_long(value) else value
