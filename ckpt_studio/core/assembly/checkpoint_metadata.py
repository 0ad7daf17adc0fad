"""The metadata of a saved checkpoint: what CheckpointSave writes, and what the user added."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.metadata import SetValue, apply_all
from ckpt_studio.core.recipe import MetadataChoice


def checkpoint_metadata(
    architecture: Architecture,
    choice: MetadataChoice,
    title: str,
    sources: Sequence[Mapping[str, str]] = (),
) -> dict[str, str]:
    """Return the metadata in ComfyUI's order (``comfyui.md`` 1.2), the user's edits last.

    ``sources`` are the metadata of the files the checkpoint is made of; settings of the model are
    kept (``comfyui.md`` 2.4).

    ``format`` is ours: transformers and diffusers refuse files without it.
    """
    metadata = {key: text.replace("{title}", title) for key, text in architecture.metadata.items()}
    metadata["prompt"] = choice.prompt
    metadata.update(choice.extra_pnginfo)
    for key in architecture.kept_metadata:
        if texts := [source[key] for source in sources if key in source]:
            metadata.setdefault(key, _joined(texts))
    metadata.setdefault("format", "pt")
    return dict(apply_all(choice.edits, metadata))


def as_edits(choice: MetadataChoice) -> MetadataChoice:
    """Return the same as edits, for a file that keeps the metadata it has."""
    prompt = (SetValue("prompt", choice.prompt),) if choice.prompt else ()
    extra = (SetValue(key, value) for key, value in choice.extra_pnginfo.items())
    edits = (*prompt, *extra, *choice.edits)
    return replace(choice, prompt="", extra_pnginfo={}, edits=edits)


def _joined(texts: Sequence[str]) -> str:
    """Return the first text; as JSON objects, with what only the others say."""
    if len(set(texts)) == 1:
        return texts[0]
    joined: dict[str, object] = {}
    for text in reversed(texts):
        try:
            value = json.loads(text)
        except ValueError:
            return texts[0]
        if not isinstance(value, dict):
            return texts[0]
        joined |= value
    return json.dumps(joined)
