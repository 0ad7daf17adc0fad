"""Texts of a WebM or Matroska file: its tags and its title (RFC 9559)."""

from collections.abc import Callable, Iterator

from ckpt_studio.formats.media.ebml import Element, Elements
from ckpt_studio.formats.media.tags import read_tag
from ckpt_studio.formats.pictures.collected import Collected
from ckpt_studio.formats.pictures.source import Source

SIGNATURE = b"\x1aE\xdf\xa3"

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TITLE = 0x1549A966, 0x7BA9
_TRACKS, _TRACK, _VIDEO, _WIDTH, _HEIGHT = 0x1654AE6B, 0xAE, 0xE0, 0xB0, 0xBA
_TAGS, _TAG, _TARGETS, _SIMPLE, _NAME, _STRING = 0x1254C367, 0x7373, 0x63C0, 0x67C8, 0x45A3, 0x4487
_OF_PARTS = {0x63C5, 0x63C9, 0x63C4, 0x63C6}  # a track, an edition, a chapter, an attachment
_TOP = {_SEEK_HEAD, _INFO, _TRACKS, _TAGS, _CLUSTER, 0x1C53BB6B, 0x1043A770, 0x1941A469}
"""What a segment holds, also cues, chapters and attachments; they end a cluster of unknown size."""

_MOST_DEPTH = 8
_MOST_NAME = 1000


def read_matroska(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect the tags that belong to the whole file; return width and height of its video."""
    return _Reader(Elements(source, collected)).read()


class _Reader:
    def __init__(self, elements: Elements) -> None:
        self._elements = elements
        self._seen: set[int] = set()
        self._sought: list[int] = []
        self._size = (0, 0)
        self._tagged = False

    def read(self) -> tuple[int, int]:
        """Read what stands before the sound and the pictures, and what the file points to."""
        segment = self._segment()
        if segment is None:
            self._elements.collected.odd("The file is corrupt: there is nothing after its head.")
            return 0, 0
        end = self._elements.source.size if segment.end is None else segment.end
        for element in self._children(segment.start, end):
            if element.number == _CLUSTER:
                self._follow(segment, end)
                if self._tagged:
                    break
            else:
                self._take(element)
        return self._size

    def _segment(self) -> Element | None:
        size = self._elements.source.size
        head = self._elements.at(0, size)
        found = None if head is None else self._elements.at(head.end or head.start, size)
        return found if found is not None and found.number == _SEGMENT else None

    def _children(self, start: int, end: int) -> Iterator[Element]:
        """Yield what lies in the segment; a cluster of unknown size reaches to the next of them."""
        at = start
        inside = False
        while (element := self._elements.at(at, end)) is not None:
            if element.number in _TOP or not inside:
                yield element
            inside = (inside and element.number not in _TOP) or element.end is None
            at = element.start if element.end is None else element.end

    def _follow(self, segment: Element, end: int) -> None:
        """Read what lies behind the clusters, as far as the file says where."""
        while self._sought:
            element = self._elements.at(segment.start + self._sought.pop(), end)
            if element is not None and element.number in _TOP - {_CLUSTER}:
                self._take(element)

    def _take(self, element: Element) -> None:
        if element.start in self._seen:
            return
        self._seen.add(element.start)
        reads: dict[int, tuple[int, Callable[[Element], None]]] = {
            _SEEK_HEAD: (_SEEK, self._seek),
            _INFO: (_TITLE, lambda title: self._add("title", title)),
            _TRACKS: (_TRACK, self._track),
            _TAGS: (_TAG, self._tag),
        }
        if element.number in reads:
            number, read = reads[element.number]
            for inner in self._elements.inside(element):
                if inner.number == number:
                    read(inner)

    def _seek(self, seek: Element) -> None:
        parts = {one.number: self._elements.value(one) for one in self._elements.inside(seek)}
        if parts.get(_SEEK_ID) in {_TAGS, _INFO, _TRACKS, _SEEK_HEAD} and _SEEK_POSITION in parts:
            self._sought.append(parts[_SEEK_POSITION])

    def _track(self, track: Element) -> None:
        for video in self._elements.inside(track):
            if video.number == _VIDEO:
                inner = self._elements.inside(video)
                sizes = {one.number: self._elements.value(one) for one in inner}
                self._size = max(self._size, (sizes.get(_WIDTH, 0), sizes.get(_HEIGHT, 0)))

    def _tag(self, tag: Element) -> None:
        """Collect the texts of a tag, unless it is that of a track or another part."""
        inner = list(self._elements.inside(tag))
        for targets in (one for one in inner if one.number == _TARGETS):
            for one in self._elements.inside(targets):
                if one.number in _OF_PARTS and self._elements.value(one):
                    return
        self._tagged = True
        for one in inner:
            if one.number == _SIMPLE:
                self._simple(one, _MOST_DEPTH)

    def _simple(self, simple: Element, depth: int) -> None:
        inner = list(self._elements.inside(simple))
        names = (self._elements.read(one, _MOST_NAME) for one in inner if one.number == _NAME)
        name = next(names, b"").decode("utf-8", "replace")  # it need not come first
        for one in inner:
            if one.number == _STRING:
                self._add(name, one)
            elif one.number == _SIMPLE and depth:
                self._simple(one, depth - 1)

    def _add(self, name: str, element: Element) -> None:
        size = 0 if element.end is None else element.end - element.start
        read_tag(
            self._elements.collected,
            name,
            size,
            lambda: self._elements.read(element, size),
            "Matroska tag",
        )
