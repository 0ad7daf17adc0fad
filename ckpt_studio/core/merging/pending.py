"""Marks that stand for hashes of sources until the sources have been read.

They are as long as the hashes, so that the header of a planned file does not move when they are
filled in.
"""

import re
from collections.abc import Callable, Mapping

SHA256, AUTOV3, AUTOV1 = "sha256", "autov3", "autov1"
_LENGTHS = {SHA256: 64, AUTOV3: 12, AUTOV1: 8}
_MARK = re.compile(r"~([sab])(\d{1,4})~{1,63}")
_LETTERS = {SHA256: "s", AUTOV3: "a", AUTOV1: "b"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}

KEYS = ("sd_merge_recipe", "sd_merge_models", "ckpt_studio.recipe")
"""The keys of the metadata that may hold marks."""


def pending(kind: str, source: int) -> str:
    """Return the mark of a hash of ``plan.sources[source]``."""
    return f"~{_LETTERS[kind]}{source}~".ljust(_LENGTHS[kind], "~")


def pending_sources(metadata: Mapping[str, str], sources: int) -> frozenset[int]:
    """Return the sources, of so many, whose hashes are still marks."""
    texts = (metadata.get(key, "") for key in KEYS)
    found = (int(mark[2]) for text in texts for mark in _MARK.finditer(text) if _whole(mark))
    return frozenset(source for source in found if source < sources)


def without_marks(text: str) -> str:
    """Return a text from elsewhere, in which nothing is to be filled in."""
    return _MARK.sub(lambda mark: mark[0].replace("~", "-"), text)


def _whole(mark: re.Match[str]) -> bool:
    """Whether what looks like a mark has the length of one: names of files may look alike."""
    return len(mark[0]) == _LENGTHS[_KINDS[mark[1]]]


def filled(
    metadata: Mapping[str, str], hash_of: Callable[[str, int], str | None]
) -> dict[str, str]:
    """Return the metadata with every mark replaced by what ``hash_of(kind, source)`` returns.

    None leaves the mark; a file may have no hash of a kind, "", for which there are blanks then.
    """

    def one(mark: re.Match[str]) -> str:
        if not _whole(mark):
            return mark[0]
        text = hash_of(_KINDS[mark[1]], int(mark[2]))
        return mark[0] if text is None else text.ljust(len(mark[0]))

    return {key: _MARK.sub(one, text) if key in KEYS else text for key, text in metadata.items()}
