"""Open a safetensors file: nothing but its header is read, and every rule is checked."""

import os
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, SourceFile
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.formats.encoding import BLOCK, MAX_HEADER, Row, encode_header
from ckpt_studio.formats.files import open_source, read_exactly, signature
from ckpt_studio.formats.header import Header, parse_header
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.sniff import guess
from ckpt_studio.formats.strict_json import DamagedError

__all__ = ["BLOCK", "MAX_HEADER", "Row", "encode_header", "read_checkpoint"]

_HEAD = 512
_LENGTH = 8


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the header of a safetensors file.

    Raises:
        FormatError: the file is missing, is something else, or breaks a rule of the format.
    """
    source = open_source(path)
    try:
        return read_open(path, source)
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}", "Check the disk."
        ) from problem
    finally:
        os.close(source)


def read_open(path: Path, source: int) -> Checkpoint:
    """Read the header of an open safetensors file; ``path`` is only its name.

    Raises:
        FormatError: as ``read_checkpoint``.
        OSError: the system could not read it.
    """
    identity = signature(os.fstat(source))
    head = read_exactly(source, _HEAD, 0)
    length = int.from_bytes(head[:_LENGTH], "little")
    _check_length(path, head, length, identity.size)
    try:
        header = parse_header(read_exactly(source, length, _LENGTH))
    except DamagedError as problem:
        raise FormatError(
            f"{shown_name(path)} is damaged: {problem.reason}",
            problem.hint or "Download the file again.",
        ) from problem
    start = _LENGTH + length
    _check_size(path, start + header.data_bytes, identity.size)
    return Checkpoint(
        path=path,
        container="safetensors",
        files=(SourceFile(path, identity),),
        header_bytes=start,
        tensors=_table(header, start),
        metadata=header.metadata,
        problems=tuple(header.problems),
    )


def _table(header: Header, start: int) -> dict[str, TensorInfo]:
    return {
        entry.name: TensorInfo(
            entry.name, entry.dtype, entry.shape, start + entry.begin, entry.end - entry.begin
        )
        for entry in header.entries
    }


def _check_length(path: Path, head: bytes, length: int, size: int) -> None:
    """Refuse what has no header, by what it is if that can be seen."""
    looks_right = head[_LENGTH : _LENGTH + 1] == b"{" and 1 < length <= MAX_HEADER
    if looks_right and length <= size - _LENGTH:
        return
    if looks_right:
        raise incomplete(path, _LENGTH + length, size, at_least="at least ")
    known = guess(head, size)
    if known:
        raise FormatError(f"{shown_name(path)} is {known.what}", known.hint)
    if 1 < length <= min(MAX_HEADER, size - _LENGTH):
        return  # the header itself says what is wrong with it
    if length > MAX_HEADER:
        what = f"its header would have {length:,} bytes, more than the {MAX_HEADER:,} allowed"
    elif length > size - _LENGTH:
        what = f"its header of {length:,} bytes is longer than the file of {size:,} bytes"
    else:
        what = f"its header has a length of {length} bytes"
    raise FormatError(
        f"{shown_name(path)} is not a safetensors file: {what}",
        "Choose a safetensors file, or download it again.",
    )


def _check_size(path: Path, expected: int, size: int) -> None:
    if size < expected:
        raise incomplete(path, expected, size)
    if size > expected:
        raise FormatError(
            f"{shown_name(path)} has {size - expected:,} extra bytes at the end that belong to "
            "no tensor",
            f"It should be {expected:,} bytes long. Download it again; other programs may "
            "refuse it too.",
        )


def incomplete(path: Path, expected: int, size: int, *, at_least: str = "") -> FormatError:
    """Return the error for a file that ends too early."""
    percent = min(99, 100 * size // expected)
    return FormatError(
        f"{shown_name(path)} is incomplete (truncated): it should be {at_least}{expected:,} bytes "
        f"but has {size:,} ({percent} %)",
        "The download or copy probably stopped. Download it again.",
    )
