"""Write a file that no plan describes (a recipe, exported metadata) in one step, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ckpt_studio.core.errors import WriteError
from ckpt_studio.formats.shown import shown_name


def write_small_file(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a text as UTF-8; whoever looks sees the old file or the complete new one.

    Raises:
        WriteError: the file exists and may not be replaced, or cannot be written.
    """
    if path.is_dir():
        raise WriteError(f"{shown_name(path)} is a folder", "Choose the name of a file.")
    if path.exists() and not overwrite:
        raise WriteError(
            f"{shown_name(path)} exists already", "Choose another name, or allow replacing it."
        )
    try:
        with new_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(
            f"{shown_name(path)} could not be written: {reason}", "Choose another folder."
        ) from error


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of ``path`` at the end, or vanishes on any error.

    Raises:
        OSError: as the system reports it.
    """
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=".ckpt-studio-", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
