"""What other programs take from the metadata of a file, and what keeps them from it.

Facts: ``ux.md`` 0.5, 0.7–0.9, 1c and 5.5; ``merging.md`` 3.1 and 3.4; what is dropped on the canvas
also as ComfyUI's front ends 1.28 to 1.58 read it.
"""

from dataclasses import dataclass
from typing import Any

from ckpt_studio.core.header_size import MIB
from ckpt_studio.core.json_values import json_sharing
from ckpt_studio.core.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a program takes: from which key, and why it does not where it does not.

    ``key`` is ``""`` where there is nothing to take.
    """

    program: str
    what: str
    key: str
    value: str = ""
    problem: str = ""


LIBRARY = "ComfyUI, model library"
CANVAS = "ComfyUI, dropped on the canvas"
WEBUI = "A1111 and Forge"
CIVITAI = "Civitai"

_LIBRARY_LIMIT, _OLD_CANVAS_LIMIT, _CANVAS_LIMIT = 1 * MIB, 4 * MIB, 8 * MIB
_LIBRARY_WORDS = ("title", "author", "description", "tags", "image", "icon", "name")
_MODELSPEC_SHOWN = ("resolution", "usage_hint", "trigger_phrase", "thumbnail", "architecture")


def readings(metadata: Metadata, header_bytes: int) -> tuple[Reading, ...]:
    """Return what ComfyUI, A1111, Forge and Civitai read from a file with a header of this size."""
    return (
        *_library(metadata, header_bytes),
        _canvas(metadata, header_bytes),
        *_webui(metadata),
        *_civitai(metadata),
    )


def _library(metadata: Metadata, header_bytes: int) -> list[Reading]:
    too_long = "" if header_bytes <= _LIBRARY_LIMIT else "The header is over 1 MiB; nothing is read"
    found = {
        word: next((key for key in metadata if key.endswith(word)), "") for word in _LIBRARY_WORDS
    }
    for word in _MODELSPEC_SHOWN:
        key = f"modelspec.{word}"
        found[word] = key if key in metadata else ""
    return [
        Reading(LIBRARY, word.replace("_", " "), key, metadata[key], too_long)
        for word, key in found.items()
        if key
    ] or [Reading(LIBRARY, "nothing but the name of the file", "", problem=too_long)]


def _canvas(metadata: Metadata, header_bytes: int) -> Reading:
    key = next((key for key in ("workflow", "prompt", "parameters") if _opens(key, metadata)), "")
    if not key:
        broken = "workflow" in metadata or metadata.get("prompt")
        return Reading(CANVAS, "no workflow", "", problem="It is not valid JSON" if broken else "")
    problem = _canvas_problem(key, metadata, header_bytes)
    what = {
        "workflow": "the workflow",
        "prompt": "a workflow built from the prompt",
        "parameters": "a workflow built from the A1111 text",
    }
    return Reading(CANVAS, what[key], key, metadata[key], problem)


def _canvas_problem(key: str, metadata: Metadata, header_bytes: int) -> str:
    if header_bytes > _CANVAS_LIMIT:
        return "The header is over 8 MiB; it is not opened"
    if header_bytes > _OLD_CANVAS_LIMIT:
        return "The header is over 4 MiB; front ends up to 1.58 do not open it"
    if key == "parameters" and "\nNegative prompt:" not in metadata[key]:
        return "It has no line ‘Negative prompt:’; older front ends do not open it"
    return ""


def _opens(key: str, metadata: Metadata) -> bool:
    """Whether the canvas can make a workflow of a key, as its steps of loading do."""
    value = metadata.get(key, "")
    if key == "parameters":
        return "\nSteps:" in value
    graph = _parsed(value)
    if not isinstance(graph, dict) or not graph:
        return False
    return key == "workflow" or all(
        isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs"), dict)
        for node in graph.values()
    )


def _parsed(text: str) -> Any:
    try:
        return json_sharing.loads(text)
    except (ValueError, RecursionError):
        return None


def _webui(metadata: Metadata) -> list[Reading]:
    shown = {
        "modelspec.thumbnail": "the preview picture",
        "sd_merge_recipe": "the merge recipe",
        "sd_merge_models": "the models it was merged from",
        "ss_output_name": "the name of a LoRA",
        "ss_tag_frequency": "the words a LoRA was trained with",
        "sshs_model_hash": "the hash of a LoRA",
    }
    found = [
        Reading(WEBUI, what, key, metadata[key]) for key, what in shown.items() if key in metadata
    ]
    rest = len(metadata) - len(found)
    return [*found, Reading(WEBUI, "all keys, as a list to read", "", str(rest))] if rest else found


def _civitai(metadata: Metadata) -> list[Reading]:
    stored = metadata.get("sshs_model_hash")
    readings = [
        Reading(CIVITAI, "SHA-256 and AutoV2", "", "changed by every edit of the metadata"),
        Reading(CIVITAI, "AutoV3", "", "not changed by edits of the metadata"),
    ]
    if stored:
        readings[1] = Reading(CIVITAI, "AutoV3, as the file says it", "sshs_model_hash", stored)
    return readings
