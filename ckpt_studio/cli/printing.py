"""Text for a terminal: nothing a file says can move the cursor, and columns line up."""

import json
from collections.abc import Sequence
from typing import Any


def printable(text: str) -> str:
    """Return a text with control characters and bytes that are no characters written out.

    Line breaks count as control characters: a name or a value never spans lines.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def shortened(text: str, width: int) -> str:
    """Return a text of at most ``width`` characters, with an ellipsis where it was cut."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> str:
    """Return rows as columns below their titles; the columns in ``right`` hold numbers."""
    cells = [list(titles), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    lines = (
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
    return "\n".join(f"  {line}".rstrip() for line in lines)


def strict_json(document: Any) -> str:
    """Return a document as JSON in ASCII.

    Raises:
        ValueError: it holds a number that JSON cannot (NaN, infinity).
    """
    return json.dumps(document, indent=2, allow_nan=False)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
