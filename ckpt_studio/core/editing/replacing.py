"""Find and replace over keys and values of metadata."""

import re
from dataclasses import dataclass

from ckpt_studio.core.editing.metadata_rules import check_key
from ckpt_studio.core.metadata import Edit, Metadata, RemoveKeys, RenameKey, ReplaceAll
from ckpt_studio.core.pattern import compile_pattern

LONGEST_FOR_REGEX = 20_000
"""Characters; longer values are not searched with a regular expression."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for and where."""

    text: str
    regex: bool = False
    whole_word: bool = False
    match_case: bool = False
    keys: bool = True
    values: bool = True

    def pattern(self) -> re.Pattern[str]:
        """Return what to search with.

        Raises:
            ValueError: one sentence, when the regular expression is wrong or could hang.
        """
        flags = re.NOFLAG if self.match_case else re.IGNORECASE
        wide = 1 if self.values else 3  # values can be long, and the cost grows by their length
        source = self.text if self.regex else re.escape(self.text)
        if self.regex:
            source = compile_pattern(source, most_wide=wide).pattern
        if self.whole_word:
            source = rf"(?<!\w)(?:{source})(?!\w)"
        return re.compile(source, flags)


@dataclass(frozen=True, slots=True)
class Found:
    """How often something occurs, and in how many rows."""

    matches: int
    rows: int


def count(search: Search, metadata: Metadata) -> Found:
    """Return how much Replace all would replace.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    hits = _hits(search, metadata)
    return Found(sum(hits.values()), len(hits))


def matching_keys(search: Search, metadata: Metadata) -> list[str]:
    """Return the keys of the rows in which something is found.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    return list(_hits(search, metadata))


def _hits(search: Search, metadata: Metadata) -> dict[str, int]:
    if not search.text:
        return {}
    pattern = search.pattern()
    hits = {
        key: (_count_in(pattern, key, search) if search.keys else 0)
        + (_count_in(pattern, value, search) if search.values else 0)
        for key, value in metadata.items()
    }
    return {key: number for key, number in hits.items() if number}


def replaced(search: Search, replacement: str, metadata: Metadata) -> tuple[Edit, ...]:
    r"""Return the edits of Replace all; ``\1`` stands for a group where ``search`` is a pattern.

    Raises:
        ValueError: one sentence, for a wrong pattern or replacement, or keys that would collide.
    """
    if not search.text:
        return ()
    pattern = search.pattern()

    def change(text: str) -> str:
        return _substituted(pattern, replacement, text, search)

    edits: list[Edit] = []
    if search.values:
        edits += _value_edits({key: change(value) for key, value in metadata.items()}, metadata)
    if search.keys:
        edits += _key_edits({key: change(key) for key in metadata})
    return tuple(edits)


def keys_lost(edits: tuple[Edit, ...]) -> frozenset[str]:
    """Return the keys that edits remove or rename."""
    removed = [key for edit in edits if isinstance(edit, RemoveKeys) for key in edit.keys]
    renamed = [edit.old for edit in edits if isinstance(edit, RenameKey)]
    return frozenset((*removed, *renamed))


def _substituted(pattern: re.Pattern[str], replacement: str, text: str, search: Search) -> str:
    if not search.regex:
        return pattern.sub(lambda _: replacement, text)
    if len(text) > LONGEST_FOR_REGEX:
        return text
    try:
        return pattern.sub(replacement, text)
    except (re.error, IndexError) as error:
        raise ValueError(f"The replacement is not right: {error}.") from error


def _count_in(pattern: re.Pattern[str], text: str, search: Search) -> int:
    if search.regex and len(text) > LONGEST_FOR_REGEX:
        return 0
    return sum(1 for _ in pattern.finditer(text))


def _value_edits(after: Metadata, before: Metadata) -> list[Edit]:
    changed = {key: value for key, value in after.items() if value and value != before[key]}
    emptied = frozenset(key for key, value in after.items() if not value and before[key])
    edits: list[Edit] = [ReplaceAll(changed)] if changed else []
    return [*edits, RemoveKeys(emptied)] if emptied else edits


def _key_edits(names: Metadata) -> list[Edit]:
    seen: dict[str, str] = {}
    for old, new in names.items():
        check_key(new)
        if new in seen:
            raise ValueError(f"“{seen[new]}” and “{old}” would both be called “{new}”.")
        seen[new] = old
    return _in_order({old: new for old, new in names.items() if old != new}, set(names))


def _in_order(names: dict[str, str], taken: set[str]) -> list[Edit]:
    """Return renames of which each gives a name that is free by then."""
    edits: list[Edit] = []
    by_target = {new: old for old, new in names.items()}
    free = [old for old, new in names.items() if new not in taken]
    while names:
        if not free:  # names that go round: one is put aside
            old = next(iter(names))
            aside = old
            while aside in taken or aside in by_target:
                aside += "_"
            names = {aside if key == old else key: new for key, new in names.items()}
            by_target[names[aside]] = aside
            free, step = [by_target[old]], RenameKey(old, aside)
        else:
            step = RenameKey(free[-1], names.pop(free.pop()))
            if step.old in by_target:
                free.append(by_target[step.old])
        edits.append(step)
    return edits
