"""What the model folders of other programs hold, from ``resources/programs.toml``."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from ckpt_studio.core import data_files
from ckpt_studio.core.families.part_names import is_text_encoder

Exists = Callable[[str], bool]


class Kind(StrEnum):
    """What a model file is good for, as its folder tells."""

    CHECKPOINT = "checkpoint"
    DIFFUSERS = "diffusers"  # whole models too, as folders
    DIFFUSION_MODEL = "diffusion_model"
    TEXT_ENCODER = "text_encoder"
    VAE = "vae"
    CLIP_VISION = "clip_vision"
    LORA = "lora"
    UNKNOWN = "unknown"
    OTHER = "other"  # nothing that a checkpoint is made of


_OF_PART: Mapping[str, Kind] = {
    "unet": Kind.DIFFUSION_MODEL,
    "vae": Kind.VAE,
    "clip_vision": Kind.CLIP_VISION,
    "lora": Kind.LORA,
    "checkpoint": Kind.CHECKPOINT,
    "diffusers": Kind.DIFFUSERS,
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its folders; the fields are explained in the data file."""

    id: str
    name: str
    markers: tuple[str, ...]
    signs: tuple[str, ...]
    models: tuple[str, ...]
    folders: Mapping[Kind, tuple[str, ...]]
    nested: bool = False
    managed: bool = False
    database: str = ""

    def places(self) -> Iterator[tuple[Kind, str]]:
        """Return each folder below the models folder once, with the first kind it is for."""
        seen: set[str] = set()
        for kind, names in self.folders.items():
            for name in names:
                if name not in seen:
                    seen.add(name)
                    yield kind, name


@dataclass(frozen=True, slots=True)
class Recognised:
    """A program, and where its models folder and its own folder are; relative, with slashes."""

    program: Program
    models: str
    root: str


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(data_files.read_text("programs.toml"))


@cache
def programs() -> tuple[Program, ...]:
    """Return the known programs in the order in which they are tried."""
    return tuple(_program(each) for each in _data()["program"])


def _program(data: dict[str, Any]) -> Program:
    folders = {Kind(kind): tuple(names) for kind, names in data["folders"].items()}
    lists = {key: tuple(data[key]) for key in ("markers", "signs", "models")}
    return Program(**{**data, **lists, "folders": folders})


def recognise_program(exists: Exists) -> Recognised | None:
    """Return the program that a folder belongs to, None where it belongs to none.

    ``exists`` says whether there is a file or folder at a path relative to the chosen one, which
    may be the folder of the program, or the models folder in it (then the program is at ``..``).
    """
    for known in programs():
        for models, root in _spots(known, exists):
            if any(exists(_below(root, marker)) for marker in known.markers):
                return Recognised(known, models, root)
    for known in programs():
        for models, root in _spots(known, exists):
            if any(exists(_below(models, sign)) for sign in known.signs):
                return Recognised(known, models, root)
    return None


def _spots(program: Program, exists: Exists) -> Iterator[tuple[str, str]]:
    """Return where the models folder and the program could be, seen from the chosen folder."""
    for models in program.models:
        if exists(models):
            yield models, models.rpartition("/")[0]
    if any(exists(name) for _, name in program.places()) or program.nested:
        yield "", ".."


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


@cache
def _by_name() -> Mapping[str, Kind]:
    found: dict[str, Kind] = {}
    for program in programs():
        for kind, name in program.places():
            if name != "main":
                found.setdefault(name.casefold(), kind)
    for kind_name, names in _data()["names"].items():
        for name in names:
            found.setdefault(name.casefold(), Kind(kind_name))
    return found


def kind_of_folder(name: str) -> Kind | None:
    """Return what a folder of this name holds in any program, None where it says nothing."""
    return _by_name().get(name.casefold())


def kind_of_key(key: str) -> Kind:
    """Return the kind of a key of ``extra_model_paths.yaml``; the old names count as the new ones.

    ComfyUI maps ``unet`` and ``clip`` in the same way.
    """
    return kind_of_folder(key) or Kind.OTHER


def kind_of_part(part: str) -> Kind:
    """Return the kind of a file with one part, a whole ``checkpoint``, a ``diffusers`` folder."""
    if part in _OF_PART:
        return _OF_PART[part]
    return Kind.TEXT_ENCODER if is_text_encoder(part) else Kind.UNKNOWN
