"""Texts of an Ogg file: the second packet of each stream in it (RFC 3533, 6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ckpt_studio.formats.media.vorbis import read_comments
from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected
from ckpt_studio.formats.pictures.source import Source

SIGNATURE = b"OggS\0"

_HEAD = 27
_MOST_PAGES = 5000
_MOST_STREAMS = 8
_MOST_FIRST = 1 << 16
_FULL = 255
_COMMENTS = {
    b"\x01vorbis": 7,
    b"OpusHead": 8,
    b"\x80theora": 7,
    b"\x7fFLAC": 4,
    b"Speex   ": 0,
}
"""How the first packet of a stream begins, and where comments stand in its second."""


@dataclass(slots=True)
class _Stream:
    """Whole packets so far, and the parts of the one that is under way."""

    packets: int = 0
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    skip: int | None = None

    @property
    def done(self) -> bool:
        return self.packets > 1

    def add(self, data: bytes, *, ended: bool) -> bytes:
        """Take a part of a packet; return the whole one when it is the second."""
        self.parts.append(data)
        self.size += len(data)
        if not ended and (self.packets or self.size <= _MOST_FIRST):
            return b""
        packet = b"".join(self.parts)
        self.packets, self.parts, self.size = self.packets + 1, [], 0
        if self.done:
            return packet
        starts = (skip for start, skip in _COMMENTS.items() if packet.startswith(start))
        self.skip = next(starts, None)
        return b""


def read_ogg(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the comments of all streams; width and height are not looked for and 0."""
    streams: dict[bytes, _Stream] = {}
    for serial, table, at in _pages(source, collected):
        if serial not in streams and len(streams) >= _MOST_STREAMS:
            break
        stream = streams.setdefault(serial, _Stream())
        if not stream.done:
            _take(stream, table, source.read(at, sum(table)), collected)
        if sum(one.size for one in streams.values()) > MOST_TEXT:
            collected.odd("The comments are left out: they are too large.")
            break
        if all(one.done for one in streams.values()):
            break
    return 0, 0


def _take(stream: _Stream, table: bytes, data: bytes, collected: Collected) -> None:
    for part, ended in _parts(table, data):
        packet = b"" if stream.done else stream.add(part, ended=ended)
        if packet and stream.skip is not None:
            read_comments(packet[stream.skip :], collected, "Ogg comment")


def _pages(source: Source, collected: Collected) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield the stream of each page, the sizes in its table, and where its data begin."""
    at = 0
    for _ in range(_MOST_PAGES):
        head = source.read(at, _HEAD)
        if not head:
            return
        if len(head) < _HEAD or not head.startswith(SIGNATURE):
            collected.odd(f"The file is corrupt at byte {at:,}: no page begins there.")
            return
        table = source.read(at + _HEAD, head[26])
        yield head[14:18], table, at + _HEAD + len(table)
        at += _HEAD + len(table) + sum(table)


def _parts(table: bytes, data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the parts of packets in a page; True where one ends: a size below 255 ends it."""
    begin = end = 0
    for size in table:
        end += size
        if size < _FULL:
            yield data[begin:end], True
            begin = end
    if begin < end:
        yield data[begin:end], False
