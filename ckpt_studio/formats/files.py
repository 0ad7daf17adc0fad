"""Every file call of the saver, in one object that tests replace to make the n-th call fail."""

import errno
import os
import stat
import struct
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ckpt_studio.core.checkpoint import Signature
from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.shown import shown_name

Buffer = bytes | bytearray | memoryview

_NO_ATTRIBUTES = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_UNNAMED_FILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.ENOSYS}
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_POSITION = threading.Lock()  # Windows has no pread; the position of a file is shared by threads
_F_FULLFSYNC = 51  # <sys/fcntl.h> of macOS
_FICLONERANGE = 0x4020940D  # <linux/fs.h>; where it has another number, nothing is shared


def signature(status: os.stat_result) -> Signature:
    """Return what identifies the content of a file from its status."""
    return Signature(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def signature_of(path: Path) -> Signature:
    """Return the signature of a regular file (links are followed); nothing is opened.

    Raises:
        FormatError: there is no such file, or it is a folder, a pipe or a device.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as problem:
        raise _unreadable(path, problem) from problem
    require_regular(path, status)
    return signature(status)


def require_regular(path: Path, status: os.stat_result) -> None:
    """Refuse everything that is no plain file: opening a pipe or a device may block for ever.

    Raises:
        FormatError: it is something else; the message names it.
    """
    if stat.S_ISREG(status.st_mode):
        return
    raise FormatError(
        f"{shown_name(path)} is {kind_of(status.st_mode)}, not a file", "Choose a model file."
    )


def kind_of(mode: int) -> str:
    """Name what a path leads to, such as "a folder"."""
    kinds = (
        (stat.S_ISREG, "a file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((name for test, name in kinds if test(mode)), "a device")


def _unreadable(path: Path, problem: OSError | ValueError) -> FormatError:
    name = shown_name(path)
    code = problem.errno if isinstance(problem, OSError) else errno.EINVAL
    if code in {errno.ENOENT, errno.ENOTDIR}:
        return FormatError(f"{name} does not exist", "Check the path, or choose another file.")
    if code in {errno.EACCES, errno.EPERM}:
        return FormatError(f"No permission to read {name}", "Check the permissions of the file.")
    reason = problem.strerror if isinstance(problem, OSError) else "the path is not valid"
    return FormatError(f"{name} cannot be read: {reason}", "Check the path and the disk.")


def open_source(path: Path) -> int:
    """Open a regular file for reading and return its descriptor.

    Raises:
        FormatError: it does not exist, is no plain file, or may not be read.
    """
    signature_of(path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        source = os.open(path, flags)
        try:
            require_regular(path, os.fstat(source))
        except BaseException:
            os.close(source)
            raise
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    return source


class Files:
    """The file calls of a save. Every method raises OSError as the system reports it."""

    def open_source(self, path: Path) -> int:
        """Open a source for reading."""
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        return os.open(path, flags)

    def create_unnamed(self, folder: Path, mode: int) -> int | None:
        """Create a file without a name, or return None where the system has none."""
        flag = getattr(os, "O_TMPFILE", 0)
        if not flag or not Path("/proc/self/fd").is_dir():
            return None
        try:
            return os.open(folder, flag | os.O_RDWR | os.O_CLOEXEC, mode)
        except OSError as problem:
            if problem.errno in _NO_UNNAMED_FILE:
                return None
            raise

    def create_new(self, path: Path, mode: int) -> int:
        """Create a file that must not exist yet, never through a link."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, mode)

    def lock(self, file: int) -> None:
        """Mark a file as in use until it is closed, where the system can do that."""
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self, file: int) -> None:
        """Close a descriptor."""
        os.close(file)

    def read_into(self, file: int, buffer: memoryview, offset: int) -> int:
        """Read at an offset into a buffer; returns the number of bytes, 0 at the end."""
        if hasattr(os, "preadv"):
            return os.preadv(file, [buffer], offset)
        data = _pread(file, len(buffer), offset)
        buffer[: len(data)] = data
        return len(data)

    def write_at(self, file: int, data: Buffer, offset: int) -> int:
        """Write at an offset; returns the number of bytes taken."""
        if hasattr(os, "pwrite"):
            return os.pwrite(file, data, offset)
        with _POSITION:
            os.lseek(file, offset, os.SEEK_SET)
            return os.write(file, data)

    def copy_range(self, source: int, start: int, target: int, to: int, count: int) -> int:
        """Let the kernel copy bytes between files; raises ENOSYS where it cannot."""
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        return os.copy_file_range(source, target, count, start, to)

    def share_range(self, source: int, start: int, target: int, to: int, count: int) -> None:
        """Let two files have blocks in common; all three numbers are multiples of a block.

        Raises ENOTSUP, ENOTTY, EXDEV or EINVAL where the file system cannot do that.
        """
        if sys.platform != "linux":
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        import fcntl  # noqa: PLC0415 - does not exist on Windows

        fcntl.ioctl(target, _FICLONERANGE, struct.pack("qQQQ", source, start, count, to))

    def truncate(self, file: int, size: int) -> None:
        """Set the size of a file."""
        os.ftruncate(file, size)

    def flush_data(self, file: int) -> None:
        """Put the data written so far on the disk."""
        if hasattr(os, "fdatasync"):
            os.fdatasync(file)

    def sync(self, file: int) -> None:
        """Put a file on the disk; on macOS ``fsync`` alone does not reach the platter."""
        if sys.platform == "darwin":
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            fcntl.fcntl(file, _F_FULLFSYNC)
        else:
            os.fsync(file)

    def drop_cache(self, file: int) -> None:
        """Make the next reads come from the disk, as far as the system allows."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)

    def status(self, file: int) -> os.stat_result:
        """Return the status of an open file."""
        return os.fstat(file)

    def status_of(self, path: Path) -> os.stat_result | None:
        """Return the status of what a path leads to, None where there is nothing."""
        try:
            return path.stat()
        except FileNotFoundError:
            return None

    def entries(self, folder: Path) -> list[str]:
        """Return the names in a folder, none where there is no such folder."""
        try:
            return sorted(entry.name for entry in folder.iterdir())
        except FileNotFoundError:
            return []

    def make_folder(self, folder: Path) -> None:
        """Create one folder."""
        folder.mkdir()

    def remove_folder(self, folder: Path) -> None:
        """Remove one empty folder."""
        folder.rmdir()

    def link_unnamed(self, file: int, path: Path) -> None:
        """Give a file without a name one; fails when the name is taken."""
        folder = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:  # only with a folder descriptor does Python call linkat, which follows /proc links
            os.link(f"/proc/self/fd/{file}", path.name, dst_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)

    def link(self, path: Path, name: Path) -> None:
        """Give a file a second name; fails when the name is taken."""
        os.link(path, name)

    def replace(self, path: Path, target: Path) -> None:
        """Move a file to a name in one step, over whatever file stands there."""
        path.replace(target)

    def remove(self, path: Path) -> None:
        """Remove one file."""
        path.unlink()

    def change_owner(self, file: int, user: int, group: int) -> None:
        """Set the owner of a file."""
        if hasattr(os, "fchown"):
            os.fchown(file, user, group)

    def change_mode(self, file: int, mode: int) -> None:
        """Set the permissions of a file."""
        if hasattr(os, "fchmod"):
            os.fchmod(file, mode)

    def change_date(self, file: int | Path, date_ns: int) -> None:
        """Set the date of a file, in nanoseconds; Windows takes paths only."""
        before = os.stat(file)  # noqa: PTH116 - an open file has no path
        os.utime(file, ns=(before.st_atime_ns, date_ns))

    def attributes(self, path: Path) -> Mapping[str, bytes]:
        """Return the extended attributes of a file (access lists are among them)."""
        if sys.platform != "linux":
            return {}
        try:
            return {name: os.getxattr(path, name) for name in os.listxattr(path)}
        except OSError as problem:
            if problem.errno in _NO_ATTRIBUTES:
                return {}
            raise

    def set_attribute(self, file: int, name: str, value: bytes) -> None:
        """Set one extended attribute."""
        if sys.platform == "linux":
            os.setxattr(file, name, value)

    def sync_folder(self, folder: Path) -> None:
        """Put the names of a folder on the disk; Windows does that by itself."""
        if os.name == "nt":
            return
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def free_bytes(self, folder: Path) -> int | None:
        """Return the free bytes of the volume that holds a folder, None when unknown."""
        with suppress(OSError, AttributeError):
            status = os.statvfs(folder)
            return status.f_bavail * status.f_frsize
        return None


def _pread(file: int, count: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file, count, offset)
    with _POSITION:
        os.lseek(file, offset, os.SEEK_SET)
        return os.read(file, count)


def read_exactly(file: int, count: int, offset: int) -> bytes:
    """Read up to ``count`` bytes at an offset; fewer only at the end of the file."""
    parts: list[bytes] = []
    while count:
        part = _pread(file, count, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        count -= len(part)
    return b"".join(parts)
