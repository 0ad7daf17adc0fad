"""The folder of a model in diffusers: which part goes where, and under what names.

The data is in ``resources/diffusers``, in the family's file and in those of its shared parts; how
it reads says ``resources/diffusers/sd1.toml``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ckpt_studio.core import data_files
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families import family_files
from ckpt_studio.core.families.architecture import Architecture, Component, Placement
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.families.renames import Rule, inverse
from ckpt_studio.core.text import listed

_FOLDER = "diffusers"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a part of a pipeline is: the library that loads it, its class and its configuration."""

    library: str
    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FolderPart:
    """A part with weights: its folder, and for a text encoder the class of its tokenizer."""

    folder: str
    kind: Kind
    placement: Placement
    tokenizer: str = ""

    @property
    def file(self) -> str:
        """The file of the weights, below the folder of the model (``formats.md`` 3.1)."""
        stem = "model" if self.kind.library == "transformers" else "diffusion_pytorch_model"
        return f"{self.folder}/{stem}.safetensors"

    @property
    def tokenizer_folder(self) -> str:
        """The folder of its tokenizer."""
        return tokenizer_folder(self.folder)


@dataclass(frozen=True, slots=True)
class DiffusersLayout:
    """The folder of a family. ``absent`` are parts of the pipeline that are named but left out."""

    pipeline: str
    settings: Mapping[str, Any]
    parts: Mapping[str, FolderPart]
    scheduler: Kind
    absent: tuple[str, ...]
    tokenizers_from: str


def tokenizer_folder(encoder: str) -> str:
    """Return the folder of the tokenizer that belongs to a text encoder's."""
    return encoder.replace("text_encoder", "tokenizer")


def layout_of(architecture: Architecture) -> DiffusersLayout:
    """Return the folder of a family.

    Raises:
        PlanError: it is not known how diffusers keeps this family, or one of its parts.
    """
    if not architecture.diffusers:
        raise PlanError(
            f"{architecture.name} cannot be saved as a diffusers folder.",
            f"These can: {listed((*_known(), 'their relatives'))}.",
        )
    data = _complete(architecture.diffusers)
    parts = _parts(architecture, data["parts"])
    scheduler = data["scheduler"]
    return DiffusersLayout(
        pipeline=data["pipeline"],
        settings=_kept(data.get("settings", {})),
        parts=parts,
        scheduler=Kind("diffusers", scheduler["class"], _kept(scheduler.get("config", {}))),
        absent=(*data.get("absent", ()), *_absent(data["parts"], parts)),
        tokenizers_from=data.get("tokenizers_from", ""),
    )


def _parts(
    architecture: Architecture, described: Mapping[str, Mapping[str, Any]]
) -> dict[str, FolderPart]:
    parts: dict[str, FolderPart] = {}
    for part, placement in architecture.placements.items():
        if described.get(part):
            data = family_files.merged(placement.component.diffusers, described[part])
            parts[part] = _part(placement, data)
        elif part != "clip_vision":
            raise PlanError(
                f"It is not known how diffusers keeps {part_name(part)} of {architecture.name}.",
                "Say it in the file of the family, below [diffusers.parts].",
            )
    return parts


def _absent(
    described: Mapping[str, Mapping[str, Any]], parts: Mapping[str, FolderPart]
) -> Iterator[str]:
    """Name the folders that the pipeline has and this family does not."""
    taken = {part.folder for part in parts.values()}
    for part, data in described.items():
        if data and part not in parts and data["folder"] not in taken:
            yield from (data["folder"], tokenizer_folder(data["folder"]))


def in_folder(architecture: Architecture) -> Architecture:
    """Return the family with its parts where they stand in a diffusers folder.

    Their prefixes are those that the parts have when the folder is read: ``unet.conv_in.weight``.

    Raises:
        PlanError: as ``layout_of``.
    """
    parts = layout_of(architecture).parts
    return replace(
        architecture,
        unet=parts["unet"].placement,
        text_encoders={part: parts[part].placement for part in architecture.text_encoders},
        vae=parts["vae"].placement if architecture.vae else None,
        clip_vision=None,
        markers={},
        metadata={},
        kept_metadata=(),
        warning="",
    )


def _known() -> list[str]:
    tables = (family_files.toml(f"{_FOLDER}/{name}") for name in data_files.names(_FOLDER, ".toml"))
    return [table["name"] for table in tables if "name" in table]


def _complete(data: Mapping[str, Any]) -> Mapping[str, Any]:
    if "like" not in data:
        return data
    return family_files.merged(_complete(family_files.toml(f"{_FOLDER}/{data['like']}.toml")), data)


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != ""}


def _part(placement: Placement, data: Mapping[str, Any]) -> FolderPart:
    folder = data["folder"]
    component = placement.component
    keys = component.specs()
    omit = frozenset(key for key in keys if key.startswith(tuple(data.get("omit", ()))))
    form = data.get("form", "")
    own = Placement(component, f"{folder}.", form, _rules(component, form), omit, {})
    return FolderPart(
        folder=folder,
        kind=Kind(data.get("library", "diffusers"), data["class"], _kept(data.get("config", {}))),
        placement=replace(own, optional=placement.optional),
        tokenizer=data.get("tokenizer", ""),
    )


def _rules(component: Component, form: str) -> tuple[Rule, ...]:
    """Return the rules to a spelling; none where the part has ComfyUI's own alone."""
    found = next((item for item in component.forms if item.name == form), None)
    return inverse(found.rules) if found else ()
