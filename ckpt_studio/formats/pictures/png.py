"""Texts of a PNG: its tEXt, zTXt, iTXt and eXIf chunks, and ComfyUI's comf (``ux.md`` 5.1)."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected, decoded
from ckpt_studio.formats.pictures.exif import read_exif
from ckpt_studio.formats.pictures.source import Source

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MOST_CHUNKS = 100_000
_HEADER_BYTES = 13
_FRAME = 12  # length, type and CRC around the data of a chunk
_KEYWORD_BYTES = 79


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of IHDR; all 0 where there is none."""

    width: int = 0
    height: int = 0
    depth: int = 0
    color: int = 0
    interlaced: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where the data of a chunk lie, and its type."""

    name: bytes
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Png:
    """The header of a PNG and the places of its compressed pixels."""

    header: Header
    pixels: tuple[Chunk, ...]


def read_png(source: Source, collected: Collected) -> Png:
    """Collect the texts of a PNG; damaged parts are passed over with a problem."""
    header = Header()
    pixels: list[Chunk] = []
    for chunk in _chunks(source, collected):
        if chunk.name == b"IDAT":
            pixels.append(chunk)
        elif chunk.name == b"IHDR" and chunk.size == _HEADER_BYTES and not header.width:
            header = _header(_data(source, chunk, collected))
        elif chunk.name == b"eXIf" or chunk.name in _TEXTS:
            _text(source, chunk, collected)
    if not header.width:
        collected.odd("The picture is corrupt: its header (IHDR) is missing or damaged.")
    return Png(header, tuple(pixels))


def without_comf(data: bytes) -> bytes:
    """Return a picture without the chunks ``comf`` of ComfyUI's animations.

    Their name breaks a rule of PNG, so decoders refuse the whole picture (``ux.md`` 6).
    """
    if not data.startswith(SIGNATURE) or b"comf" not in data:
        return data
    chunks = _chunks(Source(data, len(data)), Collected())
    kept = [one for one in chunks if one.name != b"comf"]
    parts = (data[one.offset - 8 : one.offset + one.size + 4] for one in kept)
    return SIGNATURE + b"".join(parts)


def _chunks(source: Source, collected: Collected) -> Iterator[Chunk]:
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        head = source.read(at, 8)
        if len(head) < 8:  # noqa: PLR2004 - length and type
            collected.odd("The picture ends early: its last chunk (IEND) is missing.")
            return
        size, name = struct.unpack(">I4s", head)
        if not name.isalpha():
            collected.odd(f"The picture is corrupt at byte {at:,}: no chunk begins there.")
            return
        if at + size + _FRAME > source.size:
            collected.odd("The picture ends early: a chunk reaches beyond the end of the file.")
        yield Chunk(name, at + 8, size)
        if name == b"IEND":
            return
        at += size + _FRAME
    collected.odd(f"The picture has more than {_MOST_CHUNKS:,} chunks; the rest is not read.")


def _data(source: Source, chunk: Chunk, collected: Collected) -> bytes:
    data = source.read(chunk.offset, chunk.size)
    stored = source.read(chunk.offset + chunk.size, 4)
    if len(stored) == 4 and zlib.crc32(chunk.name + data) != int.from_bytes(stored):  # noqa: PLR2004 - bytes of a CRC
        name = chunk.name.decode("ascii")
        collected.odd(f"The picture may be corrupt: the checksum (CRC) of a {name} chunk is wrong.")
    return data


def _header(data: bytes) -> Header:
    if len(data) != _HEADER_BYTES:
        return Header()
    width, height, depth, color, *_, interlaced = struct.unpack(">II5B", data)
    return Header(width, height, depth, color, bool(interlaced)) if width and height else Header()


def _text(source: Source, chunk: Chunk, collected: Collected) -> None:
    name = chunk.name.decode("ascii")
    if chunk.size > MOST_TEXT + 1024:
        collected.room(chunk.size, f"A {name} chunk")
        return
    data = _data(source, chunk, collected)
    if chunk.name == b"eXIf":
        read_exif(data, collected)
        return
    keyword, zero, rest = data.partition(b"\0")
    if not zero or not 0 < len(keyword) <= _KEYWORD_BYTES:
        collected.odd(f"The keyword of a {name} chunk is corrupt; its text is left out.")
        return
    what = f"The {name} chunk"
    text = _TEXTS[chunk.name](rest, collected, what)
    if text is not None:
        collected.add(decoded(keyword), text, name)


def _plain(data: bytes, collected: Collected, what: str) -> str | None:
    return decoded(data) if collected.room(len(data), what) else None


def _compressed(data: bytes, collected: Collected, what: str) -> str | None:
    if data[:1] != b"\0":
        collected.odd(f"{what} is left out: its text is compressed in a way that is not known.")
        return None
    inflated = collected.inflated(data[1:], what)
    return None if inflated is None else decoded(inflated)


def _international(data: bytes, collected: Collected, what: str) -> str | None:
    parts = data[2:].split(b"\0", 2)  # language, translated keyword, text
    if len(data) < 2 or len(parts) < 3:  # noqa: PLR2004 - flag and method
        collected.odd(f"{what} is corrupt; its text is left out.")
        return None
    if data[0] == 1:
        return _compressed(data[1:2] + parts[2], collected, what)
    return _plain(parts[2], collected, what)


_TEXTS: dict[bytes, Callable[[bytes, Collected, str], str | None]] = {
    b"tEXt": _plain,
    b"comf": _plain,
    b"zTXt": _compressed,
    b"iTXt": _international,
}
