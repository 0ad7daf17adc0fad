"""Finds temporary files that a killed save has left behind."""

import os
import sys
import time
from pathlib import Path

from ckpt_studio.engine.target import SUFFIX

_HOUR_S = 3600


def leftovers(folder: Path, *, now: float | None = None) -> tuple[Path, ...]:
    """Return our own temporary files in a folder that no running save uses.

    Only plain files with our suffix that belong to this user, are older than an hour (``now``
    is in seconds since 1970) and not locked. Nothing is removed.
    """
    limit = (time.time() if now is None else now) - _HOUR_S
    try:
        found = [path for path in folder.iterdir() if path.name.endswith(SUFFIX)]
    except OSError:
        return ()  # a folder that cannot be listed has none that could be offered
    return tuple(sorted(path for path in found if _abandoned(path, limit)))


def _abandoned(path: Path, limit: float) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    plain = path.is_file() and not path.is_symlink() and path.name.startswith(".")
    return own and plain and status.st_mtime < limit and not _locked(path)


def _locked(path: Path) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl  # noqa: PLC0415 - does not exist on Windows

    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)
