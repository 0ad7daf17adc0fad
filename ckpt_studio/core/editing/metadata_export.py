"""What can be taken out of metadata as a text of its own: a workflow, or prompts and settings."""

from ckpt_studio.core.generation import as_infotext, may_be_graph, read_generation
from ckpt_studio.core.json_values.json_text import escaped
from ckpt_studio.core.metadata import Metadata

_GRAPHS = ("workflow", "prompt")
_PROMPTS = ("parameters", "invokeai_metadata", "sd-metadata", "Dream", "sui_image_params")


def workflow_key(metadata: Metadata) -> str:
    """Return the key of the workflow, or of the prompt in the format of ComfyUI's API, or ``""``.

    A quick look: a damaged value may be taken for one.
    """
    return next((key for key in _GRAPHS if may_be_graph(metadata.get(key, ""))), "")


def may_hold_prompts(metadata: Metadata) -> bool:
    """Whether it is worth to look for prompts; quick."""
    return bool(workflow_key(metadata)) or any(key in metadata for key in _PROMPTS)


def workflow_text(metadata: Metadata) -> str:
    """Return the workflow as it is stored, ``""`` where there is none.

    Characters that deceive are escaped, which means the same in JSON.
    """
    key = workflow_key(metadata)
    return escaped(metadata[key]) if key else ""


def prompts_text(metadata: Metadata) -> str:
    """Return prompts and settings in the form of A1111, ``""`` where there are none."""
    info = read_generation(dict(metadata))
    if not (info.positive or info.negative or info.parameters):
        return ""
    return (info.infotext or as_infotext(info)) + "\n"
