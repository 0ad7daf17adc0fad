"""Edits of metadata to save, and a file system that shares blocks."""

import hashlib
import os
from pathlib import Path

from typing_extensions import override

from ckpt_studio.core.metadata import Edit, SetValue
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import EditMetadata, Output
from ckpt_studio.engine.planning import plan
from ckpt_studio.formats.files import Files
from tests.making.plans import header_of, raw_file

BLOCK = 4096
TITLE = SetValue("title", "new")


class SharingFiles(Files):
    """Shares as Btrfs and XFS do: whole blocks, at the same place of a block in both files."""

    def __init__(self) -> None:
        self.shared: list[tuple[int, int]] = []
        self.copied = 0

    @override
    def share_range(self, source: int, start: int, target: int, to: int, count: int) -> None:
        assert start % BLOCK == to % BLOCK == count % BLOCK == 0
        assert os.pwrite(target, os.pread(source, count, start), to) == count
        self.shared.append((to, to + count))

    @override
    def copy_range(self, source: int, start: int, target: int, to: int, count: int) -> int:
        self.copied += count
        return super().copy_range(source, start, target, to, count)


def model(path: Path, size: int = 3 << 20, *, pad: int = 8, **metadata: str) -> Path:
    """A file whose header is padded to a multiple of ``pad`` bytes, as programs do it."""
    data = os.urandom(size)
    header = header_of({"a": ("U8", [size], data), "b": ("F32", [2], bytes(8))}, metadata)
    header += b" " * (-(8 + len(header)) % pad)
    path.write_bytes(raw_file(header, data + bytes(8)))
    return path


def edit(path: Path, *edits: Edit, output: Path | None = None) -> Plan:
    """The plan of an edit in place, or to another file."""
    to = Output(path) if output is None else Output(output)
    overwrite = Output(to.path, overwrite=True)
    return plan(EditMetadata(path, edits or (TITLE,), overwrite))


def data_start(path: Path) -> int:
    return 8 + int.from_bytes(path.read_bytes()[:8], "little")


def data_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()[data_start(path) :]).hexdigest()
