"""Write a file that no plan describes (a recipe, exported metadata) in one step, or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ckpt_studio.core.errors import FormatError, WriteError
from ckpt_studio.formats.files import kind_of
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.shown import shown_name

_LARGEST_TEXT = 64 << 20
_ANOTHER = "Choose another name."


class ExistsError(WriteError):
    """There is a file already, and nobody allowed replacing it."""

    kind = "exists"


def write_small_file(path: Path, text: str, *, overwrite: bool, used: Iterable[Path] = ()) -> None:
    """Write a text as UTF-8; whoever looks sees the old file or the complete new one.

    Raises:
        WriteError: as ``require_small_file``, or the file cannot be written.
    """
    require_small_file(path, overwrite=overwrite, used=used)
    try:
        with new_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(
            f"{shown_name(path)} could not be written: {reason}", "Choose another folder."
        ) from error


def require_small_file(path: Path, *, overwrite: bool, used: Iterable[Path] = ()) -> None:
    """Refuse a place for a text: only a text is ever replaced, and no file that a job has in use.

    Raises:
        WriteError: the file may not be replaced.
    """
    if any(_same(path, other) for other in used):
        raise WriteError(f"{shown_name(path)} is a file that this job reads or writes", _ANOTHER)
    if path.exists():
        _require_replaceable(path, overwrite=overwrite)


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _require_replaceable(path: Path, *, overwrite: bool) -> None:
    name, status = shown_name(path), path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise WriteError(f"{name} is {kind_of(status.st_mode)}", "Choose the name of a file.")
    if not overwrite:
        raise ExistsError(f"{name} exists already", "Choose another name, or allow replacing it.")
    if status.st_size > _LARGEST_TEXT:
        raise WriteError(f"{name} is larger than 64 MiB and is not replaced by a text", _ANOTHER)
    if _is_model(path):
        raise WriteError(f"{name} is a model and is not replaced by a text", _ANOTHER)
    if not _is_text(path):
        raise WriteError(f"{name} holds no text and is not replaced by one", _ANOTHER)


def _is_model(path: Path) -> bool:
    try:
        read_any(path)
    except FormatError:
        return False
    return True


def _is_text(path: Path) -> bool:
    try:
        return "\0" not in path.read_text("utf-8")
    except UnicodeDecodeError:
        return False


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
