"""How large a header gets, and which programs stop reading it at which size (``ux.md`` 0.5).

ComfyUI's front ends 1.28, 1.35, 1.50 and 1.58 read the first 4 MiB of a dropped file, its eight
bytes of length included; what reads more is newer.
"""

from dataclasses import dataclass
from json.encoder import encode_basestring

from ckpt_studio.core.metadata import Metadata

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """A size in bytes and what does not work with a larger header."""

    limit: int
    lost: str


MARKS = (
    Mark(1 * MIB, "ComfyUI's model library does not show its metadata"),
    Mark(4 * MIB, "ComfyUI cannot load the workflow by drag and drop up to its front end 1.58"),
    Mark(8 * MIB, "ComfyUI cannot load the workflow by drag and drop and shows no preview"),
    Mark(100 * MIB, "no program can open it: safetensors allows 100 MB"),
)


def metadata_bytes(metadata: Metadata) -> int:
    """Return the bytes that metadata take in a header, as compact JSON in UTF-8."""
    return sum(entry_bytes(key, value) for key, value in metadata.items())


def entry_bytes(key: str, value: str) -> int:
    """Return the bytes of one entry with its quotes, colon and comma."""
    return 4 + _bytes(encode_basestring(key + value))  # two quotes are counted already


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def newly_exceeded(before: int, after: int) -> Mark | None:
    """Return the highest mark that a header passes which did not before; sizes in bytes."""
    mark = exceeded(after)
    return None if mark is None or before > mark.limit else mark


def exceeded(size: int) -> Mark | None:
    """Return the highest mark that a header of this size passes."""
    return next((mark for mark in reversed(MARKS) if size > mark.limit), None)
