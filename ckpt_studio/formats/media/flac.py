"""Texts of a FLAC file: the block of comments before its sound (RFC 9639, 8)."""

from ckpt_studio.formats.media.vorbis import read_comments
from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected
from ckpt_studio.formats.pictures.source import Source

SIGNATURE = b"fLaC"

_COMMENTS = 4
_MOST_BLOCKS = 1000
_LAST = 0x80


def read_flac(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the comments; a sound has no width and height, which are 0."""
    at = len(SIGNATURE)
    for _ in range(_MOST_BLOCKS):
        head = source.read(at, 4)
        if len(head) < 4:  # noqa: PLR2004 - type and size
            collected.odd("The file ends early: there is no sound in it.")
            break
        size = int.from_bytes(head[1:])
        if head[0] & ~_LAST == _COMMENTS:
            read_comments(source.read(at + 4, min(size, MOST_TEXT)), collected, "FLAC comment")
            break  # there is only one such block
        if head[0] & _LAST:
            break
        at += 4 + size
    return 0, 0
