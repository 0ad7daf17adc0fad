"""What to take over from a picture or a video, a JSON text or another checkpoint, by key."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ckpt_studio.core.editing.metadata_rules import check_key
from ckpt_studio.core.editing.modelspec import PREFIX
from ckpt_studio.core.generation.api_graph import is_api_graph
from ckpt_studio.core.generation.info import GenerationInfo
from ckpt_studio.core.generation.ui_graph import is_ui_graph
from ckpt_studio.core.generation.values import as_text, compact, object_in, parsed
from ckpt_studio.core.header_size import entry_bytes
from ckpt_studio.core.metadata import LOCKED_KEYS, Edit, Metadata, ReplaceAll

THUMBNAIL_KEY = f"{PREFIX}thumbnail"
THUMBNAIL_SIDE = 256
"""Pixels of width and height that the model specification asks for (``ux.md`` 5.5)."""

THUMBNAIL_QUALITY = 85
"""Quality of the JPEG, from 0 to 100 (``ux.md`` 5.5)."""

_USAGE_HINT = f"{PREFIX}usage_hint"
_OF_THE_TENSORS = frozenset(
    {
        *(PREFIX + name for name in ("hash_sha256", "predict_key", "prediction_type")),
        *(PREFIX + name for name in ("sai_model_spec", "unet_dtype", "vae_dtype")),
        "sshs_legacy_hash",
    }
)
"""Keys that tell about the tensors they came with, besides those that loaders need."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A key to set: its new value, whether to set it unless told otherwise, and why.

    ``replaces`` is the value that the key has now, None when it is new.
    """

    key: str
    value: str
    ticked: bool
    replaces: str | None = None
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes that the entry takes in the header."""
        return entry_bytes(self.key, self.value)

    @property
    def changes(self) -> bool:
        """Whether setting it would change anything."""
        return self.value != self.replaces


def from_generation(info: GenerationInfo, metadata: Metadata) -> tuple[Proposal, ...]:
    """Return what a picture, a video or a sound offers to metadata (``ux.md`` 4, 3 and 5.5).

    The graphs go where CheckpointSave writes them (``comfyui.md`` 1.2). The text of A1111 is
    ticked only when there is no graph; ComfyUI would build one from it.
    """
    graph = bool(info.workflow or info.prompt)
    offered = (
        ("workflow", info.workflow, True, "ComfyUI opens this graph when the file is dropped."),
        ("prompt", info.prompt, True, "The graph as it ran, without its layout."),
        *((key, text, True, "Saved beside the graph.") for key, text in info.extra.items()),
        (
            "parameters",
            info.infotext,
            not graph,
            _note_of(info.infotext),
        ),
        (_USAGE_HINT, info.positive, False, "The prompt, as a tip how to use the model."),
    )
    return tuple(_proposals(offered, metadata))


def _note_of(infotext: str) -> str:
    if "\nSteps:" not in infotext:
        return "The prompts as A1111 writes them, without settings."
    return "Prompts and settings as A1111 writes them; ComfyUI builds a graph from them."


def from_metadata(other: Metadata, metadata: Metadata) -> tuple[Proposal, ...]:
    """Return what the metadata of another file offer.

    What is true of that file only, or needed by loaders, is not ticked.
    """
    return tuple(
        _proposals(((key, value, *_of_other(key)) for key, value in other.items()), metadata)
    )


def from_json(text: str, metadata: Metadata) -> tuple[Proposal, ...]:
    """Return what a JSON text offers.

    It may be a graph that ComfyUI exported, in either of its formats, the request that its window
    sends (``{"prompt", "extra_data"}``), or metadata as an object, such as ``meta export`` writes.

    Raises:
        ValueError: half a sentence that says why it offers nothing.
    """
    value = parsed(text)
    if is_ui_graph(value):
        return from_generation(GenerationInfo(workflow=compact(value)), metadata)
    if is_api_graph(value):
        return from_generation(GenerationInfo(prompt=compact(value)), metadata)
    if not isinstance(value, dict):
        raise ValueError("holds neither a graph nor metadata")  # noqa: TRY004 - wrong text, not a wrong type
    if is_api_graph(_graph(value.get("prompt"))) or is_ui_graph(_graph(value.get("workflow"))):
        return from_generation(_request(value), metadata)
    inner = value.get("__metadata__")
    entries = inner if isinstance(inner, dict) else value
    offered = from_metadata({key: as_text(item) for key, item in entries.items()}, metadata)
    if not offered:
        raise ValueError("holds neither a graph nor metadata")
    return offered


def thumbnail(picture: bytes, metadata: Metadata, kind: str = "jpeg") -> Proposal:
    """Return the proposal for a preview picture.

    ``picture`` is an encoded JPEG or PNG, cut to the square in its middle and scaled to
    THUMBNAIL_SIDE by whoever can decode it.
    """
    value = f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
    note = "ComfyUI's model library and others show it."
    return Proposal(
        THUMBNAIL_KEY, value, ticked=True, replaces=metadata.get(THUMBNAIL_KEY), note=note
    )


def edits(proposals: Iterable[Proposal], label: str = "Import") -> tuple[Edit, ...]:
    """Return one edit that sets all the ticked proposals, none where nothing would change."""
    values = {one.key: one.value for one in proposals if one.ticked and one.changes}
    return (ReplaceAll(values, label),) if values else ()


def _proposals(
    offered: Iterable[tuple[str, str, bool, str]], metadata: Metadata
) -> Iterator[Proposal]:
    seen: set[str] = set()
    for key, value, ticked, note in offered:
        if value and key not in seen and _is_key(key):
            seen.add(key)
            yield Proposal(key, value, ticked, metadata.get(key), note)


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except ValueError:
        return False
    return True


def _of_other(key: str) -> tuple[bool, str]:
    if key in LOCKED_KEYS:
        return False, f"It describes the other file: {LOCKED_KEYS[key]}."
    if key in _OF_THE_TENSORS:
        return False, "It describes the tensors of the other file."
    return True, ""


def _graph(value: Any) -> Any:
    return object_in(value) if isinstance(value, str) else value


def _request(value: Mapping[str, Any]) -> GenerationInfo:
    """Return the graphs of an object that names them, and of the request of ComfyUI's window."""
    data = value.get("extra_data")
    named = value.get("extra_pnginfo")
    if not isinstance(named, dict):
        named = data.get("extra_pnginfo") if isinstance(data, dict) else None
    named = dict(named) if isinstance(named, dict) else {}
    workflow = named.pop("workflow", None) or value.get("workflow")
    prompt = _graph(value.get("prompt"))
    return GenerationInfo(
        workflow=compact(_graph(workflow)) if is_ui_graph(_graph(workflow)) else "",
        prompt=compact(prompt) if is_api_graph(prompt) else "",
        extra={key: compact(item) for key, item in named.items() if key != "prompt"},
    )
