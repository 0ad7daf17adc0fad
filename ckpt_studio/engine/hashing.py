"""All hashes by which models are known, in one pass over a file (``formats.md`` 7)."""

import hashlib
import importlib
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ckpt_studio.core.errors import FormatError, SourceChangedError
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.formats.files import Files, open_source, signature
from ckpt_studio.formats.safetensors import read_open
from ckpt_studio.formats.shown import shown_name

AUTOV2_DIGITS = 10
AUTOV3_DIGITS = 12
_AUTOV1_START, _AUTOV1_BYTES, _AUTOV1_DIGITS = 0x100000, 0x10000, 8
_STEP = 4 << 20


@dataclass(frozen=True, slots=True)
class Hashes:
    """Hexadecimal hashes of one file.

    ``autov1`` is None for files that end before its range, ``autov3`` and ``data_sha256`` (the
    sha256 of everything after the header, of which ``autov3`` is the beginning) for other formats
    than safetensors, ``blake3`` where that package is not installed.
    """

    sha256: str
    autov1: str | None
    autov2: str
    autov3: str | None
    crc32: str
    blake3: str | None
    data_sha256: str | None = None


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> object: ...

    def hexdigest(self) -> str: ...


def hash_file(
    path: Path | str,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Hashes:
    """Read a file once and return its hashes.

    Raises:
        FormatError: it is missing, no plain file, or cannot be read.
        SourceChangedError: it changed meanwhile.
        Cancelled: the token was raised.
    """
    path = Path(path)
    source = open_source(path)
    try:
        return _hash_open(path, source, progress, cancel or CancelToken())
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}", "Check the disk."
        ) from problem
    finally:
        os.close(source)


def _hash_open(path: Path, source: int, progress: ProgressCallback, cancel: CancelToken) -> Hashes:
    before = signature(os.fstat(source))
    sums = _Sums(_data_start(path, source))
    files = Files()
    buffer, spare = memoryview(bytearray(_STEP)), memoryview(bytearray(_STEP))
    done = 0
    progress(Progress(0, before.size, path.name, "Reading"))
    with ThreadPoolExecutor(len(sums.lines), "hash") as threads:
        count = files.read_into(source, buffer, 0)
        while count:
            cancel.raise_if_cancelled()
            running = [threads.submit(line, buffer[:count], done) for line in sums.lines]
            done += count
            count = files.read_into(source, spare, done)  # while the hashes are taken
            for line in running:
                line.result()
            buffer, spare = spare, buffer
            progress(Progress(done, before.size, path.name, "Reading"))
    if done != before.size or signature(os.fstat(source)) != before:
        raise SourceChangedError(
            f"{shown_name(path)} was changed while it was read", "Take the hash again."
        )
    return sums.result(done)


def _data_start(path: Path, source: int) -> int | None:
    try:
        return read_open(path, source).header_bytes
    except FormatError:
        return None  # any file has hashes; only AutoV3 needs a safetensors header


class _Sums:
    """The running sums of one pass; each of the ``lines`` may run in a thread of its own."""

    def __init__(self, data_start: int | None) -> None:
        self._data_start = data_start
        self._whole = hashlib.sha256()
        self._old = hashlib.sha256()
        self._data = hashlib.sha256()
        self._crc = 0
        self._blake3 = _blake3()
        self.lines = [self._take_whole, self._take_rest]
        if data_start is not None:
            self.lines.append(self._take_data)
        if self._blake3:
            self.lines.append(self._take_blake3)

    def _take_whole(self, part: memoryview, _at: int) -> None:
        self._whole.update(part)

    def _take_rest(self, part: memoryview, at: int) -> None:
        self._crc = zlib.crc32(part, self._crc)
        self._old.update(_inside(part, at, _AUTOV1_START, _AUTOV1_START + _AUTOV1_BYTES))

    def _take_data(self, part: memoryview, at: int) -> None:
        self._data.update(_inside(part, at, self._data_start or 0, at + len(part)))

    def _take_blake3(self, part: memoryview, _at: int) -> None:
        if self._blake3:
            self._blake3.update(part)

    def result(self, size: int) -> Hashes:
        """Return all hashes of a file of that size."""
        whole = self._whole.hexdigest()
        old = self._old.hexdigest()[:_AUTOV1_DIGITS] if size > _AUTOV1_START else None
        data = None if self._data_start is None else self._data.hexdigest()
        return Hashes(
            sha256=whole,
            autov1=old,
            autov2=whole[:AUTOV2_DIGITS],
            autov3=data and data[:AUTOV3_DIGITS],
            crc32=f"{self._crc:08x}",
            blake3=self._blake3.hexdigest() if self._blake3 else None,
            data_sha256=data,
        )


def _inside(part: memoryview, at: int, start: int, stop: int) -> memoryview:
    return part[max(0, start - at) : max(0, stop - at)]


def _blake3() -> _Hash | None:
    try:
        found: _Hash = importlib.import_module("blake3").blake3()
    except ImportError:
        return None
    return found
