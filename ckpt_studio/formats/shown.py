"""Names from files and folders as they are safe to show: no control, bidi or broken characters."""

from collections.abc import Iterable
from pathlib import Path

_LIMIT = 100
_FEW = 3


def shown(text: str, limit: int = _LIMIT) -> str:
    """Return a name with everything unprintable escaped, cut in the middle when it is long."""
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def shown_name(path: Path) -> str:
    """Return the file name of a path, safe to show."""
    return shown(path.name or str(path))


def some(names: Iterable[str], most: int = _FEW) -> str:
    """Return the first of some names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(shown(name) for name in every[:most]) + more
