"""Lists the models in folders by their names and sizes; no model is opened."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ckpt_studio.core.model_folders import Listing, Location, Model, Place
from ckpt_studio.core.programs import Kind, kind_of_folder
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.engine.locations import locate
from ckpt_studio.formats.folders import INDEX
from ckpt_studio.formats.sharded import is_shard_name

_SUFFIXES = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin"})
_NUMBER = re.compile(r"-\d{5}-of-(\d{5})")
_DEEPEST = 24
_Id = tuple[int, int]


def list_models(
    path: Path,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Listing:
    """Return the models of a folder or list that the user chose.

    Links to folders are followed, each folder once. What cannot be read is counted. Folders whose
    name begins with a dot are left out, as are those that a program has for other things.

    Raises:
        FormatError: the folder or the list cannot be used at all.
        Cancelled: a stop was asked for.
    """
    return scan(locate(path), progress, cancel)


def scan(
    location: Location,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Listing:
    """Return the models of a location; see ``list_models``."""
    walk = _Walk(location.path.parent, progress, cancel or CancelToken())
    for place in location.places:
        walk.place(place)
    ordered = sorted(walk.found.values(), key=lambda model: (model.kind, model.name.casefold()))
    return Listing(location, tuple(ordered), walk.unreadable)


@dataclass(slots=True)
class _Walk:
    base: Path
    progress: ProgressCallback
    cancel: CancelToken
    found: dict[Path, Model] = field(default_factory=dict)
    unreadable: int = 0
    _seen: set[_Id] = field(default_factory=set)

    def place(self, place: Place) -> None:
        """Take in the models of one place."""
        if place.path.is_dir():
            kind = Kind.UNKNOWN if place.kind is Kind.DIFFUSERS else place.kind
            self._folder(replace(place, kind=kind), place.path, kind, 0)
        elif (size := self._size(place.path)) is not None:
            self._add(place, Model(place.path, place.path.name, place.kind, size))

    def _folder(self, place: Place, folder: Path, kind: Kind, depth: int) -> None:
        """Take in a folder and those below it; a folder that was seen before is left out."""
        self.cancel.raise_if_cancelled()
        entries = self._entries(folder)
        if any(entry.name == INDEX for entry in entries):
            self._diffusers(place, folder, entries)
            return
        folders, models = [], dict[tuple[str, str], list[os.DirEntry[str]]]()
        for entry in entries:
            if self._is_folder(entry):
                folders.append(entry)
            elif os.path.splitext(entry.name)[1].lower() in _SUFFIXES:  # noqa: PTH122 - 5 x Path
                models.setdefault(_model_name(entry.name), []).append(entry)
        for (name, _), files in models.items():
            self._file(place, folder, kind, name, files)
        self.progress(Progress(len(self.found), 0, str(folder)))
        for entry in folders if depth < _DEEPEST else ():
            inner = self._kind(place, entry.name, kind)
            if inner is not Kind.OTHER:
                self._folder(place, folder / entry.name, inner, depth + 1)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in self._seen and status.st_ino:
                return []
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            self.unreadable += 1
            return []
        return sorted(found, key=lambda entry: entry.name)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir()
        except OSError:
            self.unreadable += 1
            return False

    def _kind(self, place: Place, name: str, kind: Kind) -> Kind:
        """Return the kind of a folder by its name where the place itself does not say it."""
        return (kind_of_folder(name) or kind) if place.kind is Kind.UNKNOWN else kind

    def _file(
        self, place: Place, folder: Path, kind: Kind, name: str, files: list[os.DirEntry[str]]
    ) -> None:
        sizes = [size for entry in files if (size := self._size(folder / entry.name)) is not None]
        if sizes:
            shown = (folder / name).relative_to(place.path).as_posix()
            path = folder / files[0].name
            self._add(place, Model(path, shown, kind, sum(sizes), len(files)))

    def _diffusers(self, place: Place, folder: Path, entries: list[os.DirEntry[str]]) -> None:
        sizes = list(self._weights(entries))
        if sizes:
            inside = folder.relative_to(place.path).as_posix()
            name = folder.name if inside == "." else inside
            self._add(place, Model(folder, name, Kind.CHECKPOINT, sum(sizes), len(sizes)))

    def _weights(self, entries: list[os.DirEntry[str]]) -> Iterator[int]:
        """Return the sizes of the weights in the folders of the components."""
        for component in filter(self._is_folder, entries):
            for file in self._entries(Path(component.path)):
                weights = os.path.splitext(file.name)[1].lower() in _SUFFIXES  # noqa: PTH122
                if weights and (size := self._size(Path(file.path))) is not None:
                    yield size

    def _size(self, path: Path) -> int | None:
        try:
            return path.stat().st_size
        except OSError:
            self.unreadable += 1
            return None

    def _add(self, place: Place, model: Model) -> None:
        named = replace(model, name=place.name, kind=place.kind) if place.name else model
        folder = model.path.parent if place.name else place.path
        inside = folder.is_relative_to(self.base)
        words = folder.relative_to(self.base).as_posix() if inside else str(folder)
        self.found.setdefault(model.path, replace(named, place=words))


def _model_name(file: str) -> tuple[str, str]:
    """Return the name of the model a file is of, and how many shards it has; "" for a whole one."""
    match = _NUMBER.search(file) if is_shard_name(file) else None
    return (_NUMBER.sub("", file), match[1]) if match else (file, "")
