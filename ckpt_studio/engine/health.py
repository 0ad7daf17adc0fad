"""Check a model file for what is known to go wrong, from its header or from all of its values."""

import struct
from collections.abc import Iterator, Mapping, Sequence

from ckpt_studio.core.assembly.tidying import is_position_ids
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.health import (
    Finding,
    broken_positions,
    duplicate_findings,
    hash_findings,
    header_findings,
    value_findings,
    worst_first,
)
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.small_floats import table_of
from ckpt_studio.core.statistics import TensorStatistics
from ckpt_studio.core.stored_hashes import KEYS
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.engine.duplicates import DuplicateSearch
from ckpt_studio.engine.hashing import hash_file
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.statistics import take_statistics
from ckpt_studio.formats.files import Files

_CODES: Mapping[DType, str] = {
    DType.I64: "q",
    DType.I32: "i",
    DType.F64: "d",
    DType.F32: "f",
    DType.F16: "e",
}


def look_over(opened: Opened) -> tuple[Finding, ...]:
    """Return what the header and a few small tensors tell, the worst first; takes milliseconds.

    Raises:
        SourceChangedError: the file is not what it was when it was opened.
        FormatError: it cannot be read.
    """
    with _Reading(opened.checkpoint) as sources:
        return worst_first(_quick(opened, sources))


def check_health(
    opened: Opened,
    *,
    statistics: Sequence[TensorStatistics] | None = None,
    data_sha256: str | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[Finding, ...]:
    """Read all of a file and return everything that is found, the worst first.

    ``statistics`` of all tensors, and the sha256 of everything after the header, are taken here
    where they are not known yet; the hash only where the metadata holds one to be checked.

    Raises:
        SourceChangedError: the file is not what it was when it was opened.
        FormatError: it cannot be read.
        Cancelled: the token was raised.
    """
    cancel = cancel or CancelToken()
    checkpoint = opened.checkpoint
    if statistics is None:
        statistics = take_statistics(checkpoint, progress=progress, cancel=cancel)
    with _Reading(checkpoint) as sources:
        findings = [*_quick(opened, sources), *value_findings(opened, statistics)]
        search = DuplicateSearch(sources, progress, cancel)
        groups = search.groups(checkpoint.tensors.values())
        findings += duplicate_findings(opened, groups)
    stored = checkpoint.container == "safetensors" and not KEYS.isdisjoint(checkpoint.metadata)
    if data_sha256 is None and stored:
        data_sha256 = hash_file(checkpoint.path, progress=progress, cancel=cancel).data_sha256
    if data_sha256 is not None:
        findings += hash_findings(opened, data_sha256)
    return worst_first(findings)


class _Reading:
    """The open files of a checkpoint, compared with what they were at the beginning and the end."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        used = sorted({(0, tensor.shard) for tensor in checkpoint.tensors.values()})
        self._sources = Sources((checkpoint,), used, Files(), saving=False)

    def __enter__(self) -> Sources:
        return self._sources

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._sources.check()
        finally:
            self._sources.close()


def _quick(opened: Opened, sources: Sources) -> Iterator[Finding]:
    yield from header_findings(opened)
    yield from broken_positions(
        tuple(
            tensor.name
            for tensor in opened.checkpoint.tensors.values()
            if is_position_ids(tensor) and not _counts_up(tensor, sources)
        )
    )


def _counts_up(tensor: TensorInfo, sources: Sources) -> bool:
    """Whether the values are 0, 1, 2 and so on."""
    data = bytearray(tensor.nbytes)
    if data:
        sources.read((0, tensor.shard), memoryview(data), tensor.offset)
    return list(_numbers(data, tensor)) == list(range(tensor.parameters))


def _numbers(data: bytearray, tensor: TensorInfo) -> Sequence[float]:
    code = _CODES.get(tensor.dtype)
    if code is not None:
        return struct.unpack(f"<{tensor.parameters}{code}", data)
    table = table_of(tensor.dtype)
    if table is None:
        return ()
    wide = tensor.dtype.bits // 8
    return [
        table[int.from_bytes(data[at : at + wide], "little")] for at in range(0, len(data), wide)
    ]
