"""Texts of an MP3: the frames of the ID3 tag before its sound (id3.org, versions 2.2 to 2.4)."""

from collections.abc import Iterator
from dataclasses import dataclass

from ckpt_studio.formats.media.tags import keep_tag
from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected, decoded
from ckpt_studio.formats.pictures.source import Source

_HEAD = 10
_MOST_FRAMES = 10_000
_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40
_SYNC = 0xFF
_LAYER_3 = {0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2}
_OLD, _MIDDLE, _NEW = 2, 3, 4
_NAMES = {
    "TIT2": "title",
    "TT2": "title",
    "TPE1": "artist",
    "TP1": "artist",
    "TALB": "album",
    "TSSE": "encoder",
    "TSS": "encoder",
    "COMM": "comment",
    "COM": "comment",
    "USLT": "lyrics",
    "ULT": "lyrics",
}
_DESCRIBED = {"TXXX", "TXX"}
_IN_A_LANGUAGE = {"COMM", "COM", "USLT", "ULT"}
_ENCODINGS = {1: "utf-16", 2: "utf-16-be"}


_FLAGS: dict[int, tuple[int, int, int, int, int]] = {
    _OLD: (0, 0, 0, 0, 0),
    _MIDDLE: (0x80, 0x40, 0x20, 0, 0),
    _NEW: (0x08, 0x04, 0x40, 0x01, 0x02),
}
"""Bits of a frame: compressed, encrypted, in a group, with its size, unsynchronised.

In version 2.4 the bit of the whole tag says the last of all frames.
"""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The name of a frame, where its content lies, and its bits in the order of _FLAGS."""

    name: str
    at: int
    size: int
    bits: tuple[bool, ...]


def is_mp3(head: bytes) -> bool:
    """Whether a file begins as an MP3: with an ID3 tag or a frame of sound of layer III."""
    if head[:3] == b"ID3":
        return len(head) > 3 and _OLD <= head[3] <= _NEW  # noqa: PLR2004 - the version follows
    return len(head) > 1 and head[0] == _SYNC and head[1] in _LAYER_3


def read_mp3(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the texts of the tag; a sound has no width and height, which are 0."""
    head = source.read(0, _HEAD)
    if head[:3] != b"ID3" or len(head) < _HEAD:
        return 0, 0
    version, flags, size = head[3], head[5], _seven_bits(head[6:10])
    if _HEAD + size > source.size:
        collected.odd("The file is corrupt or ends early: its texts are cut off.")
    at, end = _HEAD, min(_HEAD + size, source.size)
    if flags & _UNSYNCHRONISED and version < _NEW:
        data = _synchronised(source.read(at, min(size, MOST_TEXT)))
        source, at, end = Source(data, len(data)), 0, len(data)
    if flags & _EXTENDED and version > _OLD:
        more = source.read(at, 4)
        at += _seven_bits(more) if version == _NEW else 4 + int.from_bytes(more)
    escaped = version == _NEW and bool(flags & _UNSYNCHRONISED)
    for frame in _frames(source, at, end, version):
        if frame.at + frame.size > end:
            collected.odd("The file is corrupt or ends early: its texts are cut off.")
            break
        _take(frame, source, collected, escaped=escaped)
    return 0, 0


def _frames(source: Source, at: int, end: int, version: int) -> Iterator[_Frame]:
    width = 3 if version == _OLD else 4
    head_size = _HEAD if version > _OLD else 6
    for _ in range(_MOST_FRAMES):
        head = source.read(at, head_size)
        if len(head) < head_size or at >= end or not head[:width].isalnum():
            return  # zeros fill the tag
        size = head[width : 2 * width]
        count = _new_size(source, at, end, size) if version == _NEW else int.from_bytes(size)
        bits = tuple(bool(head[-1] & bit) for bit in _FLAGS[version])
        yield _Frame(head[:width].decode("ascii"), at + head_size, count, bits)
        at += head_size + count


def _seven_bits(data: bytes) -> int:
    """Return a number of which every byte has seven bits."""
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number


def _synchronised(data: bytes) -> bytes:
    """Take out the zeros that kept 0xFF from looking like sound."""
    return data.replace(b"\xff\0", b"\xff")


def _new_size(source: Source, at: int, end: int, data: bytes) -> int:
    """Return the size of a frame of version 2.4; some write it as 2.3 has it.

    The right one leads to another frame, to zeros, or to the end.
    """
    right, wrong = _seven_bits(data), int.from_bytes(data)
    for size in (right, wrong):
        after = at + _HEAD + size
        follows = source.read(after, 4)
        if after == end or (after < end and _is_name(follows)):
            return size
    return right


def _is_name(data: bytes) -> bool:
    """Whether data may begin a frame; zeros fill the tag."""
    return (data.isalnum() and data.isupper()) or not data.strip(b"\0")


def _take(frame: _Frame, source: Source, collected: Collected, *, escaped: bool) -> None:
    """Collect the text of a frame, if it is one."""
    if not frame.name.startswith("T") and frame.name not in _IN_A_LANGUAGE:
        return
    if not collected.room(frame.size, f"The text {frame.name}"):
        return
    data = _content(frame, source.read(frame.at, frame.size), collected, escaped=escaped)
    if not data:
        return
    own = frame.name in _DESCRIBED or frame.name in _IN_A_LANGUAGE
    text = _text(data[4 if frame.name in _IN_A_LANGUAGE else 1 :], data[0])
    first, _, text = text.partition("\0") if own else ("", "", text)
    name = first or _NAMES.get(frame.name, frame.name)
    keep_tag(collected, name, text.replace("\0", "\n"), f"ID3 {frame.name}")


def _content(frame: _Frame, data: bytes, collected: Collected, *, escaped: bool) -> bytes:
    """Return the content of a frame as it was before it was packed; none when it is encrypted."""
    packed, secret, grouped, sized, unsynchronised = frame.bits
    if secret:
        collected.odd(f"The text {frame.name} is encrypted; it is left out.")
        return b""
    old = packed and not sized  # version 2.3 has the size of a packed frame first
    data = data[4 * old + grouped + 4 * sized :]
    if unsynchronised or escaped:
        data = _synchronised(data)
    return (collected.inflated(data, f"The text {frame.name}") or b"") if packed else data


def _text(data: bytes, encoding: int) -> str:
    """Return the texts in data, between which there are zeros; some end with one, too."""
    name = _ENCODINGS.get(encoding)
    if name is None:
        return decoded(data.rstrip(b"\0"))
    text = data.decode(name, "replace").rstrip("\0")
    return text.removeprefix("\ufeff").replace("\0\ufeff", "\0")
