"""What a file is, where it belongs and what it lacks, as short texts for people."""

from dataclasses import dataclass

from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.separate_files import folder_of
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder, part_name
from ckpt_studio.core.recipe import Assemble
from ckpt_studio.core.recognition import FoundPart, Opened, dtype_bytes
from ckpt_studio.core.text import counted

_FOLDERS = {  # `comfyui.md` 3: folders below ComfyUI's ``models`` and the loaders that read them
    "checkpoint": "checkpoints",
    "lora": "loras",
    "controlnet": "controlnet",
    "embedding": "embeddings",
}


@dataclass(frozen=True, slots=True)
class PartDetails:
    """One part: its name, how its keys are spelled, its tensors, bytes, types, and what is wrong.

    ``precisions`` are element types with their bytes, the largest first.
    """

    part: str
    name: str
    form: str
    tensors: int
    bytes: int
    precisions: dict[str, int]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """A description of an opened file; ``folder`` is below ComfyUI's ``models``, "" if unknown."""

    title: str
    kind: str
    evidence: tuple[str, ...]
    parts: tuple[PartDetails, ...]
    precisions: dict[str, int]
    folder: str
    lacks: tuple[str, ...]


def describe(opened: Opened) -> Details:
    """Return what is known of a file from its header."""
    checkpoint, found = opened.checkpoint, opened.recognition
    return Details(
        title=found.name,
        kind=_kind(opened),
        evidence=found.evidence,
        parts=tuple(_part(opened, part) for part in found.parts),
        precisions=dtype_bytes(checkpoint, tuple(checkpoint.tensors)),
        folder=folder(opened),
        lacks=lacks(opened),
    )


def folder(opened: Opened) -> str:
    """Return the folder below ComfyUI's ``models`` that a file belongs into, "" if unknown."""
    found = opened.recognition
    if opened.checkpoint.container == "diffusers":
        return "diffusers"
    if found.kind in _FOLDERS:
        return _FOLDERS[found.kind]
    parts = slots.offered(opened)
    return folder_of(parts[0]) if len(parts) == 1 else "checkpoints" if parts else ""


def lacks(opened: Opened) -> tuple[str, ...]:
    """Return the parts that a file lacks to be a whole checkpoint; () when it has no model."""
    found = opened.recognition
    if found.find("unet") is None or found.architecture is None:
        return ()
    path = opened.checkpoint.path
    wanted = slots.needed(family(found.architecture), Assemble(base=path), {path: opened})
    held = set(slots.offered(opened))
    anything = any(is_text_encoder(part) for part in held)
    return tuple(
        part_name(part)
        for part in wanted
        if part not in held and not (part == ANY_TEXT_ENCODER and anything)
    )


def _kind(opened: Opened) -> str:
    kind = opened.recognition.kind
    parts = slots.offered(opened)
    if kind == "part" and len(parts) == 1:
        return part_name(parts[0])
    names = {
        "checkpoint": "Checkpoint",
        "lora": "LoRA",
        "controlnet": "ControlNet",
        "embedding": "Embedding",
        "part": "Parts of a model",
    }
    return names.get(kind, "Tensors")


def _part(opened: Opened, part: FoundPart) -> PartDetails:
    return PartDetails(
        part=part.part,
        name=part_name(part.part),
        form=part.form,
        tensors=len(part.names),
        bytes=part.bytes(opened.checkpoint),
        precisions=part.dtypes(opened.checkpoint),
        wrong=_wrong(part),
    )


def _wrong(part: FoundPart) -> str:
    said = []
    if part.missing:
        said.append(f"{counted(len(part.missing), 'tensor')} missing")
    if part.unexpected:
        said.append(f"{counted(len(part.unexpected), 'tensor')} too many")
    return ", ".join(said)
