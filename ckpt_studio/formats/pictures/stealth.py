"""Text hidden in the lowest bits of the pixels of a PNG.

NovelAI and add-ons of A1111 hide it (``ux.md`` 5.4). The bits lie column by column, and the
filters of PNG work from left to right for each channel alone. Only the first columns of the
channels that hold bits are therefore ever computed.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected, decoded
from ckpt_studio.formats.pictures.png import Png
from ckpt_studio.formats.pictures.source import Source

_MAGIC_BYTES = 15
_HEAD_BITS = 8 * _MAGIC_BYTES + 32
_MOST_BITS = 1 << 21
_MOST_PIXELS = 1 << 26
_STEP = 1 << 20
_RGB, _RGBA = 2, 6
_PIXEL_BYTES = {_RGB: 3, _RGBA: 4}


@dataclass(frozen=True, slots=True)
class _Hiding:
    """One way to hide: the names that begin the text, and the channels that carry its bits."""

    plain: bytes
    gzipped: bytes
    channels: tuple[int, ...]


_HIDINGS = (
    _Hiding(b"stealth_pnginfo", b"stealth_pngcomp", (3,)),
    _Hiding(b"stealth_rgbinfo", b"stealth_rgbcomp", (0, 1, 2)),
)


def read_stealth(source: Source, png: Png, collected: Collected) -> None:
    """Collect the text in the pixels, named as its magic word; without one nothing happens."""
    header = png.header
    size = _PIXEL_BYTES.get(header.color, 0)
    pixels = header.width * header.height
    if not size or header.depth != 8 or header.interlaced or not 0 < pixels <= _MOST_PIXELS:  # noqa: PLR2004 - bits
        return
    for hiding in _HIDINGS:
        if hiding.channels[-1] < size and _read(_Bits(source, png, hiding, size), collected):
            return


class _Bits:
    """The hidden bits of a picture, as far as they are asked for."""

    def __init__(self, source: Source, png: Png, hiding: _Hiding, pixel: int) -> None:
        self.hiding = hiding
        self._source = source
        self._png = png
        self._pixel = pixel

    @property
    def present(self) -> int:
        """How many bits the picture can hold."""
        header = self._png.header
        return header.width * header.height * len(self.hiding.channels)

    def take(self, count: int) -> bytes:
        """Return the first ``count`` bits as bytes, fewer where the pixels end."""
        header, channels = self._png.header, self.hiding.channels
        pixels = -(-count // len(channels))
        columns = min(-(-pixels // header.height), header.width)
        rows = min(header.height, pixels) if columns == 1 else header.height
        planes = [self._plane(channel, columns, rows) for channel in channels]
        found = "".join(
            "1" if plane[row][column] & 1 else "0"
            for column in range(columns)
            for row in range(min(map(len, planes)))
            for plane in planes
        )[:count]
        whole = len(found) // 8
        return int(found[: 8 * whole] or "0", 2).to_bytes(whole)

    def _plane(self, channel: int, columns: int, rows: int) -> list[bytearray]:
        """Return the first columns of one channel, row by row."""
        plane: list[bytearray] = []
        above = bytearray(columns)
        for line in self._lines(rows):
            stored = line[1 + channel : 1 + self._pixel * columns : self._pixel]
            above = _unfiltered(line[0], stored, above)
            plane.append(above)
        return plane

    def _lines(self, rows: int) -> Iterator[bytes]:
        """Return lines as they are stored: the number of the filter, then the bytes."""
        size = 1 + self._pixel * self._png.header.width
        waiting = b""
        for data in self._inflated():
            waiting += data
            whole = len(waiting) // size
            for index in range(min(whole, rows)):
                yield waiting[index * size : (index + 1) * size]
            rows -= whole
            if rows <= 0:
                return
            waiting = waiting[whole * size :]

    def _inflated(self) -> Iterator[bytes]:
        stream = zlib.decompressobj()
        for chunk in self._png.pixels:
            for at in range(0, chunk.size, _STEP):
                data = self._source.read(chunk.offset + at, min(_STEP, chunk.size - at))
                while data and not stream.eof:
                    yield stream.decompress(data, _STEP)
                    data = stream.unconsumed_tail


def _unfiltered(kind: int, stored: Sequence[int], above: bytearray) -> bytearray:
    """Undo the filter of one line of one channel (PNG specification, 9.2)."""
    if kind == 2:  # noqa: PLR2004 - up
        return bytearray((value + up) & 255 for value, up in zip(stored, above, strict=True))
    line = bytearray(stored)
    left = corner = 0
    if kind == 1:
        for at, value in enumerate(line):
            line[at] = left = (value + left) & 255
    elif kind == 3:  # noqa: PLR2004 - average
        for at, up in enumerate(above):
            line[at] = left = (line[at] + (left + up) // 2) & 255
    elif kind == 4:  # noqa: PLR2004 - Paeth
        for at, up in enumerate(above):
            line[at] = left = (line[at] + _paeth(left, up, corner)) & 255
            corner = up
    return line


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner


def _read(bits: _Bits, collected: Collected) -> bool:
    """Collect the text if the magic word is there; whether it is."""
    try:
        head = bits.take(_HEAD_BITS)
        magic = head[:_MAGIC_BYTES]
        if magic not in {bits.hiding.plain, bits.hiding.gzipped}:
            return False
        _take_text(bits, magic.decode("ascii"), int.from_bytes(head[_MAGIC_BYTES:]), collected)
    except zlib.error:
        collected.odd("The pixels are corrupt, so text hidden in them was not looked for.")
        return False
    return True


def _take_text(bits: _Bits, name: str, count: int, collected: Collected) -> None:
    if count > min(bits.present - _HEAD_BITS, _MOST_BITS):
        collected.odd(f"The text hidden in the pixels ({name}) is corrupt or too large.")
        return
    data = bits.take(_HEAD_BITS + count)[_HEAD_BITS // 8 :]
    if name.endswith("comp"):
        gzip = zlib.decompressobj(wbits=31)
        data = gzip.decompress(data, MOST_TEXT)
        if not gzip.eof:
            collected.odd(f"The text hidden in the pixels ({name}) is corrupt or too large.")
            return
    if collected.room(len(data), "The text hidden in the pixels"):
        collected.add(name, decoded(data), "pixels")
