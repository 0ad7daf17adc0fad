"""Find and replace over keys and values of metadata."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ckpt_studio.core.editing.metadata_rules import check_key
from ckpt_studio.core.json_values.json_find import shown, substituted
from ckpt_studio.core.json_values.json_text import check, looks_like_json
from ckpt_studio.core.metadata import Edit, Metadata, RemoveKeys, RenameKey, ReplaceAll
from ckpt_studio.core.pattern import compile_pattern

LONGEST_FOR_REGEX = 20_000
"""Characters; longer values are searched only with patterns that take no time to speak of."""

_REPEATED_DIGITS = re.compile(r"(?:\\d|\[0-9\])[*+{]")


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

    def leaves_out(self, text: str) -> bool:
        """Whether a text is too long to be searched with this pattern."""
        return len(text) > LONGEST_FOR_REGEX and self.regex and not self._is_quick()

    def _is_quick(self) -> bool:
        """Whether the time of the pattern grows just by the length of the text: it has no ``+``."""
        try:
            compile_pattern(self.text, most_wide=0)
        except ValueError:
            return False
        return not _REPEATED_DIGITS.search(self.text)


@dataclass(frozen=True, slots=True)
class Found:
    """How often something occurs, in how many rows, and how many long values were left out.

    ``files`` is how many have some of it, 0 where there is only one.
    """

    matches: int
    rows: int
    left_out: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Replaced:
    """What Replace all does, and the keys of JSON values it leaves: they would be JSON no more."""

    edits: tuple[Edit, ...]
    found: Found
    unfit: tuple[str, ...] = ()


def count(search: Search, metadata: Metadata) -> Found:
    """Return how much Replace all would replace.

    Raises:
        ValueError: see ``Search.pattern``.
    """
    return _found(search, metadata, _hits(search, metadata))


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
    hits = dict.fromkeys(metadata, 0)
    for key, value in metadata.items():
        if search.keys and not (search.regex and search.leaves_out(key)):
            hits[key] = len(pattern.findall(key))
        if search.values and not (search.regex and search.leaves_out(value)):
            hits[key] += len(pattern.findall(shown(value) if "\\" in value else value))
    return {key: number for key, number in hits.items() if number}


def replaced(search: Search, replacement: str, metadata: Metadata) -> Replaced:
    r"""Return what Replace all does; ``\1`` stands for a group where ``search`` is a pattern.

    A value is searched as ``shown`` tells, and what is put into a string of JSON is escaped.

    Raises:
        ValueError: one sentence, for a wrong pattern or replacement, or keys that would collide.
    """
    hits = _hits(search, metadata)
    if not hits:
        return Replaced((), _found(search, metadata, hits))
    pattern, expanded = search.pattern(), _expansion(search, replacement)
    edits: list[Edit] = []
    unfit: tuple[str, ...] = ()
    if search.values:
        searched = {key: value for key, value in metadata.items() if not search.leaves_out(value)}
        after = {key: substituted(value, pattern, expanded) for key, value in searched.items()}
        unfit = tuple(key for key, value in after.items() if _breaks(metadata[key], value))
        edits += _value_edits(
            {key: new for key, new in after.items() if key not in unfit}, metadata
        )
        hits = {key: number for key, number in hits.items() if key not in unfit}
    if search.keys:
        edits += _key_edits(
            {key: key if search.leaves_out(key) else pattern.sub(expanded, key) for key in metadata}
        )
    return Replaced(tuple(edits), _found(search, metadata, hits), unfit)


def _found(search: Search, metadata: Metadata, hits: dict[str, int]) -> Found:
    searched = metadata.values() if search.values and search.regex else ()
    left_out = sum(map(search.leaves_out, searched))
    return Found(sum(hits.values()), len(hits), left_out)


def _expansion(search: Search, replacement: str) -> Callable[[re.Match[str]], str]:
    def expanded(found: re.Match[str]) -> str:
        try:
            return found.expand(replacement)
        except (re.error, IndexError) as error:
            raise ValueError(f"The replacement is not right: {error}.") from error

    return expanded if search.regex else lambda _: replacement


def _breaks(before: str, after: str) -> bool:
    if after in {before, ""} or not looks_like_json(before):
        return False
    return check(before) is None and (not looks_like_json(after) or check(after) is not None)


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
