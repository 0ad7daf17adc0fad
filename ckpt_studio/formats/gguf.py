"""Say what a GGUF file holds, or what is wrong with it: its tensors cannot be read here.

The header is little-endian (``formats.md`` 2.1): magic, version, the numbers of tensors and of
metadata entries, then the entries, then a name, dimensions, type and offset for each tensor.
"""

import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import NoReturn

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.text import counted
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.shown import shown, shown_name
from ckpt_studio.formats.strict_json import DamagedError

MAGIC = b"GGUF"

_MOST = 32 << 20
_VERSIONS = (2, 3)
_DIMENSIONS = 4
_STRING, _ARRAY, _U32 = 8, 9, 4
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_ALIGNMENT = "general.alignment"
_ARCHITECTURE = "general.architecture"
_HINT = "GGUF files cannot be opened; use a safetensors file of the model."


def refuse_gguf(path: Path) -> NoReturn:
    """Refuse a GGUF file with a sentence about it.

    Raises:
        FormatError: always.
    """
    source = open_source(path)
    try:
        size = os.fstat(source).st_size
        said = _described(read_exactly(source, min(size, _MOST), 0), size)
    except DamagedError as problem:
        raise FormatError(
            f"{shown_name(path)} is a GGUF file, and damaged: {problem.reason}.", _HINT
        ) from problem
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}", "Check the disk."
        ) from problem
    finally:
        os.close(source)
    raise FormatError(f"{shown_name(path)} is a GGUF file{said}.", _HINT)


def _described(head: bytes, size: int) -> str:
    """Return " with 780 tensors of flux", "" where the header is larger than is looked at."""
    header = _Header(head)
    try:
        return header.read(size)
    except _CutOffError as problem:
        if len(head) < size:
            return ""
        raise DamagedError("it is truncated, its header goes beyond its end") from problem


class _CutOffError(Exception):
    """The bytes end within the header."""


class _Header:
    """A position in the bytes of a header, and what was read before it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = len(MAGIC)
        self._entries: dict[str, object] = {}

    def read(self, size: int) -> str:
        """Read all of the header of a file of ``size`` bytes; return what is in it."""
        version = self._number(4)
        if version not in _VERSIONS:
            raise DamagedError(f"its version is {version}, not 2 or 3")
        tensors, entries = self._number(8), self._number(8)
        if max(tensors, entries) > size:
            raise DamagedError("it counts more tensors than a file of its size can hold")
        for _ in range(entries):
            self._entry()
        alignment = self._entries.get(_ALIGNMENT, 32)
        if not isinstance(alignment, int) or alignment < 1 or alignment % 8:
            raise DamagedError(f"its {_ALIGNMENT} is no multiple of 8")
        ends = [self._tensor(alignment) for _ in range(tensors)]
        start = -(-self._at // alignment) * alignment
        if tensors and start + max(ends) > size:
            raise DamagedError("it is incomplete, the data of its tensors goes beyond its end")
        made_for = self._entries.get(_ARCHITECTURE)
        of = f" of {shown(made_for)}" if isinstance(made_for, str) else ""
        return f" with {counted(tensors, 'tensor')}{of}"

    def _entry(self) -> None:
        key = self._text()
        if key in self._entries:
            raise DamagedError(f"it has a duplicate metadata key, {shown(key)}")
        kind = self._number(4)
        if kind == _ARRAY:
            self._array()
            self._entries[key] = None
        elif kind == _STRING:
            self._entries[key] = self._text()
        else:
            value = self._number(self._size_of(kind))
            self._entries[key] = value if kind == _U32 else None

    def _array(self) -> None:
        kind, count = self._number(4), self._number(8)
        if kind == _ARRAY:
            raise DamagedError("its metadata has an array in an array, nested")
        if kind != _STRING:
            self._take(count * self._size_of(kind))
            return
        for _ in range(count):
            self._take(self._number(8))

    def _tensor(self, alignment: int) -> int:
        """Return where the data of a tensor ends, counted from the start of all data."""
        name, count = self._text(), self._number(4)
        if count > _DIMENSIONS:
            raise DamagedError(f"the tensor {shown(name)} has {count} dimensions, more than 4")
        dimensions = [self._number(8) for _ in range(count)]
        kind, offset = self._number(4), self._number(8)
        if 0 in dimensions:
            raise DamagedError(f"the tensor {shown(name)} has a dimension of 0")
        if offset % alignment:
            raise DamagedError(
                f"the offset of the tensor {shown(name)} is not aligned to {alignment} bytes"
            )
        return offset + _bytes_of(kind, dimensions)

    def _size_of(self, kind: int) -> int:
        if kind not in _SIZES:
            raise DamagedError(f"its metadata has a value of the unknown type {kind}")
        return _SIZES[kind]

    def _text(self) -> str:
        length = self._number(8)
        return self._take(length).decode("utf-8", "replace")

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise _CutOffError
        self._at += count
        return self._data[self._at - count : self._at]


_BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    20: (32, 18),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    30: (1, 2),
}
"""How many values a block of a type has, and how many bytes (``formats.md`` 2.1)."""


def _bytes_of(kind: int, dimensions: list[int]) -> int:
    """Return the size of a tensor in bytes, 0 where the type is not known here."""
    values, size = _BLOCKS.get(kind, (1, 0))
    return prod(dimensions) // values * size
