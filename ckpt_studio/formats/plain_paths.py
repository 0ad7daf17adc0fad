"""Names of files that another file gives: they lead to plain files of the same folder only."""

import os
import re
from pathlib import Path

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.shown import shown, shown_name

_SEPARATORS = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
_LONGEST = 255
_TO_BLOB = re.compile(rb"(\.\./)+blobs/[0-9a-f]{40,64}")


def inside(path: Path, name: str) -> Path:
    """Return the path of ``name`` in the folder of ``path``; nothing there is opened.

    Links are followed only within the folder and to the ``blobs`` of a Hugging Face cache
    (``reliability.md`` P21); what is returned may be the file that a link leads to.

    Raises:
        FormatError: the name could lead out of the folder, or names no file.
    """
    plain = 0 < len(name) <= _LONGEST and not _SEPARATORS.search(name)
    if not plain or not name.strip(". ") or not _is_text(name):
        raise FormatError(
            f'{shown_name(path)} names the file "{shown(name)}", which is not allowed: only '
            "plain names in its own folder are, no path outside it",
            "Get the file from a source that you trust.",
        )
    found = _link_as_text(path.parent / name)
    check_link(path, found)
    return found


def _link_as_text(path: Path) -> Path:
    """Return what a link to a cached file leads to where a copy has made a text of the link.

    Git and unpackers do that on systems without links.
    """
    try:
        if not _blobs(path.parent.resolve()) or path.lstat().st_size > _LONGEST:
            return path
        file = open_source(path)
        try:
            text = read_exactly(file, _LONGEST, 0)
        finally:
            os.close(file)
    except (OSError, FormatError):
        return path  # the reader of that file says what is wrong with it
    return path.parent / os.fsdecode(text) if _TO_BLOB.fullmatch(text) else path


def check_link(path: Path, found: Path) -> None:
    """Refuse a link that leads out of the folder of ``path``.

    Raises:
        FormatError: it leads elsewhere.
    """
    try:
        target = found.resolve()
        folder = path.parent.resolve()
    except (OSError, RuntimeError) as problem:  # a link that leads to itself
        raise FormatError(
            f"{shown_name(found)} is a link that leads nowhere", "Download that file again."
        ) from problem
    if target.parent != folder and target.parent not in _blobs(folder):
        raise FormatError(
            f"{shown_name(found)} is a link to a path outside its folder, which is not allowed",
            "Move the file itself into the folder.",
        )


def _blobs(folder: Path) -> list[Path]:
    return [above.parent / "blobs" for above in folder.parents if above.name == "snapshots"]


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
