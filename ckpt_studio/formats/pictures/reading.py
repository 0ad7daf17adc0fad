"""Read a picture of the kinds of which the pixels can be told, from its first bytes on."""

from ckpt_studio.formats.pictures import jpeg, png, webp
from ckpt_studio.formats.pictures.collected import Collected
from ckpt_studio.formats.pictures.source import Source
from ckpt_studio.formats.pictures.stealth import read_stealth

_HEAD = 16


def picture_kind(head: bytes) -> str:
    """Return ``png``, ``jpeg`` or ``webp`` for a file that begins so, ``""`` for all others.

    16 bytes are enough.
    """
    if head.startswith(png.SIGNATURE):
        return "png"
    if head.startswith(jpeg.SIGNATURE):
        return "jpeg"
    return "webp" if webp.is_webp(head) else ""


def read_picture(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the texts of a PNG, JPEG or WebP and return width and height, 0 when missing."""
    match picture_kind(source.read(0, _HEAD)):
        case "png":
            return _read_png(source, collected)
        case "jpeg":
            return jpeg.read_jpeg(source, collected)
        case _:
            return webp.read_webp(source, collected)


def _read_png(source: Source, collected: Collected) -> tuple[int, int]:
    found = png.read_png(source, collected)
    if not collected.texts:
        read_stealth(source, found, collected)
    return found.header.width, found.header.height
