"""What a folder is that the user chose for its models, and which folders in it hold which kind."""

from collections.abc import Iterator
from pathlib import Path

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.model_folders import Location, Place
from ckpt_studio.core.programs import (
    Kind,
    Program,
    Recognised,
    kind_of_folder,
    kind_of_key,
    recognise_program,
)
from ckpt_studio.formats.shown import shown_name

LIST_NAME = "extra_model_paths.yaml"
_LISTS = {".yaml", ".yml"}


def locate(path: Path) -> Location:
    """Look at a folder of a program, any other folder, or an ``extra_model_paths.yaml``.

    Raises:
        FormatError: it is not there, cannot be read, or the list in it is wrong.
    """
    if path.suffix.lower() in _LISTS and not path.is_dir():
        return _listed(path)
    _require_folder(path)
    known = recognise_program(lambda name: _exists(path / name))
    if known is None:
        kind = kind_of_folder(path.name) or Kind.UNKNOWN
        place = Place(path, kind)
        return Location(path, "", (place,), homes=(place,))
    return _of_program(path, known)


def list_beside(path: Path) -> Path | None:
    """Return the list of further folders that the ComfyUI in a folder reads, where it has one."""
    for folder in (path, path / "ComfyUI", path.parent):
        if _exists(folder / "folder_paths.py") and _exists(folder / LIST_NAME):
            return folder / LIST_NAME
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # no permission: what is in there cannot be used either
        return False


def _require_folder(path: Path) -> None:
    try:
        there = path.is_dir()
        next(path.iterdir(), None) if there else None
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}",
            "Check the permissions of the folder.",
        ) from problem
    if not there:
        raise FormatError(
            f"{shown_name(path)} is not there", "Connect the disk, or remove the folder."
        )


def _of_program(path: Path, known: Recognised) -> Location:
    program, models = known.program, path / known.models
    records = _from_database(path / known.root / program.database, models, program)
    places = [*records, *_places(models, program)]
    homes = () if program.managed else tuple(_homes(models, program))
    return Location(path, program.name, tuple(places), homes=homes)


def _places(models: Path, program: Program) -> Iterator[Place]:
    above = sorted(each for each in models.iterdir() if each.is_dir()) if program.nested else ()
    for kind, name in program.places():
        for folder in above or (models,):
            if (folder / name).is_dir():
                yield Place(folder / name, kind)


def _homes(models: Path, program: Program) -> Iterator[Place]:
    for kind, names in program.folders.items():
        folders = (models / name for name in names)
        yield from (Place(folder, kind) for folder in folders if folder.is_dir())


def _from_database(database: Path, models: Path, program: Program) -> list[Place]:
    """Return the models that a program has a list of; without it the folders have to do."""
    if not program.database or not database.is_file():
        return []
    from ckpt_studio.formats.invoke_models import read_invoke_models  # noqa: PLC0415 - rarely

    kinds = {name: kind for kind, names in program.folders.items() for name in names}
    return [
        Place(model.path, kinds[model.type], model.name)
        for model in read_invoke_models(database, models)
        if model.type in kinds
    ]


def _listed(path: Path) -> Location:
    from ckpt_studio.formats.extra_paths import read_extra_paths  # noqa: PLC0415 - rarely

    places, missing = [], []
    for extra in read_extra_paths(path):
        kind, folder = kind_of_key(extra.key), Path(extra.folder)
        if kind is Kind.OTHER:
            continue
        if folder.is_dir():
            places.append(Place(folder, kind))
        else:
            missing.append(folder)
    found = tuple(dict.fromkeys(places))
    return Location(path, "ComfyUI", found, tuple(dict.fromkeys(missing)), homes=found)
