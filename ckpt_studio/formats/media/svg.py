"""The text that ComfyUI stores in an SVG drawing: JSON as CDATA in its metadata."""

import re

from ckpt_studio.formats.media.tags import add_tag
from ckpt_studio.formats.pictures.collected import MOST_TEXT, Collected
from ckpt_studio.formats.pictures.source import Source

_START = re.compile(rb"<metadata[^<>]{0,1000}>\s{0,1000}<!\[CDATA\[", re.IGNORECASE)
_END = b"]]>"
_BEGINNINGS = (b"<svg", b"<?xml", b"<!--", b"<!doctype svg")


def is_svg(head: bytes) -> bool:
    """Whether a file begins as an SVG drawing."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith(_BEGINNINGS) and (b"<svg" in text or b"<!doctype svg" in text)


def read_svg(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the text of the metadata; the size of a drawing is not read and 0."""
    data = source.read(0, MOST_TEXT)
    start = _START.search(data)
    if start is None:
        return 0, 0
    end = data.find(_END, start.end())
    if end < 0:
        collected.odd("The drawing is corrupt, or its metadata are too large; they are left out.")
        return 0, 0
    add_tag(collected, "metadata", data[start.end() : end].strip(), "SVG metadata")
    return 0, 0
