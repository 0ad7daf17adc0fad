"""Build the header of a safetensors file whose data begins at a multiple of a block."""

import json
from collections.abc import Iterable, Mapping
from typing import Protocol

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.shown import shown

MAX_HEADER = 100_000_000
"""Largest header every reader accepts, in bytes without the 8 of its length."""

BLOCK = 4096
"""File systems share data between files in blocks of this size."""

_UNIT = 8


Row = tuple[str, DType, tuple[int, ...], int]
"""Name, element type, shape and size in bytes of one tensor."""


class Described(Protocol):
    """The same as attributes: a ``PlannedTensor`` or a ``TensorInfo``."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def dtype(self) -> DType:
        """Its element type."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""


def encode_header(
    rows: Iterable[Row | Described],
    metadata: Mapping[str, str],
    *,
    align: int = BLOCK,
    like: int = 0,
) -> bytes:
    """Return length and JSON, padded with spaces so that the data begins at ``align`` bytes.

    The rows are in the order of the data, which follows without a hole. With ``like``, where the
    same data begin in another file, they begin at the same place of a block, so that the blocks
    can be shared; a place that suits no tensor, not a multiple of 8, is not taken over.

    Raises:
        PlanError: a metadata value is no text, a name is used twice, or the header is too long.
    """
    entries: dict[str, object] = {}
    if metadata:
        entries["__metadata__"] = _checked(metadata)
    begin = 0
    for name, dtype, shape, nbytes in map(_row, rows):
        if name in entries or name == "__metadata__":
            raise PlanError(f'The name "{shown(name)}" is taken already')
        end = begin + nbytes
        entries[name] = {"dtype": dtype.label, "shape": list(shape), "data_offsets": [begin, end]}
        begin = end
    return _padded(_encoded(entries), align, 0 if like % _UNIT else like)


def _row(row: Row | Described) -> Row:
    return row if isinstance(row, tuple) else (row.name, row.dtype, row.shape, row.nbytes)


def _encoded(entries: Mapping[str, object]) -> bytes:
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as problem:
        around = text[max(0, problem.start - 20) : problem.start]
        raise PlanError(
            f"The header holds a character that is no Unicode text, after '{shown(around)}'",
            "Change that name or metadata value.",
        ) from None


def _padded(data: bytes, align: int, like: int) -> bytes:
    length = len(data) + (like - 8 - len(data)) % align
    if length > MAX_HEADER:
        raise PlanError(
            f"The header would have {length:,} bytes; readers accept at most {MAX_HEADER:,}",
            "Remove large metadata values, such as pictures.",
        )
    return length.to_bytes(8, "little") + data.ljust(length)


def _checked(metadata: Mapping[str, str]) -> dict[str, str]:
    pairs: Iterable[tuple[object, object]] = metadata.items()
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str):
            raise PlanError(
                f'The metadata value "{shown(str(key))}" is no text',
                "Metadata can only hold texts; write numbers and lists as JSON text.",
            )
    return dict(metadata)
