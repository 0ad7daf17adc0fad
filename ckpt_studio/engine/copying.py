"""Copy byte ranges between files: by the kernel where it can, else through one small buffer."""

import errno
from collections.abc import Callable
from dataclasses import dataclass

from ckpt_studio.engine.lowering import Span
from ckpt_studio.engine.sources import Sources
from ckpt_studio.formats.files import Buffer, Files

STEP = 8 << 20
"""Bytes between two looks at the cancel flag: less than a second on any disk."""

_FINAL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def write_all(files: Files, file: int, data: Buffer, offset: int) -> None:
    """Write all of the data at an offset.

    Raises:
        OSError: as the system reports it.
    """
    view = memoryview(data)
    while view:
        count = files.write_at(file, view, offset)
        if count <= 0:
            raise OSError(errno.EIO, "the disk takes no data")
        view = view[count:]
        offset += count


@dataclass(frozen=True, slots=True)
class Copier:
    """Copies spans of the sources into one file.

    ``wrote(count)`` is told of every step and returns False to end the copy. With ``seen`` every
    byte passes through memory and is shown to it.
    """

    files: Files
    sources: Sources
    target: int
    wrote: Callable[[int], bool]
    seen: Callable[[memoryview], object] | None = None

    def copy(self, span: Span, to: int) -> None:
        """Copy a span to the position ``to``.

        Raises:
            SourceChangedError: the source ends too early.
            OSError: the target cannot be written.
        """
        in_memory = self.seen or self.sources.is_made(span.file)
        done = 0 if in_memory else self._by_kernel(span, to)
        if done < span.nbytes:
            self._through_memory(Span(span.file, span.offset + done, span.nbytes - done), to + done)

    def _by_kernel(self, span: Span, to: int) -> int:
        """Copy as far as the kernel does; a short count means that the other way has to go on."""
        source = self.sources[span.file]
        done = 0
        while done < span.nbytes:
            step = min(STEP, span.nbytes - done)
            try:
                count = self.files.copy_range(
                    source, span.offset + done, self.target, to + done, step
                )
            except OSError as problem:
                if problem.errno in _FINAL:
                    raise
                return done  # reading and writing apart shows which of the two files is the reason
            if not count:
                return done
            done += count
            if not self.wrote(count):
                return span.nbytes
        return done

    def _through_memory(self, span: Span, to: int) -> None:
        buffer = memoryview(bytearray(min(STEP, span.nbytes)))
        done = 0
        while done < span.nbytes:
            part = buffer[: min(len(buffer), span.nbytes - done)]
            self.sources.read(span.file, part, span.offset + done)
            write_all(self.files, self.target, part, to + done)
            if self.seen:
                self.seen(part)
            done += len(part)
            if not self.wrote(len(part)):
                return
