"""What a table of metadata shows: every key with its value before and after the edits."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ckpt_studio.core.json_values.json_text import describe
from ckpt_studio.core.metadata import LOCKED_KEYS, Edit, Metadata, RemoveKeys, RenameKey
from ckpt_studio.core.plain_text import one_line

_PREVIEW = 160
_DESCRIBE_BELOW = 256 * 1024


class State(Enum):
    """What happened to a key since the file was opened."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class MetadataRow:
    """One key; ``original`` is None for an added one, ``new`` is None for a removed one.

    ``origin`` is the key in the file when the row was renamed.
    """

    key: str
    original: str | None
    new: str | None
    origin: str = ""

    @property
    def state(self) -> State:
        """How the two values differ."""
        if self.new is None:
            return State.REMOVED
        if self.original is None:
            return State.ADDED
        if self.origin and self.origin != self.key:
            return State.RENAMED
        return State.SAME if self.new == self.original else State.CHANGED

    @property
    def value(self) -> str:
        """The value to look at: the new one, or the old one of a removed key."""
        return self.original or "" if self.new is None else self.new

    @property
    def size(self) -> int:
        """Bytes of the value in UTF-8."""
        return len(self.value.encode("utf-8", "surrogatepass"))

    @property
    def needed(self) -> str:
        """What breaks without the key, ``""`` when nothing is known to."""
        return LOCKED_KEYS.get(self.origin or self.key, "")


def rows_of(
    original: Metadata,
    metadata: Metadata,
    edits: tuple[Edit, ...],
    before: Iterable[MetadataRow] = (),
) -> list[MetadataRow]:
    """Return the rows in the order of the new metadata; removed keys stay where they were.

    Rows from ``before`` that did not change are used again: making them takes most of the time.
    """
    origins = _origins(original, edits)
    known = {row.key: row for row in before}
    rows = []
    for key, value in metadata.items():
        origin = origins.get(key, "")
        first, row = original.get(origin), known.get(key)
        if row is None or row.new is not value or row.original is not first or row.origin != origin:
            row = MetadataRow(key, first, value, origin)
        rows.append(row)
    kept = {row.origin for row in rows}
    if original.keys() <= kept:
        return rows
    for place, key in enumerate(original):
        if key not in kept:
            rows.insert(min(place, len(rows)), MetadataRow(key, original[key], None, key))
    return rows


def preview(value: str) -> str:
    """Return a value as one short line of plain text."""
    return one_line(value, _PREVIEW)


def summary(value: str) -> str:
    """Say what is in a JSON value (``42 nodes``); ``""`` where that says nothing or takes long."""
    return describe(value) if len(value) < _DESCRIBE_BELOW else ""


def removed_with(keys: frozenset[str]) -> list[str]:
    """Return a sentence for each key that a loader needs."""
    return [f"{key}: {LOCKED_KEYS[key]}." for key in sorted(keys) if key in LOCKED_KEYS]


def _origins(original: Metadata, edits: tuple[Edit, ...]) -> dict[str, str]:
    """Map each key to the key it had in the file, following renames."""
    origins = {key: key for key in original}
    lost: set[str] = set()
    for edit in edits:
        if isinstance(edit, RenameKey) and edit.old in origins:
            lost |= {origins[key] for key in {edit.new} & origins.keys() - {edit.old}}
            origins[edit.new] = origins.pop(edit.old)
        elif isinstance(edit, RemoveKeys):
            lost |= {origins.pop(key) for key in edit.keys & origins.keys()}
        for key in lost - origins.keys():  # put back under its old name it is the same key again
            origins[key] = key
            lost.discard(key)
    return origins
