"""Puts the complete files of a set in place, one after the other, or takes everything back.

New names are taken first; the index, which makes the set complete, comes last and in one step. An
old set with other names of shards is whole until that moment and is removed after it. Where old
and new shards have the same names, the old ones first go aside as ``.<name>.<random>.cstudio-old``:
whoever looks finds the old set, no complete set, or the new one, but never a mixture. When the
computer stops in these milliseconds, the old files are still there under those names; nothing
removes or offers to remove them.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from typing_extensions import override

from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.problems import Problem, warning
from ckpt_studio.engine.new_folders import NewFolders
from ckpt_studio.engine.target import Target, confirmed, random_name
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.shown import shown_name

OLD_SUFFIX = ".cstudio-old"


def existing(files: Files, folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    while files.status_of(folder) is None and folder.parent != folder:
        folder = folder.parent
    return folder


class Staged(Target):
    """A file of a set: ``commit`` only says that it is complete, ``place`` puts it in place."""

    complete = False
    placed = False
    aside: Path | None = None

    @override
    def commit(self) -> None:
        """Keep the file, complete and settled, until it is placed or given up."""
        self.complete = True

    @override
    def discard(self) -> None:
        """Remove the file unless it is complete."""
        if not self.complete:
            super().discard()

    def give_up(self) -> None:
        """Remove the file. Does nothing after ``place``."""
        super().discard()

    @property
    def replaces(self) -> bool:
        """Whether an old file stands at its place."""
        return self._before is not None

    def move_aside(self) -> None:
        """Give the old file another name, so that the place is free.

        Raises:
            OSError: as the system reports it.
        """
        self.require_same_place()
        aside = random_name(self.path, OLD_SUFFIX)
        self._files.replace(self.path, aside)
        self.aside, self._before = aside, None

    def place(self) -> None:
        """Let the file take its place.

        Raises:
            WriteError: the place is not what it was when writing began.
            OSError: as the system reports it.
        """
        self.require_same_place()
        self._put_in_place()
        self.placed = True
        self._close()

    def take_back(self) -> None:
        """Remove the file from its place.

        Raises:
            OSError: as the system reports it.
        """
        if self.placed:
            self._files.remove(self.path)
            self.placed = False

    def move_back(self) -> None:
        """Give the old file its name again.

        Raises:
            OSError: as the system reports it.
        """
        if self.aside:
            self._files.replace(self.aside, self.path)
            self.aside = None


class Exchange:
    """The files of a set from the first one that is written to the last one in its place."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._targets: list[Staged] = []
        self._folders = NewFolders(files)
        self._unconfirmed: list[Problem] = []
        self._removal: list[Problem] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was odd with any of the files."""
        found = [problem for target in self._targets for problem in target.problems]
        return (*found, *self._unconfirmed, *self._removal)

    def stage(self, files: Files, path: Path, *, overwrite: bool) -> Staged:
        """Return the next file of the set; the last one is its index.

        No folder is made before all files are complete: until then a file is in the nearest one
        that there is.

        Raises:
            WriteError: something stands at its place that may not be replaced.
            OSError: as the system reports it.
        """
        beside = existing(files, Path(os.path.realpath(path)).parent)
        target = Staged(files, path, overwrite=overwrite, beside=beside)
        if any(target.path == other.path for other in self._targets):
            target.discard()
            raise WriteError(
                f"{shown_name(path)} is a link to another file of the set", "Remove that link."
            )
        self._targets.append(target)
        return target

    def carry_out(self, older: Iterable[Path]) -> None:
        """Put all files in place and remove what they replace; ``older`` are other old files.

        Raises:
            WriteError: a place is not what it was; everything is as before.
            OSError: as the system reports it; everything is as before.
        """
        for target in self._targets:
            target.require_same_place()
        folders = list(dict.fromkeys(target.path.parent for target in self._targets))
        try:
            self._place(folders)
        except BaseException as problem:
            self._take_back(problem)
            raise
        self._folders.keep()
        if not self._unconfirmed:
            self._unconfirmed = confirmed(self._files, self._targets[-1].path, folders)
        aside = [target.aside for target in self._targets if target.aside]
        for path in (*aside, *older):
            self._remove(path)

    def discard(self) -> None:
        """Remove every file that is not in its place."""
        for target in self._targets:
            target.give_up()

    def _place(self, folders: Sequence[Path]) -> None:
        *shards, index = self._targets
        for folder in folders:
            self._folders.make(folder)
        for target in shards:
            if target.replaces:
                target.move_aside()
        for target in shards:
            target.place()
        self._unconfirmed = confirmed(self._files, index.path, folders)
        index.place()

    def _take_back(self, reason: BaseException) -> None:
        lost: list[Path] = []
        for step in (Staged.take_back, Staged.move_back):
            for target in self._targets:
                try:
                    step(target)
                except OSError:
                    lost.append(target.aside or target.path)
        self._folders.remove()
        if lost:
            names = ", ".join(str(path) for path in dict.fromkeys(lost))
            raise WriteError(
                "The new files could not be put in place, and not all old ones could be put back",
                f"Check the disk. Look at these files: {names}",
            ) from reason

    def _remove(self, path: Path) -> None:
        try:
            self._files.remove(path)
        except OSError as problem:
            self._removal.append(
                warning(
                    f"The replaced file {shown_name(path)} could not be removed: "
                    f"{problem.strerror}",
                    "You can delete it.",
                    code="leftover",
                )
            )
