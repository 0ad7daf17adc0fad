"""Texts in EXIF data, which is a TIFF without a picture (``ux.md`` 5.2)."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ckpt_studio.formats.pictures.collected import Collected, decoded

_NAMES = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x927C: "MakerNote",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
}
_EXIF_IFD = 0x8769
_USER_COMMENT = 0x9286
_WINDOWS = range(0x9C9B, 0x9CA0)  # UTF-16, whatever the byte order of the TIFF
_BYTE, _ASCII, _UNDEFINED = 1, 2, 7
_SPACE = 0x20
_USUAL = re.compile(rb"[ ,{\n]")
_MOST_ENTRIES = 1000
_INLINE = 4

_COMFYUI = {"prompt", "workflow"}  # some nodes write them with a capital
_NAMED = re.compile(r"([A-Za-z_][\w.\- ]{0,60}):(?=\s*[{\[\"])")
"""``prompt:{…}``: how ComfyUI and its nodes store several texts in the tags they have."""


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    kind: int
    data: memoryview  # nothing is copied before there is room for it
    number: int


def read_exif(data: bytes, collected: Collected) -> None:
    """Collect the texts of IFD0 and of the Exif IFD, in either byte order."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:  # noqa: PLR2004 - the head of a TIFF
        collected.odd("The EXIF data are corrupt.")
        return
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    inner = None
    whole = memoryview(data)
    for entry in _entries(whole, first, order, collected):
        if entry.tag == _EXIF_IFD:
            inner = entry.number
        else:
            _take(entry, order, collected)
    if inner is not None:
        for entry in _entries(whole, inner, order, collected):
            _take(entry, order, collected)


def _entries(data: memoryview, at: int, order: str, collected: Collected) -> Iterator[_Entry]:
    if at + 2 > len(data):
        collected.odd("The EXIF data are corrupt: a table lies beyond the end.")
        return
    (count,) = struct.unpack_from(f"{order}H", data, at)
    for index in range(min(count, _MOST_ENTRIES)):
        start = at + 2 + 12 * index
        if start + 12 > len(data):
            collected.odd("The EXIF data are corrupt: a table is cut off.")
            return
        tag, kind, size, place = struct.unpack_from(f"{order}HHII", data, start)
        if tag == _EXIF_IFD:
            yield _Entry(tag, kind, data[:0], place)
        elif tag in _NAMES or kind == _ASCII:
            begin = start + 8 if size <= _INLINE else place
            if begin + size <= len(data):
                yield _Entry(tag, kind, data[begin : begin + size], place)
            else:
                collected.odd("The EXIF data are corrupt: a text lies beyond the end.")


def _take(entry: _Entry, order: str, collected: Collected) -> None:
    if entry.kind not in {_BYTE, _ASCII, _UNDEFINED}:
        return
    place = f"EXIF {_NAMES.get(entry.tag, f'0x{entry.tag:04X}')}"
    if not collected.room(2 * len(entry.data), place):
        return
    text = _text(entry, order).rstrip("\0")
    named = _NAMED.match(text) if entry.tag != _USER_COMMENT else None
    if named:
        name = named[1].strip()
        name = name.lower() if name.lower() in _COMFYUI else name
        collected.add(name, text[named.end() :].strip(), place)
    elif entry.tag in _NAMES and text.strip():
        collected.add(_NAMES[entry.tag], text, place)


def _text(entry: _Entry, order: str) -> str:
    data = bytes(entry.data)
    if entry.tag in _WINDOWS:
        return data.decode("utf-16-le", "replace")
    if entry.tag != _USER_COMMENT:
        return decoded(data.rstrip(b"\0"))
    prefix, body = data[:8], data[8:]
    if prefix == b"UNICODE\0":
        return _utf8(body) or _utf16(body, order)
    if prefix in {b"ASCII\0\0\0", b"\0" * 8}:
        return _plain_or_utf16(body, order)
    if prefix == b"JIS\0\0\0\0\0":
        return body.decode("iso2022_jp", "replace")
    return _plain_or_utf16(data, order)


def _plain_or_utf16(data: bytes, order: str) -> str:
    """Some write UTF-16 without saying so; plain text has no zero inside."""
    return _utf16(data, order) if b"\0" in data.rstrip(b"\0") else decoded(data.rstrip(b"\0"))


def _utf8(data: bytes) -> str:
    """Return text that is UTF-8 although UTF-16 was announced, ``""`` where it is not.

    UTF-16 with a space or a Latin letter has zeros; without them it is hardly ever valid UTF-8.
    """
    data = data.rstrip(b"\0")
    if any(byte < _SPACE and byte not in b"\t\r\n" for byte in data):
        return ""
    if len(data) % 2 == 0 and data.isascii() and not _USUAL.search(data):
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _utf16(data: bytes, order: str) -> str:
    """Decode UTF-16 in the byte order it has, which need not be that of the TIFF."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if even != odd:
        order = ">" if even > odd else "<"
    return data.decode("utf-16-be" if order == ">" else "utf-16-le", "replace")
