"""Texts of a WebP: the EXIF and XMP chunks of its RIFF container (``ux.md`` 5.1)."""

from collections.abc import Iterator

from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected, decoded
from ckpt_studio.formats.pictures.exif import read_exif
from ckpt_studio.formats.pictures.source import Source

_MOST_CHUNKS = 10_000
_HEAD = 12
_PEEK = 16


def is_webp(head: bytes) -> bool:
    """Whether a file begins as a WebP."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def read_webp(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the texts of a WebP and return its width and height, 0 when they are missing."""
    size = (0, 0)
    for name, at, count in _chunks(source, collected):
        if name in {b"EXIF", b"XMP "}:
            _take(name, source, at, count, collected)
        elif size == (0, 0):
            size = _size(name, source.read(at, _PEEK))
    return size


def _take(name: bytes, source: Source, at: int, count: int, collected: Collected) -> None:
    title = name.decode("ascii").strip()
    if count > MOST_TEXT:
        collected.room(count, f"The {title} chunk")
        return
    data = source.read(at, count)
    if name == b"EXIF":
        read_exif(data, collected)
    elif data and collected.room(len(data), "The XMP chunk"):
        collected.add("XMP", decoded(data), "WebP XMP")


def _chunks(source: Source, collected: Collected) -> Iterator[tuple[bytes, int, int]]:
    at = _HEAD
    for _ in range(_MOST_CHUNKS):
        if at >= source.size:
            return
        head = source.read(at, 8)
        count = int.from_bytes(head[4:8], "little")
        if at + 8 + count > source.size:
            collected.odd("The picture ends early: a chunk reaches beyond the end of the file.")
        yield head[:4], at + 8, count
        at += 8 + count + count % 2
    collected.odd(f"The picture has more than {_MOST_CHUNKS:,} chunks; the rest is not read.")


def _size(name: bytes, data: bytes) -> tuple[int, int]:
    """Return the size that a chunk tells: extended, lossless or lossy (RFC 9649)."""
    if name == b"VP8X" and len(data) >= 10:  # noqa: PLR2004 - up to the height
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if name == b"VP8L" and data[:1] == b"\x2f":
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return width, height
    return 0, 0
