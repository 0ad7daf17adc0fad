"""Folders with models and the models found in them, as values."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.programs import Kind


@dataclass(frozen=True, slots=True)
class Place:
    """A folder (or one model) and what it holds; ``name`` stands for the path where it is given."""

    path: Path
    kind: Kind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """What a folder or list that the user chose turned out to be.

    ``program`` is empty for a folder that belongs to none. ``missing`` are places that are named
    in a list and are not there. ``homes`` says where a new model of a kind belongs.
    """

    path: Path
    program: str
    places: tuple[Place, ...]
    missing: tuple[Path, ...] = ()
    homes: tuple[Place, ...] = ()

    def home(self, kind: Kind) -> Path | None:
        """Return the folder for new models of a kind, None where there is none."""
        return next((place.path for place in self.homes if place.kind is kind), None)


@dataclass(frozen=True, slots=True)
class Model:
    """A model in a folder: a file, the first of a set of shards, or a diffusers folder.

    ``name`` is its path below the folder of its kind, as other programs show it; ``place`` is that
    folder in words; ``files`` is the number of files it is made of.
    """

    path: Path
    name: str
    kind: Kind
    bytes: int
    files: int = 1
    place: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The models of a location; ``unreadable`` counts files and folders that could not be read."""

    location: Location
    models: tuple[Model, ...]
    unreadable: int = 0


def each_once(listings: Iterable[Listing]) -> tuple[Model, ...]:
    """Return the models of all locations; one that several of them hold counts once."""
    found: dict[Path, Model] = {}
    for listing in listings:
        for model in listing.models:
            known = found.get(model.path)
            if known is None or known.kind is Kind.UNKNOWN:
                found[model.path] = model
    return tuple(found.values())
