"""Metadata edits as values: each takes a mapping and returns a new one, keeping its order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from ckpt_studio.core.plain_text import one_line

Metadata = Mapping[str, str]

_TITLE = 60  # characters of a key in the Undo menu

LOCKED_KEYS: Mapping[str, str] = {
    "config": "LTX models and VAEs read their layout from it",
    "_quantization_metadata": "quantised weights cannot be decoded without it",
    "format": "transformers refuses files without it",
    "modelspec.architecture": "A1111, Forge and ComfyUI show or choose the model type by it",
    "modelspec.implementation": "Forge reads it to tell LoRA types apart",
    "ss_base_model_version": "Forge reads it to tell LoRA types apart",
    "ss_v2": "Forge reads it to tell LoRA types apart",
    "ss_output_name": "Forge shows a LoRA under this name",
    "sshs_model_hash": "A1111 and Civitai identify a LoRA by it",
}
"""Keys that loaders depend on, with what breaks without them (``ux.md`` 0.7)."""


@dataclass(frozen=True, slots=True)
class SetValue:
    """Set one key, adding it when it is new."""

    key: str
    value: str

    @property
    def title(self) -> str:
        """Short text for the Undo menu."""
        return f"Set {one_line(self.key, _TITLE)}"

    def apply(self, metadata: Metadata) -> Metadata:
        """Return the mapping with the key set."""
        return {**metadata, self.key: self.value}


@dataclass(frozen=True, slots=True)
class RemoveKeys:
    """Remove keys; keys that are not there are ignored."""

    keys: frozenset[str]

    @property
    def title(self) -> str:
        """Short text for the Undo menu."""
        return (
            f"Remove {one_line(next(iter(self.keys)), _TITLE)}"
            if len(self.keys) == 1
            else f"Remove {len(self.keys)} keys"
        )

    def apply(self, metadata: Metadata) -> Metadata:
        """Return the mapping without the keys."""
        return {key: value for key, value in metadata.items() if key not in self.keys}


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Give one key another name; its place stays.

    A key that exists already under the new name is refused by whoever makes the edit.
    """

    old: str
    new: str

    @property
    def title(self) -> str:
        """Short text for the Undo menu."""
        return f"Rename {one_line(self.old, _TITLE)}"

    def apply(self, metadata: Metadata) -> Metadata:
        """Return the mapping with the key renamed."""
        return {self.new if key == self.old else key: value for key, value in metadata.items()}


@dataclass(frozen=True, slots=True)
class ReplaceAll:
    """Set several keys in one step (paste, find and replace, import)."""

    values: Mapping[str, str] = field(default_factory=dict)
    label: str = "Change several values"

    @override
    def __eq__(self, other: object) -> bool:
        """Whether another one does the same: new keys come in the order of ``values``."""
        if not isinstance(other, ReplaceAll):
            return NotImplemented
        mine, others = list(self.values.items()), list(other.values.items())
        return (mine, self.label) == (others, other.label)

    __hash__ = None  # type: ignore[assignment]  # a mapping has none

    @property
    def title(self) -> str:
        """Short text for the Undo menu."""
        return self.label

    def apply(self, metadata: Metadata) -> Metadata:
        """Return the mapping with all the values set."""
        return {**metadata, **self.values}


Edit = SetValue | RemoveKeys | RenameKey | ReplaceAll


def apply_all(edits: tuple[Edit, ...], metadata: Metadata) -> Metadata:
    """Return the mapping after all edits, in order."""
    for edit in edits:
        metadata = edit.apply(metadata)
    return metadata
