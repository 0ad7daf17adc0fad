"""The files a job reads: opened once, read by position, and watched for changes."""

import errno
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, Made, SourceFile
from ckpt_studio.core.errors import (
    CkptStudioError,
    FormatError,
    SourceChangedError,
    WriteError,
)
from ckpt_studio.engine.lowering import FileKey
from ckpt_studio.formats.files import Files, signature
from ckpt_studio.formats.made import make
from ckpt_studio.formats.shown import shown_name

_NOTHING_SAVED = "Nothing was saved. "
_AGAIN = "Open the file again and repeat the job."
_MADE_KEPT = 2


class Sources:
    """Open descriptors of the files of checkpoints, by the index of both.

    ``saving`` says whether the errors have to tell that nothing was saved.
    """

    def __init__(
        self,
        checkpoints: Sequence[Checkpoint],
        used: Iterable[FileKey],
        files: Files,
        *,
        saving: bool = True,
    ) -> None:
        self._checkpoints = checkpoints
        self._files = files
        self._saving = saving
        self._by_path: dict[Path, int] = {}
        self._open: dict[FileKey, int] = {}
        self._made: OrderedDict[FileKey, bytes] = OrderedDict()
        self._making = threading.Lock()
        try:
            for key in used:
                self._open[key] = self._descriptor(self._file(key).path)
            self.check()
        except BaseException:
            self.close()
            raise

    def __getitem__(self, key: FileKey) -> int:
        """The descriptor of a file."""
        return self._open[key]

    def is_made(self, key: FileKey) -> bool:
        """Whether the bytes have to be made from those of the file; only ``read`` does that."""
        return self._file(key).made is not None

    def read(self, key: FileKey, buffer: memoryview, offset: int) -> None:
        """Fill a buffer from a position of a file.

        Raises:
            SourceChangedError: the file ends too early.
            FormatError: compressed bytes are damaged.
            WriteError: the system cannot read it; FormatError where nothing is being saved.
        """
        made = self._file(key).made
        if made is None:
            self._read_plain(key, buffer, offset)
        else:
            buffer[:] = memoryview(self._bytes_of(key, made))[offset : offset + len(buffer)]

    def _bytes_of(self, key: FileKey, made: Made) -> bytes:
        """Return what is made from a file; the last few are kept, as they are read in slices."""

        def read(count: int, offset: int) -> bytes:
            part = bytearray(count)
            self._read_plain(key, memoryview(part), offset)
            return bytes(part)

        with self._making:
            if key not in self._made:
                self._made[key] = make(made, read)
                if len(self._made) > _MADE_KEPT:
                    self._made.popitem(last=False)
            return self._made[key]

    def _read_plain(self, key: FileKey, buffer: memoryview, offset: int) -> None:
        done = 0
        while done < len(buffer):
            try:
                count = self._files.read_into(self._open[key], buffer[done:], offset + done)
            except OSError as problem:
                raise self._unreadable(self._file(key).path, problem) from problem
            if not count:
                raise self._changed(self._file(key).path, "became shorter while it was read")
            done += count

    def check(self) -> None:
        """Compare every file, open and by its path, with what it was when it was opened first.

        Raises:
            SourceChangedError: one is another file now, or has other content.
        """
        for key, descriptor in self._open.items():
            file = self._file(key)
            try:
                here = self._files.status(descriptor)
                there = self._files.status_of(file.path)
            except OSError as problem:
                raise self._unreadable(file.path, problem) from problem
            if there is None:
                raise self._changed(file.path, "is no longer there")
            if not signature(here) == signature(there) == file.signature:
                raise self._changed(file.path, "was changed by another program")

    def close(self) -> None:
        """Close all files."""
        for descriptor in self._by_path.values():
            with suppress(OSError):  # nothing was written through it
                self._files.close(descriptor)
        self._by_path.clear()

    def _file(self, key: FileKey) -> SourceFile:
        return self._checkpoints[key[0]].files[key[1]]

    def _descriptor(self, path: Path) -> int:
        if path not in self._by_path:
            try:
                self._by_path[path] = self._files.open_source(path)
            except OSError as problem:
                raise self._unreadable(path, problem) from problem
        return self._by_path[path]

    def _changed(self, path: Path, what: str) -> SourceChangedError:
        lost = _NOTHING_SAVED if self._saving else ""
        return SourceChangedError(f"{shown_name(path)} {what}", lost + _AGAIN)

    def _unreadable(self, path: Path, problem: OSError) -> CkptStudioError:
        if problem.errno in {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}:
            return self._changed(path, "is no longer there")
        message = f"{shown_name(path)} cannot be read: {problem.strerror}"
        if not self._saving:
            return FormatError(message, "Check the disk and the permissions of that file.")
        return WriteError(
            message, f"{_NOTHING_SAVED}Check the disk and the permissions of that file."
        )
