"""A recipe of a merge that was made before: read, its files found or asked for, then shown."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_studio.app.background import Background
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.sources import MODEL_SUFFIXES
from ckpt_studio.app.verbs import Open
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.recipe import Merge
from ckpt_studio.engine.replaying import MissingSourcesError, moved, with_sources
from ckpt_studio.qt.banner import Message, Remedy


class MergeRecipe(QObject):
    """Files are known by their contents where the recipe has hashes, else by their names."""

    found = Signal(object)  # Merge, with files that are there
    failed = Signal(Exception)
    message = Signal(Message)

    def __init__(
        self, session: Session, settings: Settings, folders: ModelFolders, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._settings = session, settings
        self._folders, self._window = folders, window
        self._work = Background(self)
        self._work.failed.connect(self.failed)

    @property
    def busy(self) -> bool:
        """Whether files are being looked for."""
        return self._work.busy

    def stop(self) -> None:
        """Wait for what runs."""
        self._work.stop()

    def browse(self) -> None:
        """Ask for a recipe file, or a model that carries a recipe."""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Open the recipe of a merge"),
            self._settings.output_folder or self._settings.source_folder,
            self.tr("Recipes and merged models (*.json *.safetensors *.sft);;All files (*)"),
        )
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Read a recipe and look for its files."""
        opening = self._session.verbs.open
        self._work.request(lambda _: read_merge(path, opening), self._look)

    def _look(self, recipe: Merge, more: tuple[Path, ...] = ()) -> None:
        """Look where the recipe says, among open files and in the folders of the user."""
        names = {path.name for path in recipe.sources}
        known = (*more, *self._session.files, *(model.path for model in self._folders.models))
        places = tuple(path for path in known if path in more or path.name in names)
        self._work.request(
            lambda cancel: _search(recipe, places, cancel),
            lambda result: self._take(recipe, result, more),
        )

    def _take(
        self, recipe: Merge, result: Merge | MissingSourcesError, more: tuple[Path, ...]
    ) -> None:
        if isinstance(result, Merge):
            self.found.emit(result)
        elif more:
            self._doubt(recipe, result, more)
        else:
            self._ask(recipe, result.names)

    def _ask(self, recipe: Merge, names: tuple[str, ...]) -> None:
        chosen: list[Path] = []
        for name in names:
            path, _ = QFileDialog.getOpenFileName(
                self._window,
                self.tr("Where is {name}?").format(name=name),
                self._settings.source_folder,
                self.tr("Models ({suffixes});;All files (*)").format(
                    suffixes=" ".join(MODEL_SUFFIXES)
                ),
            )
            if not path:
                what = self.tr("The recipe was not opened: {name} is missing.").format(name=name)
                self.message.emit(Message(what, self.tr("Open it again when you have the file.")))
                return
            chosen.append(Path(path))
        self._look(recipe, tuple(chosen))

    def _doubt(self, recipe: Merge, error: MissingSourcesError, more: tuple[Path, ...]) -> None:
        """Say that a file which was chosen is another one; it may be used all the same."""
        words = self.tr("{names} has other contents than the file of the recipe.")
        what = words.format(names=", ".join(path.name for path in more))
        todo = self.tr("The result will not be the same as it was.")
        by_name = {path.name: path for path in self._session.files} | dict(
            zip(error.names, more, strict=False)
        )
        files = {path: by_name[path.name] for path in recipe.sources if path.name in by_name}
        use = Remedy(self.tr("&Use it all the same"), lambda: self.found.emit(moved(recipe, files)))
        self.message.emit(Message(what, todo, kind="warning", remedies=(use,)))


def read_merge(path: Path, opening: Open) -> Merge:
    """Return the recipe in a file, or in the metadata of a model.

    Raises:
        FormatError: there is none, or it is not that of a merge.
    """
    from ckpt_studio.formats.recipe_json import (  # noqa: PLC0415 - not at the start of the window
        METADATA_KEY,
        read_recipe_file,
        recipe_from_json,
    )

    if path.suffix.lower() == ".json":
        recipe = read_recipe_file(path)
    else:
        text = opening(path).checkpoint.metadata.get(METADATA_KEY)
        if text is None:
            raise FormatError(
                f"{path.name} carries no recipe.",
                "Files that were merged with “Write the recipe into the metadata” carry one.",
            )
        recipe = recipe_from_json(text, folder=path.parent, where=f"The recipe in {path.name}")
    if not isinstance(recipe, Merge):
        raise FormatError(f"The recipe in {path.name} is not that of a merge.")
    return recipe


def _search(
    recipe: Merge, places: Iterable[Path], cancel: CancelToken
) -> Merge | MissingSourcesError:
    try:
        if recipe.hashes:
            return with_sources(recipe, places, cancel=cancel)
        return _by_name(recipe, tuple(places))
    except MissingSourcesError as error:
        return error


def _by_name(recipe: Merge, places: tuple[Path, ...]) -> Merge:
    """Return a recipe without hashes with the files that are there.

    Raises:
        MissingSourcesError: a file is not there, and no other one has its name.
    """
    by_name = {path.name: path for path in reversed(places)}
    gone = [path for path in recipe.sources if not path.exists()]
    found = {path: by_name[path.name] for path in gone if path.name in by_name}
    left = [path for path in gone if path not in found]
    spare = [path for path in places if path not in found.values()]
    if len(left) == len(spare):  # files that were asked for one by one, in that order
        found |= dict(zip(left, spare, strict=True))
        left = []
    if left:
        names = tuple(path.name for path in left)
        raise MissingSourcesError(f"{names[0]} is missing.", "Say where it is.", names)
    return moved(recipe, found) if found else recipe
