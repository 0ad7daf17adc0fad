"""Read the texts of a picture, a video, a sound or a 3D model, known by its first bytes."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.problems import Problem
from ckpt_studio.formats import files
from ckpt_studio.formats.media import flac, glb, matroska, ogg
from ckpt_studio.formats.media.heif import read_heif
from ckpt_studio.formats.media.mp3 import is_mp3, read_mp3
from ckpt_studio.formats.media.mp4 import read_mp4
from ckpt_studio.formats.media.others import CHOOSE, what_else
from ckpt_studio.formats.media.svg import is_svg, read_svg
from ckpt_studio.formats.pictures import Collected, Source, picture_kind, read_picture
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.sniff import guess

HEAD = 512
"""Bytes of a file that tell what it is."""

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_PICTURE_BRANDS = {b"avif": "avif", b"avis": "avif", **dict.fromkeys(_HEIC, "heic")}
_ANY_PICTURE = {b"mif1", b"msf1", b"mif2", b"miaf"}
_QUICKTIME, _SOUND = b"qt  ", b"M4A "
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat"}  # old QuickTime names no brand
_WORDS = {b"wide", b"free", b"skip"}
"""Boxes before those, which are small; ‘the wide river’ is a text."""


class Sort(Enum):
    """What somebody sees or hears of a file."""

    PICTURE = "picture"
    DRAWING = "drawing"
    VIDEO = "video"
    SOUND = "sound"
    MODEL = "3D model"


@dataclass(frozen=True, slots=True)
class Media:
    """What a file says besides its pixels and sounds.

    ``kind`` names the format in small letters, such as ``png`` or ``webm``; ``width`` and
    ``height`` are pixels, 0 when unknown or without meaning. ``texts`` maps names (keywords of
    PNG, tags of EXIF, of videos and sounds) to texts as they are stored, ``places`` the same
    names to where they were found, such as ``tEXt`` or ``EXIF Make``.
    """

    kind: str
    width: int
    height: int
    texts: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    sort: Sort = Sort.PICTURE


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    sort: Sort
    read: Callable[[Source, Collected], tuple[int, int]]


_SIGNATURES = (
    (matroska.SIGNATURE, _Kind("mkv", Sort.VIDEO, matroska.read_matroska)),
    (flac.SIGNATURE, _Kind("flac", Sort.SOUND, flac.read_flac)),
    (ogg.SIGNATURE, _Kind("ogg", Sort.SOUND, ogg.read_ogg)),
    (glb.SIGNATURE, _Kind("glb", Sort.MODEL, glb.read_glb)),
)


def is_media(head: bytes) -> bool:
    """Whether a file that begins so can be read (HEAD bytes are enough)."""
    return _kind(head) is not None


def read_media(media: Path | str | bytes) -> Media:
    """Return the texts in a picture, a video, a sound or a 3D model: a file, or its bytes.

    Pixels and sounds are never decoded, except the few pixels that can hold hidden text, and those
    only when there is no other text. Time and memory are bounded whatever the file says.

    Raises:
        FormatError: it cannot be read, or is none of these; the message is one sentence.
    """
    if isinstance(media, bytes):
        return _read(Source(media, len(media)), "The picture")
    path = Path(media)
    name = shown_name(path)
    file = files.open_source(path)
    try:
        return _read(Source(file, os.fstat(file).st_size), name)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise FormatError(f"{name} cannot be read: {reason}", "Check the disk.") from error
    finally:
        os.close(file)


def _read(source: Source, name: str) -> Media:
    head = source.read(0, HEAD)
    kind = _kind(head)
    if kind is None:
        raise _refused(head, source.size, name)
    collected = Collected()
    size = kind.read(source, collected)
    sort = kind.sort
    if sort is Sort.VIDEO and not any(size):  # M4A and WebM may hold sound alone
        sort = Sort.SOUND
    problems = tuple(collected.problems)
    return Media(kind.name, *size, collected.texts, collected.places, problems, sort)


def _kind(head: bytes) -> _Kind | None:
    picture = picture_kind(head)
    if picture:
        return _Kind(picture, Sort.PICTURE, read_picture)
    if head[4:8] in _FIRST_BOXES or (head[4:8] in _WORDS and not head[0]):
        return _by_brand(head)
    if head.startswith(matroska.SIGNATURE) and b"webm" in head[:64]:
        return _Kind("webm", Sort.VIDEO, matroska.read_matroska)
    found = next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)
    if found is None and is_mp3(head):
        return _Kind("mp3", Sort.SOUND, read_mp3)
    if found is None and is_svg(head):
        return _Kind("svg", Sort.DRAWING, read_svg)
    return found


def _by_brand(head: bytes) -> _Kind:
    """Tell pictures from videos by their brands; the first is the main one."""
    size = int.from_bytes(head[:4])
    brands = [head[at : at + 4] for at in (8, *range(16, min(size, len(head)), 4))]
    if brands[0] in _ANY_PICTURE or brands[0] in _PICTURE_BRANDS:
        names = [_PICTURE_BRANDS[brand] for brand in brands if brand in _PICTURE_BRANDS]
        return _Kind(next(iter(names), "heif"), Sort.PICTURE, read_heif)
    if brands[0] == _SOUND:
        return _Kind("m4a", Sort.SOUND, read_mp4)
    branded = head[4:8] == b"ftyp" and brands[0] != _QUICKTIME
    return _Kind("mp4" if branded else "mov", Sort.VIDEO, read_mp4)


def _refused(head: bytes, size: int, name: str) -> FormatError:
    other = what_else(head, size)
    if other is not None:
        return FormatError(f"{name} is {other.what}", other.hint)
    known = guess(head, size)
    return FormatError(
        f"{name} is {known.what if known else 'no picture, video or sound that can be read'}",
        CHOOSE,
    )
