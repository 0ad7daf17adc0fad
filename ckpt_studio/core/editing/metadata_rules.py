"""Which metadata edits are allowed, and how two mappings differ in terms of edits."""

from collections.abc import Collection, Sequence
from itertools import count

from ckpt_studio.core.metadata import (
    LOCKED_KEYS,
    Edit,
    Metadata,
    RemoveKeys,
    RenameKey,
    ReplaceAll,
    SetValue,
    apply_all,
)
from ckpt_studio.core.plain_text import one_line


def checked(edit: Edit, metadata: Metadata) -> Edit | None:
    """Return the edit as it may be applied, None when it would change nothing.

    A value that is set to nothing removes its key: an empty ``modelspec.title`` keeps ComfyUI's
    library from showing the file name instead (``ux.md`` 0.9).

    Raises:
        ValueError: one sentence, when the edit cannot be applied.
    """
    match edit:
        case SetValue(key, ""):
            edit = RemoveKeys(frozenset({key}))
        case SetValue(key, value):
            check_key(key)
            check_text(value)
        case ReplaceAll(values):
            for key, value in values.items():
                check_key(key)
                check_text(value)
        case RenameKey(old, new):
            _check_rename(old, new, metadata)
        case RemoveKeys():
            pass
    return None if same(edit.apply(metadata), metadata) else edit


def check_key(key: str) -> None:
    """Raise ValueError when a text cannot be a key."""
    if not key:
        raise ValueError("A key needs a name.")
    check_text(key)


def check_new_key(key: str, metadata: Metadata) -> None:
    """Raise ValueError when a text cannot be a key beside those that exist."""
    check_key(key)
    if key in metadata:
        raise ValueError(f"“{one_line(key)}” exists already.")


def duplicates(copied: Metadata, metadata: Metadata) -> dict[str, str]:
    """Return values under new names: ``key copy``, ``key copy 2`` where that is taken."""
    copies: dict[str, str] = {}
    for key, value in copied.items():
        tries = (f"{key} copy{f' {number}' if number > 1 else ''}" for number in count(1))
        name = next(name for name in tries if name not in metadata and name not in copies)
        copies[name] = value
    return copies


def moved(keys: Collection[str], metadata: Metadata, *, down: bool) -> Metadata:
    """Return metadata with some keys one place further up or down; what is at the end stays."""
    order = list(metadata)
    places = [place for place, key in enumerate(order) if key in keys]
    step, end = (1, len(order) - 1) if down else (-1, 0)
    for place in reversed(places) if down else places:
        if place == end:
            end -= step
        else:
            order[place], order[place + step] = order[place + step], order[place]
    return {key: metadata[key] for key in order}


def check_text(text: str) -> None:
    """Raise ValueError when a text cannot be written to a file (half of a surrogate pair)."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Character {error.start + 1} is half of a pair and cannot be stored."
        ) from error


_SHOWN_BY_LIBRARY = ("title", "name", "image", "icon", "tags", "author", "description")


def library_clash(key: str) -> str:
    """Say for what ComfyUI's library takes a key by its last letters, "" where that is right.

    The first key with such an end is shown, whatever comes before it (``ux.md`` 0.9).
    """
    if key.startswith("modelspec."):
        return ""
    end = next((word for word in _SHOWN_BY_LIBRARY if key.endswith(word)), "")
    return f"ComfyUI's library may show this as the {end} of the model." if end else ""


def same(one: Metadata, other: Metadata) -> bool:
    """Whether two mappings have the same keys and values in the same order."""
    return list(one.items()) == list(other.items())


def difference(before: Metadata, after: Metadata) -> tuple[Edit, ...]:
    """Return edits that turn one mapping into the other, order included."""
    if same(before, after):
        return ()
    removed = frozenset(before.keys() - after.keys())
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    edits = _remove_and_set(removed, changed)
    result = before
    for edit in edits:
        result = edit.apply(result)
    return edits if same(result, after) else _remove_and_set(frozenset(before), after)


def needed_changes(edits: Sequence[Edit], metadata: Metadata) -> frozenset[str]:
    """Return the keys that a loader needs and that lose their value; new ones do not count."""
    return needed_between(metadata, apply_all(tuple(edits), metadata))


def needed_between(before: Metadata, after: Metadata) -> frozenset[str]:
    """Return the keys of ``before`` that a loader needs and that lose their value."""
    needed = LOCKED_KEYS.keys() & before.keys()
    return frozenset(key for key in needed if after.get(key) != before[key])


def with_values_of(keys: frozenset[str], before: Metadata, after: Metadata) -> Metadata:
    """Return ``after`` with some keys as they were in ``before``, at their old places."""
    items = [(key, before[key] if key in keys else value) for key, value in after.items()]
    for place, (key, value) in enumerate(before.items()):
        if key in keys and key not in after:
            items.insert(place, (key, value))
    return dict(items)


def _remove_and_set(removed: frozenset[str], values: Metadata) -> tuple[Edit, ...]:
    remove = (RemoveKeys(removed),) if removed else ()
    return (*remove, ReplaceAll(dict(values))) if values else remove


def _check_rename(old: str, new: str, metadata: Metadata) -> None:
    if old not in metadata:
        raise ValueError(f"There is no key “{one_line(old)}”.")
    if new != old:
        check_new_key(new, metadata)
