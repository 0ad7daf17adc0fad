"""Texts of an AVIF or HEIC picture: its Exif and XMP items (ISO/IEC 23008-12, annex A)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ckpt_studio.formats.media.boxes import Box, Boxes
from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected, decoded
from ckpt_studio.formats.pictures.exif import read_exif
from ckpt_studio.formats.pictures.source import Source

_MOST_ITEMS = 10_000
_MOST_PARTS = 10_000
_MOST_TEXTS = 20
_MOST_TABLE = 1 << 20
_IN_FILE, _IN_TABLE = 0, 1
_XMP = b"application/rdf+xml"


@dataclass(slots=True)
class _Items:
    """Types of items by number, the places of their bytes, and where ``idat`` lies."""

    kinds: dict[int, str] = field(default_factory=dict)
    places: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    data: Box | None = None
    size: tuple[int, int] = (0, 0)


def read_heif(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the texts and return width and height of the largest picture in the file."""
    boxes = Boxes(source, collected)
    meta = next((box for box in boxes.within(0, source.size) if box.kind == b"meta"), None)
    if meta is None:
        collected.odd("The picture is corrupt: its table of contents (meta) is missing.")
        return 0, 0
    items = _items(boxes, meta)
    for number, kind in islice(items.kinds.items(), _MOST_TEXTS):
        data = _bytes(boxes, items, number, kind)
        if data and kind == "Exif":
            # How many bytes to skip comes first.
            read_exif(data[4 + int.from_bytes(data[:4]) :], collected)
        elif data and collected.room(len(data), "The XMP data"):
            collected.add("XMP", decoded(data), "HEIF XMP")
    return items.size


def _items(boxes: Boxes, meta: Box) -> _Items:
    items = _Items()
    for box in boxes.inside(meta, 4):
        match box.kind:
            case b"iinf":
                items.kinds = dict(_kinds(boxes, box))
            case b"iloc":
                items.places = dict(_places(boxes.read(box, _MOST_TABLE)))
            case b"idat":
                items.data = box
            case b"iprp":
                items.size = max(_sizes(boxes, box), default=(0, 0))
            case _:
                pass
    return items


def _kinds(boxes: Boxes, box: Box) -> Iterator[tuple[int, str]]:
    wide = boxes.read(box, 1) != b"\0"
    for entry in boxes.inside(box, 8 if wide else 6):
        data = boxes.read(entry, 200)
        if entry.kind != b"infe" or data[:1] not in {b"\2", b"\3"}:
            continue
        end = 6 if data[0] == 2 else 8  # noqa: PLR2004 - the version with short numbers
        kind = data[end + 2 : end + 6]
        if kind == b"Exif":
            yield int.from_bytes(data[4:end]), "Exif"
        elif kind == b"mime" and _XMP in data[end + 6 :]:
            yield int.from_bytes(data[4:end]), "XMP"


class _Table:
    """Numbers of any width, one after the other; beyond the end they are 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, width: int) -> int:
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at])

    @property
    def over(self) -> bool:
        return self._at > len(self._data)


def _places(data: bytes) -> Iterator[tuple[int, tuple[int, list[tuple[int, int]]]]]:
    """Yield the number of an item, what its places count from, and the places and sizes."""
    table = _Table(data)
    version = table.take(1)
    table.take(3)
    widths = table.take(2)
    offset, length, base, index = (widths >> shift & 0xF for shift in (12, 8, 4, 0))
    wide = 2 if version < 2 else 4  # noqa: PLR2004 - the version with long numbers
    left = _MOST_PARTS  # of all items; they may take no bytes in the table
    for _ in range(min(table.take(wide), _MOST_ITEMS)):
        number = table.take(wide)
        method = table.take(2) & 0xF if version else _IN_FILE
        table.take(2)
        start = table.take(base)
        parts = []
        count = table.take(2)
        left -= count
        if left < 0:
            return
        for _ in range(count):
            table.take(index if version else 0)
            parts.append((start + table.take(offset), table.take(length)))
        if table.over:
            return
        yield number, (method, parts)


def _bytes(boxes: Boxes, items: _Items, number: int, kind: str) -> bytes:
    """Return the bytes of an item; none, with a problem, where they cannot be had."""
    method, parts = items.places.get(number, (_IN_FILE, []))
    first = items.data.start if method == _IN_TABLE and items.data else 0
    size = boxes.source.size
    whole = [(first + at, count or size - first - at) for at, count in parts]
    total = sum(count for _, count in whole)
    if not parts or method > _IN_TABLE or any(at + count > size for at, count in whole):
        boxes.collected.odd(f"The {kind} data lie outside the file; they are left out.")
        return b""
    if total > MOST_TEXT:
        boxes.collected.room(total, f"The {kind} data")
        return b""
    return b"".join(boxes.source.read(at, count) for at, count in whole)


def _sizes(boxes: Boxes, box: Box) -> Iterator[tuple[int, int]]:
    for container in boxes.inside(box):
        if container.kind == b"ipco":
            for one in boxes.inside(container):
                data = boxes.read(one, 12) if one.kind == b"ispe" else b""
                if len(data) == 12:  # noqa: PLR2004 - flags, width, height
                    yield struct.unpack_from(">II", data, 4)
