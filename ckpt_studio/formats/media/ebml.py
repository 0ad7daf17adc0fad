"""The elements that WebM and Matroska files are made of (RFC 8794)."""

from collections.abc import Iterator
from dataclasses import dataclass

from ckpt_studio.formats.pictures.collected import Collected
from ckpt_studio.formats.pictures.source import Source

MOST_ELEMENTS = 50_000
"""Elements that are looked at in one file."""

_ID_BYTES, _SIZE_BYTES = 4, 8


@dataclass(frozen=True, slots=True)
class Element:
    """The number of an element with its marker, and where its content begins and ends.

    ``end`` is None where the size was unknown when it was written, as in a live stream.
    """

    number: int
    start: int
    end: int | None


class Elements:
    """The elements of a file; all of them together are limited."""

    def __init__(self, source: Source, collected: Collected) -> None:
        self.source = source
        self.collected = collected
        self._left = MOST_ELEMENTS

    def at(self, place: int, end: int) -> Element | None:
        """Return the element at a place, cut at ``end``; None where there is none or the last."""
        if place >= end:
            return None
        if not self._left:
            most = f"The file has more than {MOST_ELEMENTS:,} elements; the rest is not read."
            self.collected.odd(most)
            return None
        self._left -= 1
        head = self.source.read(place, _ID_BYTES + _SIZE_BYTES)
        width = _width(head, _ID_BYTES)
        size_width = _width(head[width:], _SIZE_BYTES) if width else 0
        if not size_width or len(head) < width + size_width:
            self.collected.odd(f"The file is corrupt at byte {place:,}: no element begins there.")
            return None
        start = place + width + size_width
        number = int.from_bytes(head[:width])
        unknown = (1 << 7 * size_width) - 1
        size = int.from_bytes(head[width : width + size_width]) & unknown
        if size == unknown:
            return Element(number, start, None)
        if start + size > end:
            self.collected.odd("The file is corrupt or ends early: an element is cut off.")
        return Element(number, start, min(start + size, end))

    def inside(self, parent: Element) -> Iterator[Element]:
        """Yield the elements in an element; those of unknown size end it."""
        at = parent.start
        while parent.end is not None:
            element = self.at(at, parent.end)
            if element is None or element.end is None:
                return
            yield element
            at = element.end

    def read(self, element: Element, most: int) -> bytes:
        """Return up to ``most`` bytes of the content."""
        end = element.start + most if element.end is None else element.end
        return self.source.read(element.start, min(most, end - element.start))

    def value(self, element: Element) -> int:
        """Return the content as a number."""
        return int.from_bytes(self.read(element, 8))


def _width(head: bytes, most: int) -> int:
    """Return how many bytes a number has: as many as its first bit counts; 0 for too many."""
    if not head or not head[0]:
        return 0
    width = 9 - head[0].bit_length()
    return width if width <= most else 0
