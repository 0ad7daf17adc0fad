"""Texts of an MP4 or QuickTime file, wherever ffmpeg and iTunes put them.

``moov/meta`` and ``moov/udta/meta`` hold a list ``ilst``, whose entries are numbers of names in
``keys`` or four characters; ``moov/udta`` may hold texts of QuickTime themselves.
"""

from collections.abc import Iterator

from ckpt_studio.formats.media.boxes import Box, Boxes
from ckpt_studio.formats.media.tags import add_tag, read_tag
from ckpt_studio.formats.pictures.collected import Collected
from ckpt_studio.formats.pictures.source import Source

_NAMES = {
    b"\xa9cmt": "comment",
    b"\xa9nam": "title",
    b"\xa9ART": "artist",
    b"\xa9alb": "album",
    b"\xa9des": "description",
    b"\xa9too": "encoder",
    b"\xa9swr": "encoder",
    b"\xa9day": "date",
    b"\xa9gen": "genre",
    b"\xa9cpy": "copyright",
    b"desc": "description",
    b"ldes": "synopsis",
}
_VALUE_HEAD = 8  # type and language of a value
_UTF8, _UTF16 = 1, 2
_TRACK_HEADERS = {0: 76, 1: 88}
"""Where the width stands in the header of a track, by its version."""


def read_mp4(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the texts and return width and height of the largest track, 0 when there is none."""
    boxes = Boxes(source, collected)
    sizes: list[tuple[int, int]] = []
    for box in _until_fragments(boxes):
        if box.kind == b"moov":
            sizes.append(_movie(boxes, box))
        else:
            _texts(boxes, box)
    if not sizes:
        collected.odd("The file ends early or is corrupt: what tells about it (moov) is missing.")
    return max(sizes, default=(0, 0))


def _until_fragments(boxes: Boxes) -> Iterator[Box]:
    """Yield boxes of the file; the fragments of a stream come after what tells about it."""
    for box in boxes.within(0, boxes.source.size):
        if box.kind == b"moof":
            return
        yield box


def _movie(boxes: Boxes, movie: Box) -> tuple[int, int]:
    size = (0, 0)
    for box in boxes.inside(movie):
        if box.kind == b"trak":
            size = max(size, _track(boxes, box))
        else:
            _texts(boxes, box)
    return size


def _track(boxes: Boxes, track: Box) -> tuple[int, int]:
    for box in boxes.inside(track):
        if box.kind == b"tkhd":
            version = boxes.read(box, 1)[:1]
            at = _TRACK_HEADERS.get(version[0] if version else 0, 0)
            data = boxes.read(box, 8, at) if at else b""
            return int.from_bytes(data[:2]), int.from_bytes(data[4:6])  # 16.16 fixed point
    return 0, 0


def _texts(boxes: Boxes, box: Box) -> None:
    """Collect the texts of ``meta``, or of ``udta`` and a ``meta`` in it."""
    if box.kind == b"meta":
        _metadata(boxes, box)
    elif box.kind == b"udta":
        for inner in boxes.inside(box):
            if inner.kind == b"meta":
                _metadata(boxes, inner)
            elif inner.kind[:1] == b"\xa9":
                _quicktime(boxes, inner)


def _metadata(boxes: Boxes, meta: Box) -> None:
    # In MP4, version and flags come first, which are 0, in QuickTime the size of a box.
    inner = list(boxes.inside(meta, 0 if any(boxes.read(meta, 4)) else 4))
    keys = next((_keys(boxes, box) for box in inner if box.kind == b"keys"), [])
    for box in inner:
        if box.kind == b"ilst":
            for item in boxes.inside(box):
                _item(boxes, item, keys)


def _keys(boxes: Boxes, box: Box) -> list[str]:
    """Return the names that items are numbered by, each a box; the first has the number 1."""
    names: list[str] = []
    for key in boxes.inside(box, 8):
        if not boxes.collected.room(key.size, "A name of a text"):
            break
        names.append(boxes.read(key, key.size).decode("utf-8", "replace"))
    return names


def _item(boxes: Boxes, item: Box, keys: list[str]) -> None:
    number = int.from_bytes(item.kind)
    parts = list(boxes.inside(item))
    if item.kind == b"----":
        name = next((_named(boxes, part) for part in parts if part.kind == b"name"), "")
    elif 0 < number <= len(keys):
        name = keys[number - 1]
    else:
        name = _NAMES.get(item.kind) or item.kind.decode("latin-1")
    for part in parts:
        if part.kind == b"data":
            _value(boxes, part, name)


def _named(boxes: Boxes, part: Box) -> str:
    return boxes.read(part, 1000, 4).decode("utf-8", "replace")


def _value(boxes: Boxes, part: Box, name: str) -> None:
    """Collect a value; only texts, no numbers and no pictures."""
    kind = int.from_bytes(boxes.read(part, 4)) & 0xFFFFFF
    if kind not in {_UTF8, _UTF16}:
        return
    size = part.size - _VALUE_HEAD

    def read() -> bytes | str:
        data = boxes.read(part, size, _VALUE_HEAD)
        return data.decode("utf-16-be", "replace") if kind == _UTF16 else data

    read_tag(boxes.collected, name, size, read, "MP4 ilst")


def _quicktime(boxes: Boxes, box: Box) -> None:
    """Collect a text of QuickTime: its size, a language, the text; others in other languages."""
    size = int.from_bytes(boxes.read(box, 2))
    name = _NAMES.get(box.kind) or box.kind.decode("latin-1")
    add_tag(boxes.collected, name, boxes.read(box, size, 4), "QuickTime udta")
