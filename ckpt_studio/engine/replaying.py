"""Find the sources of a recipe that knows them by name and hash (``core.merging``)."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ckpt_studio.core.errors import FormatError, PlanError
from ckpt_studio.core.lora.recipes import ExtractLora, LoraRecipe, MergeLoras, ResizeLora
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.core.recipe import LoraUse, Merge
from ckpt_studio.engine.hash_cache import HashCache

_ENDINGS = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin"})
_MOST_FILES = 20_000


class MissingSourcesError(PlanError):
    """Sources of a recipe are nowhere to be found; ``names`` are what the recipe calls them."""

    kind = "missing-sources"

    def __init__(self, message: str, hint: str = "", names: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.names = names


Named = TypeVar("Named", bound=Merge | LoraRecipe)


def with_sources(
    recipe: Named,
    places: Iterable[Path] = (),
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Named:
    """Return the recipe with the files that have the hashes it names.

    Looks where the recipe says, then in ``places``: files, or folders with everything below them;
    files of the right name first. Without hashes the recipe is returned as it is.

    Raises:
        MissingSourcesError: a source is not found.
        FormatError: a file cannot be read.
        Cancelled: the token was raised.
    """
    if not recipe.hashes:
        return recipe
    search = _Search(list(places), progress, cancel or CancelToken())
    found: dict[Path, Path] = {}
    for path in recipe.sources:
        wanted = recipe.hashes.get(path.name, "").strip()  # a folder has none
        match = search.find(path, wanted, set(found.values())) if wanted else path
        if match is not None:
            found[path] = match
    missing = tuple(path.name for path in recipe.sources if path not in found)
    if missing:
        raise MissingSourcesError(
            f"No file found with the contents of {', '.join(missing)}.",
            "Say where it is: a file or a folder to look in.",
            missing,
        )
    return moved(recipe, found)


def moved(recipe: Named, found: Mapping[Path, Path]) -> Named:
    """Return the recipe with other files in place of its sources, under the names it gave them."""
    names = {found.get(path, path): recipe.names.get(path, path.name) for path in recipe.sources}
    return replace(recipe, names=names, hashes={}, **_files(recipe, found))


def _files(recipe: Merge | LoraRecipe, found: Mapping[Path, Path]) -> dict[str, Any]:
    """Return the fields that name files."""
    match recipe:
        case Merge():
            return {
                "models": tuple(found.get(path, path) for path in recipe.models),
                "vae": None if recipe.vae is None else found.get(recipe.vae, recipe.vae),
                "loras": tuple(_moved(lora, found) for lora in recipe.loras),
            }
        case ExtractLora(a=a, b=b):
            return {"a": found.get(a, a), "b": found.get(b, b)}
        case MergeLoras(loras=loras):
            return {"loras": tuple(_moved(lora, found) for lora in loras)}
        case ResizeLora(source=source):
            return {"source": found.get(source, source)}


def _moved(lora: LoraUse, found: Mapping[Path, Path]) -> LoraUse:
    return replace(lora, path=found.get(lora.path, lora.path))


class _Search:
    """Looks for files by their SHA-256; each is read at most once."""

    def __init__(self, places: list[Path], progress: ProgressCallback, cancel: CancelToken) -> None:
        self._places = places
        self._progress = progress
        self._cancel = cancel
        self._cache = HashCache()

    def find(self, path: Path, sha256: str, taken: Container[Path]) -> Path | None:
        """Return the file that has that hash: the one that was named, or any other.

        Of copies the one that no other source has taken, since each goes by a name of its own.
        """
        if path.is_file() and self._hash(path) == sha256:
            return path
        files = sorted(self._files(), key=lambda each: (each in taken, each.name != path.name))
        return next((each for each in files if self._hash(each) == sha256), None)

    def _hash(self, path: Path) -> str:
        try:
            found = self._cache.hashes(path, progress=self._progress, cancel=self._cancel)
        except FormatError:
            return ""  # a file that cannot be read is not the one
        return found.sha256

    def _files(self) -> Iterator[Path]:
        for place in self._places:
            if place.is_dir():
                below = (each for each in place.rglob("*") if each.suffix.lower() in _ENDINGS)
                yield from (each for _, each in zip(range(_MOST_FILES), below, strict=False))
            else:
                yield place
