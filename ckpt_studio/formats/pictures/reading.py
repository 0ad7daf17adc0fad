"""Read a picture of any kind that is known, from its first bytes on."""

import os
from pathlib import Path

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats import files
from ckpt_studio.formats.pictures import jpeg, png, webp
from ckpt_studio.formats.pictures.collected import Collected, Picture
from ckpt_studio.formats.pictures.others import PICTURES, what_else
from ckpt_studio.formats.pictures.source import Source
from ckpt_studio.formats.pictures.stealth import read_stealth
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.sniff import guess

_HEAD = 512


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so is a picture that can be read (16 bytes are enough)."""
    return head.startswith((png.SIGNATURE, jpeg.SIGNATURE)) or webp.is_webp(head)


def read_picture(picture: Path | str | bytes) -> Picture:
    """Return the texts in a picture: a file, or its bytes.

    Pixels are never decoded, except the few that can hold hidden text, and those only when there
    is no other text. Time and memory are bounded whatever the file says.

    Raises:
        FormatError: it cannot be read, or is no PNG, JPEG or WebP; the message is one sentence.
    """
    if isinstance(picture, bytes):
        return _read(Source(picture, len(picture)), "The picture")
    path = Path(picture)
    name = shown_name(path)
    file = files.open_source(path)
    try:
        return _read(Source(file, os.fstat(file).st_size), name)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise FormatError(f"{name} cannot be read: {reason}", "Check the disk.") from error
    finally:
        os.close(file)


def _read(source: Source, name: str) -> Picture:
    head = source.read(0, _HEAD)
    collected = Collected()
    if head.startswith(png.SIGNATURE):
        kind, size = "png", _read_png(source, collected)
    elif head.startswith(jpeg.SIGNATURE):
        kind, size = "jpeg", jpeg.read_jpeg(source, collected)
    elif webp.is_webp(head):
        kind, size = "webp", webp.read_webp(source, collected)
    else:
        raise _refused(head, source.size, name)
    problems = tuple(collected.problems)
    return Picture(kind, *size, collected.texts, collected.places, problems)


def _read_png(source: Source, collected: Collected) -> tuple[int, int]:
    found = png.read_png(source, collected)
    if not collected.texts:
        read_stealth(source, found, collected)
    return found.header.width, found.header.height


def _refused(head: bytes, size: int, name: str) -> FormatError:
    other = what_else(head, size)
    if other is not None:
        return FormatError(f"{name} is {other.what}", other.hint)
    known = guess(head, size)
    return FormatError(
        f"{name} is {known.what if known else 'no picture that can be read'}", PICTURES
    )
