"""Metadata of several files edited as one: what they share, and edits for each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ckpt_studio.core.editing.metadata_rules import same
from ckpt_studio.core.editing.replacing import (
    Found,
    Replaced,
    Search,
    count,
    matching_keys,
    replaced,
)
from ckpt_studio.core.metadata import Edit, Metadata, RemoveKeys, RenameKey, ReplaceAll, SetValue
from ckpt_studio.core.plain_text import one_line

KEEP = "<keep>"
"""Stands for values that are not the same in all files; it is never written."""


def merged(several: Sequence[Metadata]) -> dict[str, str]:
    """Return the keys of all files; a value that not all of them have is ``<keep>``."""
    keys = dict.fromkeys(key for metadata in several for key in metadata)
    return {
        key: values[0] if len(set(values)) == 1 and len(values) == len(several) else KEEP
        for key in keys
        if (values := [one[key] for one in several if key in one])
    }


def check_kept(edits: Iterable[Edit]) -> None:
    """Raise ValueError when edits would write ``<keep>`` as a part of a value."""
    for edit in edits:
        for key, value in edit.apply({}).items():  # what it sets
            if KEEP in value and value != KEEP:
                raise ValueError(
                    f"“{one_line(key)}” was not changed: {KEEP} is no text, "
                    "it stands for values that differ."
                )


def count_shared(search: Search, metadata: Metadata) -> Found:
    """Return how much there is to find; values that differ are left out.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    parts = [count(part, searched) for part, searched in _parts(search, metadata)]
    return Found(
        sum(part.matches for part in parts),
        len(matching_shared(search, metadata)),
        sum(part.left_out for part in parts),
    )


def matching_shared(search: Search, metadata: Metadata) -> list[str]:
    """Return the keys of the rows in which something is found; values that differ are left out.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    found = {
        key for part, searched in _parts(search, metadata) for key in matching_keys(part, searched)
    }
    return [key for key in metadata if key in found]


def replaced_shared(search: Search, replacement: str, metadata: Metadata) -> Replaced:
    """Return what Replace all does; values that differ stay as they are.

    Raises:
        ValueError: see ``replaced``.
    """
    values, keys = (replaced(part, replacement, all_) for part, all_ in _parts(search, metadata))
    found = count_shared(search, metadata)
    return Replaced((*values.edits, *keys.edits), found, values.unfit)


def _parts(search: Search, metadata: Metadata) -> tuple[tuple[Search, Metadata], ...]:
    """Split a search: values are looked through where all files have them, keys everywhere."""
    shared = {key: value for key, value in metadata.items() if value != KEEP}
    return (
        (replace(search, keys=False), shared),
        (replace(search, values=False), metadata),
    )


def edits_for(metadata: Metadata, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return those of the edits that change one file; ``<keep>`` gives it its own value.

    A key is not renamed where it is not there, or where the new name is taken.
    """
    wanted: list[Edit] = []
    own = metadata
    for edit in edits:
        fitting = _fitting(metadata, edit, own)
        for each in fitting:
            if not same(each.apply(metadata), metadata):
                wanted.append(each)
                metadata = each.apply(metadata)
            own = each.apply(own) if isinstance(each, RenameKey) else own
    return tuple(wanted)


def _fitting(metadata: Metadata, edit: Edit, own: Metadata) -> tuple[Edit, ...]:
    match edit:
        case SetValue(key, value) if value == KEEP:
            return _given_back({key}, own)
        case ReplaceAll(values, label):
            kept = {key for key, value in values.items() if value == KEEP}
            new = {key: value for key, value in values.items() if key not in kept}
            return (ReplaceAll(new, label), *_given_back(kept, own))
        case RenameKey(old, new) if old not in metadata or new in metadata:
            return ()
        case _:
            return (edit,)


def _given_back(keys: set[str], own: Metadata) -> tuple[Edit, ...]:
    """Return the edits that undo what earlier ones did to some keys of a file."""
    back: list[Edit] = [SetValue(key, own[key]) for key in sorted(keys & own.keys())]
    absent = frozenset(keys - own.keys())
    return (*back, RemoveKeys(absent)) if absent else tuple(back)
