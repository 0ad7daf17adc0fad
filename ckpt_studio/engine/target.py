"""A file that takes the place of the target in one step, when it is complete and on the disk.

Whatever happens before that, the target is what it was (``reliability.md`` 2.3). On Linux the new
file has no name until then, so that even a killed program leaves nothing behind; elsewhere it is
called ``.<name>.<random>.cstudio-tmp`` and ``leftovers`` finds it.
"""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.problems import Problem, note, warning
from ckpt_studio.engine.new_folders import NewFolders
from ckpt_studio.engine.properties import keep_properties
from ckpt_studio.formats.files import Files, kind_of, signature
from ckpt_studio.formats.shown import shown_name

SUFFIX = ".cstudio-tmp"
_ATTEMPTS = 5
_RANDOM_BYTES = 6
_NAME_BYTES = 255
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_DATES_OF_OPEN_FILES = os.utime in os.supports_fd
T = TypeVar("T")


class TargetMaker(Protocol):
    """Gives the new file of one output."""

    def __call__(self, files: Files, path: Path, *, overwrite: bool) -> "Target":
        """Return the new file for a path."""


class Target:
    """The new file and the place it will take. Use ``commit`` or ``discard``, then it is closed.

    It comes to be in the folder of its place, which is made where it is missing, or in ``beside``,
    a folder of the same volume.
    """

    def __init__(
        self, files: Files, path: Path, *, overwrite: bool, beside: Path | None = None
    ) -> None:
        self._files = files
        self.path = Path(os.path.realpath(path))
        self.problems: list[Problem] = []
        self._beside = beside or self.path.parent
        self._folders = NewFolders(files)
        self._temporary: Path | None = None
        self._date_ns = 0  # for systems that only take the path of a file
        self._before = self._existing(overwrite=overwrite)
        self.file = -1
        try:
            self._folders.make(self._beside)
            self._create()
        except BaseException:
            self.discard()
            raise

    def settle(self, date_ns: int = 0) -> None:
        """Give the new file its properties and put it on the disk.

        ``date_ns`` is the date it gets, in nanoseconds; 0 is now.

        Raises:
            OSError: as the system reports it.
        """
        self._keep_properties()
        if _DATES_OF_OPEN_FILES:
            self._keep_date(self.file, date_ns)
        else:
            self._date_ns = date_ns
        self._files.sync(self.file)

    def commit(self) -> None:
        """Let the new file, complete and settled, take its place.

        Raises:
            WriteError: the place is not what it was when writing began.
            OSError: as the system reports it.
        """
        self.require_same_place()
        self._put_in_place()
        self._folders.keep()
        self._close()
        self._keep_date(self.path, self._date_ns)
        self.problems += confirmed(self._files, self.path, (self.path.parent,))

    def discard(self) -> None:
        """Remove the new file and the folders made for it. Does nothing after ``commit``."""
        self._close()
        if self._temporary:
            self._remove(self._temporary)
            self._temporary = None
        self._folders.remove()

    def require_same_place(self) -> None:
        """Refuse to go on when the place is not what it was at the beginning.

        Raises:
            WriteError: somebody else wrote there.
            OSError: as the system reports it.
        """
        now = self._files.status_of(self.path)
        same = now is None if self._before is None else now is not None and _same(now, self._before)
        if not same:
            raise WriteError(
                f"Another program wrote {shown_name(self.path)} meanwhile",
                "Nothing was saved. Look at that file, then save again or under another name.",
            )

    def _existing(self, *, overwrite: bool) -> os.stat_result | None:
        status = self._files.status_of(self.path)
        name = shown_name(self.path)
        if status is None:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise WriteError(f"{name} is {kind_of(status.st_mode)}", "Choose another name.")
        if not overwrite:
            raise WriteError(
                f"{name} is there already", "Choose another name, or allow replacing it."
            )
        if status.st_nlink > 1:
            self.problems.append(
                note(
                    f"{name} had other names (hard links); they keep the old content",
                    code="hard-links",
                )
            )
        return status

    def _create(self) -> None:
        mode = 0o600 if self._before else 0o666
        unnamed = self._files.create_unnamed(self._beside, mode)
        if unnamed is not None:
            self.file = unnamed
            return
        _, self.file = self._named(lambda name: self._files.create_new(name, mode))
        self._files.lock(self.file)

    def _named(self, make: Callable[[Path], T]) -> tuple[Path, T]:
        """Make something under a name that nobody has; a name that is taken is never touched."""
        for _ in range(_ATTEMPTS):
            name = random_name(self._beside / self.path.name, SUFFIX)
            with suppress(FileExistsError):
                made = make(name)
                self._temporary = name
                return name, made
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _keep_properties(self) -> None:
        """Give the new file owner, permissions and attributes of the one it replaces."""
        before = self._before
        if before is None:
            return
        lost = keep_properties(self._files, self.file, self.path, before)
        if lost:
            text = f"{', '.join(lost)} of the replaced file could not be kept"
            self.problems.append(note(text[0].upper() + text[1:], code="lost-properties"))

    def _keep_date(self, file: int | Path, date_ns: int) -> None:
        if not date_ns:
            return
        try:
            self._files.change_date(file, date_ns)
        except OSError:
            self.problems.append(note("The date could not be kept", code="lost-properties"))

    def _put_in_place(self) -> None:
        """Name the file. A new target is linked, which fails when the name is taken meanwhile."""
        if self._temporary is None and self._before is None:
            self._files.link_unnamed(self.file, self.path)
            return
        temporary = self._temporary
        if temporary is None:
            temporary, _ = self._named(lambda name: self._files.link_unnamed(self.file, name))
        if self._before is None and self._linked(temporary):
            self._remove(temporary)
        else:
            if os.name == "nt":
                self._close()
            self._files.replace(temporary, self.path)
        self._temporary = None

    def _linked(self, name: Path) -> bool:
        try:
            self._files.link(name, self.path)
        except OSError as problem:
            if problem.errno in _NO_LINKS:
                return False
            raise
        return True

    def _remove(self, path: Path) -> None:
        try:
            self._files.remove(path)
        except OSError as problem:
            self.problems.append(
                warning(
                    f"The temporary file {shown_name(path)} could not be removed: "
                    f"{problem.strerror}",
                    "You can delete it.",
                    code="leftover",
                )
            )

    def _close(self) -> None:
        if self.file >= 0:
            file, self.file = self.file, -1
            with suppress(OSError):  # what was to be kept is on the disk since ``settle``
                self._files.close(file)


def random_name(path: Path, suffix: str) -> Path:
    """Return the hidden name beside a path that ends with random digits and ``suffix``."""
    end = f".{secrets.token_hex(_RANDOM_BYTES)}{suffix}"
    start = os.fsencode(f".{path.name}")[: _NAME_BYTES - len(end)]
    return path.with_name(start.decode("utf-8", "ignore") + end)


def confirmed(files: Files, path: Path, folders: Iterable[Path]) -> list[Problem]:
    """Put the names in some folders on the disk; a warning about ``path`` where that fails."""
    try:
        for folder in folders:
            files.sync_folder(folder)
    except OSError as problem:
        return [
            warning(
                f"{shown_name(path)} is saved, but not confirmed on disk: {problem.strerror}",
                "Check the disk before you remove the sources.",
                code="not-confirmed",
            )
        ]
    return []


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether two states are the same content; reading a file or linking it changes neither."""
    return signature(one) == signature(other)
