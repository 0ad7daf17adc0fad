"""Metadata of several files edited as one: what they share, and edits for each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ckpt_studio.core.editing.metadata_rules import same
from ckpt_studio.core.editing.replacing import (
    Found,
    Replaced,
    Search,
    count,
    matching_keys,
    replaced,
)
from ckpt_studio.core.metadata import (
    Edit,
    Metadata,
    RemoveKeys,
    RenameKey,
    ReplaceAll,
    SetValue,
    apply_all,
)
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


def check_kept(edits: Iterable[Edit], names: Iterable[str] = ()) -> None:
    """Raise ValueError when edits would write ``<keep>``, or another such name, within a value."""
    signs = (KEEP, *names)
    for edit in edits:
        for key, value in edit.apply({}).items():  # what it sets
            sign = next((sign for sign in signs if sign in value and value != sign), None)
            if sign is not None:
                raise ValueError(
                    f"“{one_line(key)}” was not changed: {sign} is no text, "
                    "it stands for values that differ."
                )


def count_shared(search: Search, several: Sequence[Metadata]) -> Found:
    """Return how much there is to find in all files together.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    parts = [count(search, metadata) for metadata in several]
    return Found(
        sum(part.matches for part in parts),
        sum(part.rows for part in parts),
        sum(part.left_out for part in parts),
        sum(part.matches > 0 for part in parts),
    )


def matching_shared(search: Search, keys: Iterable[str], several: Sequence[Metadata]) -> list[str]:
    """Return those of the keys under which something is found in a file.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    found = {key for metadata in several for key in matching_keys(search, metadata)}
    return [key for key in keys if key in found]


@dataclass(frozen=True, slots=True)
class ReplacedShared:
    """What Replace all does to what files share; ``own`` says for what new names stand.

    It maps each name to its value in each file, None where the key goes.
    """

    replaced: Replaced
    own: Mapping[str, tuple[str | None, ...]]


def replaced_shared(
    search: Search,
    replacement: str,
    shared: Metadata,
    several: Sequence[Metadata],
    *,
    ticked: Sequence[int],
    names: int = 0,
) -> ReplacedShared:
    """Return what Replace all does within each file's own values.

    ``several`` are all files as ``shared`` makes them, ``ticked`` the places of those that count;
    the others are given values of their own, too. ``names`` is how many names there are already.

    Raises:
        ValueError: see ``replaced``.
    """
    within = [replaced(replace(search, keys=False), replacement, each) for each in several]
    after = [apply_all(done.edits, each) for done, each in zip(within, several, strict=True)]
    values: dict[str, str] = {}
    emptied: set[str] = set()
    own: dict[str, tuple[str | None, ...]] = {}
    for key in shared:
        new = [after[place].get(key) for place in ticked]
        if new == [several[place].get(key) for place in ticked]:
            continue
        if len(set(new)) > 1:
            values[key] = f"<replaced {names + len(own) + 1}>"
            own[values[key]] = tuple(each.get(key) for each in after)
        elif new[0] is None:
            emptied.add(key)
        else:
            values[key] = new[0]
    renamed = replaced(replace(search, values=False), replacement, shared)
    edits: list[Edit] = [ReplaceAll(values)] if values else []
    edits += [RemoveKeys(frozenset(emptied))] if emptied else []
    unfit = dict.fromkeys(key for place in ticked for key in within[place].unfit)
    found = count_shared(search, [several[place] for place in ticked])
    return ReplacedShared(Replaced((*edits, *renamed.edits), found, tuple(unfit)), own)


def edits_for(
    metadata: Metadata, edits: Iterable[Edit], own: Mapping[str, str | None] | None = None
) -> tuple[Edit, ...]:
    """Return those of the edits that change one file; ``<keep>`` gives it its own value.

    ``own``: what other names stand for in this file, None for no value.
    A key is not renamed where it is not there, or where the new name is taken.
    """
    wanted: list[Edit] = []
    first = metadata
    for edit in edits:
        fitting = _fitting(metadata, edit, first, own or {})
        for each in fitting:
            if not same(each.apply(metadata), metadata):
                wanted.append(each)
                metadata = each.apply(metadata)
            first = each.apply(first) if isinstance(each, RenameKey) else first
    return tuple(wanted)


def _fitting(
    metadata: Metadata, edit: Edit, first: Metadata, own: Mapping[str, str | None]
) -> tuple[Edit, ...]:
    match edit:
        case SetValue(key, value) if value == KEEP or value in own:
            return _given({key: value}, first, own)
        case ReplaceAll(values, label):
            placed = {key: value for key, value in values.items() if value == KEEP or value in own}
            new = {key: value for key, value in values.items() if key not in placed}
            return (ReplaceAll(new, label), *_given(placed, first, own))
        case RenameKey(old, new) if old not in metadata or new in metadata:
            return ()
        case _:
            return (edit,)


def _given(
    placed: Mapping[str, str], first: Metadata, own: Mapping[str, str | None]
) -> tuple[Edit, ...]:
    """Return the edits that give a file what names stand for; ``<keep>`` is what it had first."""
    values = {
        key: first.get(key) if name == KEEP else own[name] for key, name in sorted(placed.items())
    }
    edits: list[Edit] = [SetValue(key, value) for key, value in values.items() if value is not None]
    absent = frozenset(key for key, value in values.items() if value is None)
    return (*edits, RemoveKeys(absent)) if absent else tuple(edits)
