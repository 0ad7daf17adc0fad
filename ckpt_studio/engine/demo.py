"""Example sources of real Stable Diffusion 1.5 shape, to try every job without a download.

The values only look like weights: small fp16 numbers, the same on every machine, made without
torch. The files load wherever Stable Diffusion 1.5 does; a picture made with them is noise.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from zlib import crc32

from ckpt_studio.core.errors import FormatError, WriteError
from ckpt_studio.core.families.architecture import Placement, family
from ckpt_studio.core.progress import (
    CancelToken,
    Progress,
    ProgressCallback,
    ignore_progress,
    throttled,
)
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.core.text import binary_size
from ckpt_studio.formats.encoding import encode_header
from ckpt_studio.formats.new_file import new_file
from ckpt_studio.formats.safetensors import read_checkpoint

_POOL_BYTES = 4 << 20
_SMALL = bytes((byte & 0x8F) | 0x20 for byte in range(256))
"""High bytes of fp16 numbers between 2**-7 and 2**-3, of either sign."""


@dataclass(frozen=True, slots=True)
class ExampleSources:
    """The three files, ready to be assembled."""

    model: Path
    text_encoder: Path
    vae: Path

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All of them."""
        return self.model, self.text_encoder, self.vae


def write_example_sources(
    folder: Path,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
    *,
    room_for_result: bool = True,
) -> ExampleSources:
    """Write a UNet, a text encoder and a VAE into a folder; those that are there stay.

    Args:
        folder: is made if it does not exist.
        progress: told the bytes written.
        cancel: stops the work; no unfinished file stays.
        room_for_result: also ask for room for a checkpoint made of the three.

    Raises:
        WriteError: there is not enough room, or a file cannot be written.
        Cancelled: the user stopped it.
    """
    sources = ExampleSources(
        folder / "sd15_unet.safetensors",
        folder / "sd15_clip_l.safetensors",
        folder / "sd15_vae.safetensors",
    )
    placements = family("sd15").placements.values()
    tables = {path: _rows(part) for path, part in zip(sources.paths, placements, strict=True)}
    missing = {path: rows for path, rows in tables.items() if not _is_there(path, rows)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_room(folder, missing, sum(map(_size, tables.values())) * room_for_result)
        _write_all(missing, throttled(progress), cancel or CancelToken())
    except OSError as error:
        raise WriteError(
            f"The example files could not be written to {folder}: {error.strerror or error}",
            "Choose another folder.",
        ) from error
    return sources


def _rows(part: Placement) -> list[TensorInfo]:
    rows = []
    for key, spec in sorted(part.component.specs().items()):
        if key not in part.omit:
            dtype, shape = spec.dtype or DType.F16, spec.usual_shape
            rows.append(TensorInfo(key, dtype, shape, offset=0, nbytes=dtype.nbytes(shape)))
    return rows


def _is_there(path: Path, rows: list[TensorInfo]) -> bool:
    try:
        known = read_checkpoint(path).tensors
    except FormatError:
        return False
    return {name: (known[name].dtype, known[name].shape) for name in known} == {
        row.name: (row.dtype, row.shape) for row in rows
    }


def _size(rows: list[TensorInfo]) -> int:
    return sum(row.nbytes for row in rows)


def _check_room(folder: Path, missing: Mapping[Path, list[TensorInfo]], result: int) -> None:
    needed = sum(map(_size, missing.values())) + result
    free = disk_usage(folder).free
    if needed > free:
        raise WriteError(
            f"The example needs {binary_size(needed)} in {folder}, {binary_size(free)} are free",
            "Choose another folder: demo DIR.",
        )


def _write_all(
    missing: Mapping[Path, list[TensorInfo]], progress: ProgressCallback, cancel: CancelToken
) -> None:
    total, done = sum(map(_size, missing.values())), 0
    pool = _pool() if missing else b""
    for path, rows in missing.items():
        with new_file(path) as file:
            file.write(encode_header(rows, {}))
            for piece in _data(rows, pool):
                cancel.raise_if_cancelled()
                done += file.write(piece)
                progress(Progress(done, total, path.name, "Writing examples"))


def _pool() -> bytes:
    """Return random-looking small fp16 numbers."""
    values = bytearray(random.Random(15).randbytes(_POOL_BYTES))  # noqa: S311 - no secret
    values[1::2] = values[1::2].translate(_SMALL)
    return bytes(values)


def _data(rows: list[TensorInfo], pool: bytes) -> Iterator[memoryview]:
    """Give each tensor the numbers of the pool from a place of its own, as often as needed."""
    view = memoryview(pool)
    for row in rows:
        start, left = crc32(row.name.encode()) % (len(pool) // 2) * 2, row.nbytes
        while left:
            piece = view[start : start + left]
            yield piece
            start, left = 0, left - len(piece)
