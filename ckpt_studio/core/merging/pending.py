"""Marks that stand for hashes of sources until the sources have been read.

They are as long as the hashes, so that the header of a planned file does not move when they are
filled in.
"""

import re
from collections.abc import Callable, Mapping

SHA256, AUTOV3, AUTOV1 = "sha256", "autov3", "autov1"
_LENGTHS = {SHA256: 64, AUTOV3: 12, AUTOV1: 8}
_MARK = re.compile(r"~([sab])(\d+)~+")
_LETTERS = {SHA256: "s", AUTOV3: "a", AUTOV1: "b"}


def pending(kind: str, source: int) -> str:
    """Return the mark of a hash of ``plan.sources[source]``."""
    return f"~{_LETTERS[kind]}{source}~".ljust(_LENGTHS[kind], "~")


def pending_sources(metadata: Mapping[str, str]) -> frozenset[int]:
    """Return the sources whose hashes are still marks."""
    texts = metadata.values()
    return frozenset(int(found[2]) for text in texts for found in _MARK.finditer(text))


def filled(metadata: Mapping[str, str], hash_of: Callable[[str, int], str]) -> dict[str, str]:
    """Return the metadata with every mark replaced by what ``hash_of(kind, source)`` returns."""
    kinds = {letter: kind for kind, letter in _LETTERS.items()}

    def one(found: re.Match[str]) -> str:
        return hash_of(kinds[found[1]], int(found[2])).ljust(len(found[0]))[: len(found[0])]

    return {key: _MARK.sub(one, text) for key, text in metadata.items()}
