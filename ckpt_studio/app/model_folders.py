"""The model folders of the user: kept in the settings, listed in the background, asked by all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.settings import LAST_FOLDER, Settings
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.model_folders import Listing, Model, each_once
from ckpt_studio.core.programs import kind_of_part
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.engine.locations import list_beside
from ckpt_studio.engine.model_scan import list_models
from ckpt_studio.qt.job import Job

ListModels = Callable[[Path, ProgressCallback, CancelToken], Listing]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder or list of the user, and what was found in it the last time it was looked at."""

    path: Path
    listing: Listing | None = None
    error: CkptStudioError | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    listing: Listing | None
    error: CkptStudioError | None = None
    more: Path | None = None  # a list that belongs to a program that was just added


class ModelFolders(QObject):
    """Looks through one folder after the other; what was found before stays until then."""

    changed = Signal()

    def __init__(
        self, settings: Settings, parent: QObject | None = None, look: ListModels = list_models
    ) -> None:
        super().__init__(parent)
        self._settings, self._look = settings, look
        self._folders = {path: Folder(path) for path in settings.model_folders}
        self._models: tuple[Model, ...] = ()
        self._waiting: list[tuple[Path, bool]] = []
        self._job: Job | None = None

    @property
    def folders(self) -> tuple[Folder, ...]:
        """The folders in the order of the user."""
        return tuple(self._folders.values())

    @property
    def models(self) -> tuple[Model, ...]:
        """The models in all folders, each once."""
        return self._models

    @property
    def busy(self) -> bool:
        """Whether folders are being looked through."""
        return self._job is not None

    def proposed_folder(self, part: str) -> Path | None:
        """Return where a part belongs, a whole ``checkpoint``, or a ``diffusers`` folder.

        It is the folder for that kind in the program that the user saves to, or in the first that
        has one. None where the user saves to the folder used last, or no program is known.
        """
        wanted = self._settings.save_to
        if wanted == LAST_FOLDER:
            return None
        chosen = self._folders.get(Path(wanted)) if wanted else None
        return _first_home((chosen,) if chosen else self.folders, part)

    @property
    def first_home(self) -> Path | None:
        """Where whole checkpoints go while the user has not chosen a folder for new models."""
        return _first_home(self.folders, "checkpoint")

    def add(self, paths: tuple[Path, ...]) -> None:
        """Take in folders and lists; one that is known already is looked through again."""
        for path in paths:
            full = path.absolute()
            new = full not in self._folders
            self._folders.setdefault(full, Folder(full))
            self._request(full, new=new)
        self._keep()

    def save_to(self, choice: str) -> None:
        """Say where new models go: a folder, LAST_FOLDER, or "" for the first program."""
        self._settings.save_to = choice
        self.changed.emit()

    def remove(self, path: Path) -> None:
        """Forget a folder; nothing on the disk changes."""
        if self._folders.pop(path, None) is not None:
            self._waiting = [each for each in self._waiting if each[0] != path]
            if self._settings.save_to == str(path):
                self._settings.save_to = ""
            self._keep()

    @Slot()
    def refresh(self) -> None:
        """Look through all folders again."""
        for path in self._folders:
            self._request(path, new=False)
        self.changed.emit()

    def stop(self) -> None:
        """Forget what waits and stop the search that runs."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _keep(self) -> None:
        self._settings.model_folders = tuple(self._folders)
        self._changed()

    def _changed(self) -> None:
        self._models = each_once(
            folder.listing for folder in self._folders.values() if folder.listing is not None
        )
        self.changed.emit()

    def _request(self, path: Path, *, new: bool) -> None:
        self._folders[path] = replace(self._folders[path], busy=True)
        if path not in (waiting for waiting, _ in self._waiting):
            self._waiting.append((path, new))
        if self._job is None:
            self._start()

    def _start(self) -> None:
        path, new = self._waiting.pop(0)
        look = self._look

        def work(progress: ProgressCallback, cancel: CancelToken) -> _Found:
            more = list_beside(path) if new else None
            try:
                return _Found(look(path, progress, cancel), more=more)
            except CkptStudioError as error:
                return _Found(None, error)

        job = Job(work, parent=self)
        job.succeeded.connect(lambda found: self._take(path, found))
        job.failed.connect(lambda error: self._crash(path, error))
        job.finished.connect(self._finish)
        self._job = job
        job.start()

    def _take(self, path: Path, found: _Found) -> None:
        if path not in self._folders:
            return
        self._folders[path] = Folder(path, found.listing, found.error)
        self._changed()
        if found.more is not None and found.more not in self._folders:
            self.add((found.more,))

    def _crash(self, path: Path, error: Exception) -> None:
        if path in self._folders:
            self._folders[path] = replace(self._folders[path], busy=False)
        raise error

    @Slot()
    def _finish(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        if self._waiting:
            self._start()


def _first_home(folders: tuple[Folder, ...], part: str) -> Path | None:
    listings = (folder.listing for folder in folders if folder.listing is not None)
    homes = (listing.location.home(kind_of_part(part)) for listing in listings)
    return next((home for home in homes if home is not None), None)
