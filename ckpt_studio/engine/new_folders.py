"""Folders made for a new file: they go again when nothing came of it."""

from pathlib import Path

from ckpt_studio.formats.files import Files


class NewFolders:
    """Makes the folders of a path that are missing and remembers which those were."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._made: list[Path] = []

    def make(self, folder: Path) -> None:
        """Make a folder with all above it.

        Raises:
            OSError: as the system reports it.
        """
        if self._files.status_of(folder) is not None:
            return
        self.make(folder.parent)
        self._files.make_folder(folder)
        self._made.append(folder)

    def keep(self) -> None:
        """Let them stay."""
        self._made.clear()

    def remove(self) -> None:
        """Remove those that were made, as far as nobody put something into them meanwhile."""
        for folder in reversed(self._made):
            try:
                self._files.remove_folder(folder)
            except OSError:
                break
        self._made.clear()
