"""Checks the new file: its header always, every byte of it when asked."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import FormatError, VerifyError
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.engine.filling import Check
from ckpt_studio.engine.image import Image
from ckpt_studio.engine.pool import Meter, Pool
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.shown import shown, shown_name
from ckpt_studio.formats.torch_zip_writing import TorchZip

_STEP = 4 << 20
_HINT = "Nothing was saved. Check the disk and the memory of this computer."


@dataclass(frozen=True, slots=True)
class Written:
    """The new file before it takes its place: its descriptor and its name to be."""

    files: Files
    file: int
    path: Path


def check_header(
    written: Written, rows: Sequence[PlannedTensor], metadata: Mapping[str, str], image: Image
) -> None:
    """Read the header back with the strict reader and compare it with the plan.

    Raises:
        VerifyError: it is not what was planned.
    """
    try:
        found = image.read(written.path, written.file)
    except FormatError as problem:
        raise VerifyError(f"The written file is wrong: {problem.message}", _HINT) from problem
    if found.size != image.size or dict(found.metadata) != dict(metadata):
        raise _differs(written.path, "the header")
    _check_rows(written.path, found, rows, image.starts)


def check_archive(written: Written, archive: TorchZip, crcs: Sequence[int]) -> None:
    """Read back all that stands around the tensors of an archive, their CRC-32 among it.

    Raises:
        VerifyError: it is not what was written.
        OSError: the file cannot be read.
    """
    for position, data in archive.around(crcs):
        buffer = memoryview(bytearray(len(data)))
        done = 0
        while done < len(data):
            count = written.files.read_into(written.file, buffer[done:], position + done)
            if not count:
                raise _differs(written.path, "the length")
            done += count
        if buffer != data:
            raise _differs(written.path, f"the headers at byte {position:,}")


def _check_rows(
    path: Path, found: Checkpoint, rows: Sequence[PlannedTensor], starts: Sequence[int]
) -> None:
    if len(found.tensors) != len(rows):
        raise _differs(path, "the number of tensors")
    for row, start in zip(rows, starts, strict=True):
        info = found.tensors.get(row.name)
        if info is None or (info.dtype, info.shape) != (row.dtype, row.shape):
            raise _differs(path, f'the tensor "{shown(row.name)}"')
        if info.nbytes and info.offset != start:
            raise _differs(path, f'the place of the tensor "{shown(row.name)}"')


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Reads every byte of the new file back from the disk."""

    written: Written
    rows: Sequence[PlannedTensor]
    threads: int
    progress: ProgressCallback
    cancel: CancelToken

    def check(self, checks: Sequence[Check]) -> None:
        """Compare the CRC-32 of each range with what was written there.

        Raises:
            VerifyError: a range differs; the tensor is named.
            Cancelled: the token was raised.
            OSError: the file cannot be read.
        """
        self.written.files.drop_cache(self.written.file)
        meter = Meter(sum(check.nbytes for check in checks), "Checking")
        pool: Pool[Check]

        def worker() -> "_Reader":
            return _Reader(self.written, self.rows, meter, pool)

        pool = Pool(worker)
        in_order = sorted(checks, key=lambda check: check.to)
        pool.run(in_order, self.threads, meter, self.progress, self.cancel)


class _Reader:
    """Reads ranges back in one thread."""

    def __init__(
        self, written: Written, rows: Sequence[PlannedTensor], meter: Meter, pool: Pool[Check]
    ) -> None:
        self._written = written
        self._rows = rows
        self._meter = meter
        self._pool = pool
        self._buffer = memoryview(bytearray(_STEP))

    def __call__(self, check: Check) -> None:
        row = self._rows[check.row]
        crc = 0
        done = 0
        while done < check.nbytes and not self._pool.stopping:
            part = self._buffer[: min(_STEP, check.nbytes - done)]
            count = self._written.files.read_into(self._written.file, part, check.to + done)
            if not count:
                raise _differs(self._written.path, "the length")
            crc = zlib.crc32(part[:count], crc)
            done += count
            self._meter.add(count, row.part or row.name)
        if done == check.nbytes and crc != check.crc:
            raise _differs(self._written.path, f'the data at "{shown(row.name)}"')


def _differs(path: Path, what: str) -> VerifyError:
    return VerifyError(f"{shown_name(path)} does not read back as it was written: {what}", _HINT)
