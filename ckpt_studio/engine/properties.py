"""Gives a new file the owner, permissions and attributes of the one it replaces."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from ckpt_studio.formats.files import Files


def keep_properties(files: Files, file: int, path: Path, before: os.stat_result) -> list[str]:
    """Copy the properties of ``path``, whose state was ``before``, to an open file.

    Returns the names of those the system does not let us set; FAT knows no owners, for instance.

    Raises:
        OSError: the properties cannot be read.
    """
    now = files.status(file)
    mode = stat.S_IMODE(before.st_mode)
    wanted: dict[str, Callable[[], None]] = {}
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        wanted["owner"] = lambda: files.change_owner(file, before.st_uid, before.st_gid)
    if stat.S_IMODE(now.st_mode) != mode:
        wanted["permissions"] = lambda: files.change_mode(file, mode)
    for name, value in files.attributes(path).items():
        wanted[name] = _setter(files, file, name, value)
    return [name for name, change in wanted.items() if not _done(change)]


def _setter(files: Files, file: int, name: str, value: bytes) -> Callable[[], None]:
    return lambda: files.set_attribute(file, name, value)


def _done(change: Callable[[], None]) -> bool:
    try:
        change()
    except OSError:
        return False
    return True
