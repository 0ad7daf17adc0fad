"""Open one model file by what it holds, whatever it is called."""

import os
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.gguf import MAGIC, refuse_gguf
from ckpt_studio.formats.safetensors import read_checkpoint
from ckpt_studio.formats.shown import shown_name

_HEAD = 512
_LENGTH = 8


def read_single(path: Path) -> Checkpoint:
    """Read the header of one file by its content.

    Raises:
        FormatError: it is no model, is damaged, or would run code when other programs load it.
    """
    head = _head(path)
    if head.startswith(MAGIC):
        refuse_gguf(path)
    safetensors = head[_LENGTH : _LENGTH + 1] == b"{" and not any(head[5:_LENGTH])
    return read_checkpoint(path) if safetensors else _read_other(path, head)


def _read_other(path: Path, head: bytes) -> Checkpoint:
    """Read a file that is not safetensors, by readers that most starts do without."""
    from ckpt_studio.formats.torch_pickle import looks_like_torch, read_torch  # noqa: PLC0415

    return read_torch(path) if looks_like_torch(head) else read_checkpoint(path)


def _head(path: Path) -> bytes:
    source = open_source(path)
    try:
        return read_exactly(source, _HEAD, 0)
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}", "Check the disk."
        ) from problem
    finally:
        os.close(source)
