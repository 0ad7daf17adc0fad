"""Texts of a JPEG: the EXIF, XMP and comment segments before its pixels (``ux.md`` 5.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from ckpt_studio.formats.pictures.collected import Collected, decoded
from ckpt_studio.formats.pictures.exif import read_exif
from ckpt_studio.formats.pictures.source import Source

SIGNATURE = b"\xff\xd8\xff"

_MOST_SEGMENTS = 10_000
_MOST_FILL = 1024
_APP1, _COMMENT, _SCAN, _END = 0xE1, 0xFE, 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD9)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True, slots=True)
class _Segment:
    marker: int
    data: bytes


def read_jpeg(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the texts of a JPEG and return its width and height, 0 when they are missing."""
    size = (0, 0)
    for segment in _segments(source, collected):
        if segment.marker in _FRAMES and len(segment.data) >= 5:  # noqa: PLR2004 - up to the width
            size = (int.from_bytes(segment.data[3:5]), int.from_bytes(segment.data[1:3]))
        else:
            _take(segment, collected)
    return size


def _take(segment: _Segment, collected: Collected) -> None:
    data = segment.data
    if segment.marker == _APP1 and data.startswith(b"Exif\0\0"):
        read_exif(data, collected)
    elif segment.marker == _APP1 and data.startswith(_XMP):
        _add("XMP", data.removeprefix(_XMP), collected)
    elif segment.marker == _COMMENT:
        _add("comment", data.rstrip(b"\0"), collected)


def _add(name: str, data: bytes, collected: Collected) -> None:
    if data and collected.room(len(data), f"The {name} segment"):
        collected.add(name, decoded(data), f"JPEG {name}")


def _segments(source: Source, collected: Collected) -> Iterator[_Segment]:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        at, marker = _marker(source, at)
        if marker in {_SCAN, _END}:
            return
        if marker is None:
            collected.odd(f"The picture is corrupt or ends early at byte {at:,}.")
            return
        if marker in _ALONE:
            continue
        size = int.from_bytes(source.read(at, 2))
        data = source.read(at + 2, size - 2)
        if size < 2 or len(data) < size - 2:  # noqa: PLR2004 - the size counts itself
            collected.odd("The picture ends early: a segment reaches beyond the end of the file.")
        yield _Segment(marker, data)
        at += max(size, 2)
    collected.odd(f"The picture has more than {_MOST_SEGMENTS:,} segments; the rest is not read.")


def _marker(source: Source, at: int) -> tuple[int, int | None]:
    """Return the marker at a place, None where there is none, and where its data begin."""
    head = source.read(at, _MOST_FILL)
    code = head.lstrip(b"\xff")  # any number of 0xFF may stand before a marker
    if not code or len(code) == len(head):
        return at, None
    return at + len(head) - len(code) + 1, code[0]
