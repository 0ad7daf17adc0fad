"""The boxes that MP4, QuickTime, AVIF and HEIC files are made of (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from ckpt_studio.formats.pictures.collected import Collected
from ckpt_studio.formats.pictures.source import Source

MOST_BOXES = 20_000
"""Boxes that are looked at in one file."""

_HEAD, _LONG_HEAD = 8, 16


@dataclass(frozen=True, slots=True)
class Box:
    """The type of a box, and where its content begins and ends."""

    kind: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.end - self.start


class Boxes:
    """The boxes of a file; all of them together are limited."""

    def __init__(self, source: Source, collected: Collected) -> None:
        self.source = source
        self.collected = collected
        self._left = MOST_BOXES

    def within(self, start: int, end: int) -> Iterator[Box]:
        """Yield the boxes that lie one after the other between two places."""
        at = start
        while at + _HEAD <= end:
            if not self._left:
                self.collected.odd(
                    f"The file has more than {MOST_BOXES:,} boxes; the rest is not read."
                )
                return
            self._left -= 1
            box = self._box(at, end)
            if box is None:
                return
            yield box
            at = box.end

    def inside(self, parent: Box, skip: int = 0) -> Iterator[Box]:
        """Yield the boxes in a box, after ``skip`` bytes of its own."""
        return self.within(parent.start + skip, parent.end)

    def read(self, box: Box, count: int, skip: int = 0) -> bytes:
        """Return up to ``count`` bytes of the content of a box, after ``skip`` bytes."""
        return self.source.read(box.start + skip, min(count, box.size - skip))

    def _box(self, at: int, end: int) -> Box | None:
        head = self.source.read(at, _LONG_HEAD)
        size, kind, start = int.from_bytes(head[:4]), head[4:8], at + _HEAD
        if size == 1:  # the size follows as 64 bits
            size, start = int.from_bytes(head[8:16]), at + _LONG_HEAD
        elif size == 0:  # it reaches to the end, or zeros close a list
            if not kind.strip(b"\0"):
                return None
            size = end - at
        if at + size < start:
            self.collected.odd(f"The file is corrupt at byte {at:,}: no box begins there.")
            return None
        if at + size > end:
            self.collected.odd("The file is corrupt or ends early: a box reaches beyond its end.")
        return Box(kind, start, min(at + size, end))
