"""What is not saved yet, kept in a file beside the settings for the case of a crash.

A program that runs holds a lock beside its file; a file whose lock nobody holds is left over from
one that ended by accident. The content is a list of recipes, as they are saved everywhere.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QIODevice, QLockFile, QSaveFile

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.lora.recipes import AnyRecipe
from ckpt_studio.formats.recipe_json import recipe_from_json, recipe_to_json

_SUFFIX = ".json"
_MOST_BYTES = 256 << 20


class UnsavedWork:
    """The file of this run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._lock: QLockFile | None = None

    def keep(self, recipes: Sequence[AnyRecipe]) -> None:
        """Keep these recipes in place of the ones before; none removes the file.

        A folder that cannot be written to is no reason to keep anybody from editing.
        """
        if not recipes:
            self.forget()
            return
        if self._file is None:
            self._file = self._locked_file()
        if self._file is None:
            return
        file = QSaveFile(str(self._file))
        if file.open(QIODevice.OpenModeFlag.WriteOnly):
            file.write(json.dumps([recipe_to_json(recipe) for recipe in recipes]).encode())
            file.commit()

    def forget(self) -> None:
        """Remove the file: everything is saved, or was given up on purpose."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._file = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def _locked_file(self) -> Path | None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        file = self._folder / f"{uuid4().hex}{_SUFFIX}"
        lock = _lock_of(file)
        if not lock.tryLock(0):
            return None
        self._lock = lock
        return file


@dataclass(frozen=True, slots=True)
class LeftWork:
    """What a run that ended by accident had not saved."""

    file: Path
    recipes: tuple[AnyRecipe, ...]

    def remove(self) -> None:
        """Forget it."""
        self.file.unlink(missing_ok=True)


def left_work(folder: Path) -> tuple[LeftWork, ...]:
    """Return what was left behind, oldest first; files that cannot be read are left out."""
    try:
        files = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda file: file.stat().st_mtime)
    except OSError:
        return ()
    found = (LeftWork(file, _recipes(file)) for file in files if _is_left(file))
    return tuple(work for work in found if work.recipes)


def _lock_of(file: Path) -> QLockFile:
    lock = QLockFile(str(file.with_suffix(".lock")))
    lock.setStaleLockTime(0)  # only the end of the program that holds it makes a lock stale
    return lock


def _is_left(file: Path) -> bool:
    lock = _lock_of(file)
    if not lock.tryLock(0):
        return False
    lock.unlock()
    return True


def _recipes(file: Path) -> tuple[AnyRecipe, ...]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            return ()
        texts = json.loads(file.read_text("utf-8"))
        return tuple(recipe_from_json(str(text), folder=file.parent) for text in list(texts))
    except (OSError, ValueError, TypeError, RecursionError, CkptStudioError):
        return ()  # half-written or from another version: there is nothing to bring back
