"""Why the system refused to write, as a sentence with what to do."""

import errno
from pathlib import Path

from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.text import binary_size, counted
from ckpt_studio.formats.shown import shown, shown_name

_KEPT = "Nothing was saved, and a file that was there before is unchanged. "
_ELSEWHERE = "Choose another folder."
_REASONS: dict[int, tuple[str, str]] = {
    errno.EDQUOT: ("Your disk quota for {folder} is used up", "Free some space, or ask for more."),
    errno.EFBIG: (
        "The disk of {folder} cannot hold a file of {needed}",
        "FAT disks end at 4 GiB a file. Choose a folder on another disk.",
    ),
    errno.EROFS: ("The disk of {folder} is read-only", _ELSEWHERE),
    errno.EACCES: ("No permission to write {name} in {folder}", _ELSEWHERE),
    errno.EPERM: ("The system does not allow writing {name} in {folder}", _ELSEWHERE),
    errno.EIO: (
        "The disk reported an error while {name} was written to {folder}",
        "Check the disk and its cable before you try again.",
    ),
    errno.ENAMETOOLONG: ("The name {name} is too long for {folder}", "Choose a shorter name."),
    errno.EISDIR: ("{name} is a folder", "Choose another name."),
    errno.ENOTDIR: ("A part of the path {folder} is a file, not a folder", _ELSEWHERE),
    errno.ENOENT: ("No file can be made in {folder}; it may be gone", _ELSEWHERE),
    errno.EEXIST: ("{name} is there already", "Choose another name, or allow replacing it."),
    errno.ELOOP: ("The path of {name} is a link that leads in a circle", _ELSEWHERE),
    errno.EBUSY: ("Another program is using {name}", "Close it, or save under another name."),
    errno.ETXTBSY: ("Another program is using {name}", "Close it, or save under another name."),
    errno.EMFILE: ("Too many files are open at once", "Close other programs and try again."),
    errno.ENOTCONN: ("The connection to {folder} was lost", "Check the network and try again."),
    errno.ENODEV: ("The disk of {folder} is gone", "Connect it again."),
}


def write_error(
    problem: OSError, target: Path, needed: int, free: int | None, more: int = 0
) -> WriteError:
    """Return the error for a failed write to ``target`` of ``needed`` bytes.

    ``more`` is the number of further files that are written with it, whose bytes are counted, too.
    """
    name, folder = shown_name(target), shown(str(target.parent))
    if problem.errno == errno.ENOSPC:
        room = "" if free is None else f", {binary_size(free)} are free"
        who = f"{name} and {counted(more, 'more file')} need" if more else f"{name} needs"
        return WriteError(
            f"The disk is full: {who} {binary_size(needed)}{room} in {folder}",
            f"{_KEPT}Free some space, or choose a folder on another disk.",
        )
    known = _REASONS.get(problem.errno or 0)
    if known is None:
        reason = problem.strerror or str(problem)
        return WriteError(f"{name} could not be written to {folder}: {reason}", _KEPT.strip())
    sentence, hint = known
    text = sentence.format(name=name, folder=folder, needed=binary_size(needed))
    return WriteError(text, _KEPT + hint)
