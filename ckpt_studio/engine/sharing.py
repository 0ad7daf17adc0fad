"""Lets a new file have blocks in common with its sources, where the file system can do that.

Btrfs, XFS and others keep such a block once, until one of the files changes it. Ranges have to
begin at the same place of a block in both files (``reliability.md`` 3); the few bytes around the
blocks are copied.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ckpt_studio.engine.lowering import FileKey
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.tasks import Copy
from ckpt_studio.formats.encoding import BLOCK
from ckpt_studio.formats.files import Files

_LEAST = 1 << 20
"""Smaller ranges are copied sooner than they are shared, and would tear the file into pieces."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What is shared already, as ranges of the new file, and what is left to copy."""

    ranges: tuple[tuple[int, int], ...] = ()
    left: tuple[Copy, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes that are shared."""
        return sum(stop - start for start, stop in self.ranges)


def share(files: Files, sources: Sources, target: int, copies: Iterable[Copy]) -> Shared:
    """Share what can be shared; a source that refuses is not asked again."""
    refused: set[FileKey] = set()
    ranges: list[tuple[int, int]] = []
    left: list[Copy] = []
    for copy in copies:
        blocks = None if copy.span.file in refused else _blocks(copy)
        if blocks is None or sources.is_made(copy.span.file):
            left.append(copy)
            continue
        try:
            files.share_range(
                sources[copy.span.file], blocks.span.offset, target, blocks.to, blocks.nbytes
            )
        except OSError:  # copying shows whether there is more to it than that it cannot share
            refused.add(copy.span.file)
            left.append(copy)
            continue
        ranges.append((blocks.to, blocks.to + blocks.nbytes))
        left += _around(copy, blocks)
    return Shared(tuple(ranges), tuple(left))


def _blocks(copy: Copy) -> Copy | None:
    """Return the whole blocks of a range, None where there are few or they are not aligned."""
    if (copy.span.offset - copy.to) % BLOCK:
        return None
    before = -copy.to % BLOCK
    nbytes = (copy.nbytes - before) // BLOCK * BLOCK
    return _cut(copy, before, nbytes) if nbytes >= _LEAST else None


def _around(copy: Copy, blocks: Copy) -> list[Copy]:
    before = blocks.to - copy.to
    ends = (
        _cut(copy, 0, before),
        _cut(copy, before + blocks.nbytes, copy.nbytes - before - blocks.nbytes),
    )
    return [end for end in ends if end.nbytes]


def _cut(copy: Copy, start: int, nbytes: int) -> Copy:
    span = replace(copy.span, offset=copy.span.offset + start, nbytes=nbytes)
    return Copy(copy.row, span, copy.to + start)
