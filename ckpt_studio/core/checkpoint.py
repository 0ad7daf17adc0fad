"""An opened checkpoint: a table of tensors, its metadata and the files behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.problems import Problem
from ckpt_studio.core.tensors import TensorInfo


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells that a file is still the one that was opened."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Inflated:
    """Bytes that lie compressed (raw deflate) in a file: ``stored`` bytes become ``size``."""

    offset: int
    stored: int
    size: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """Elements of ``item`` bytes that lie apart in a file, such as those of a transposed tensor.

    ``stride`` counts elements, ``offset`` bytes: of the file, or of what is unpacked from it.
    """

    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    item: int
    inside: Inflated | None = None


Made = Inflated | Gathered
"""Bytes that have to be made from those of a file before they can be used."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file on disk that holds tensor data; with ``made``, bytes that are made from it."""

    path: Path
    signature: Signature
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything the header says. ``tensors`` keeps the order of the file's data section."""

    path: Path
    container: str
    files: tuple[SourceFile, ...]
    header_bytes: int
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on disk, all files together."""
        return sum(file.signature.size for file in self.files if file.made is None)

    @property
    def parameters(self) -> int:
        """Number of elements, all tensors together."""
        return sum(tensor.parameters for tensor in self.tensors.values())
