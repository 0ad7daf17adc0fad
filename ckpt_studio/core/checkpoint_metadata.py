"""The metadata of a saved checkpoint: what CheckpointSave writes, and what the user added."""

from ckpt_studio.core.architecture import Architecture
from ckpt_studio.core.metadata import apply_all
from ckpt_studio.core.recipe import MetadataChoice


def checkpoint_metadata(
    architecture: Architecture, choice: MetadataChoice, title: str
) -> dict[str, str]:
    """Return the metadata in ComfyUI's order (``comfyui.md`` 1.2), the user's edits last.

    ``format`` is ours: transformers and diffusers refuse files without it.
    """
    metadata = {key: text.replace("{title}", title) for key, text in architecture.metadata.items()}
    metadata["prompt"] = choice.prompt
    metadata.update(choice.extra_pnginfo)
    metadata.setdefault("format", "pt")
    return dict(apply_all(choice.edits, metadata))
