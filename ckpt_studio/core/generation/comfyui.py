"""ComfyUI: a graph as its window has it, one as its API has it, and other JSON beside them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ckpt_studio.core.generation.api_graph import is_api_graph
from ckpt_studio.core.generation.graph_reading import graph_of
from ckpt_studio.core.generation.info import Said
from ckpt_studio.core.generation.tracing import trace
from ckpt_studio.core.generation.ui_graph import is_ui_graph
from ckpt_studio.core.generation.values import compact, parsed
from ckpt_studio.core.problems import Problem, warning

_KEY = re.compile(r"[A-Za-z_][\w.\- ]{0,60}")
_NOT_EXTRA = {
    *("parameters", "Comment", "UserComment", "comment", "description", "metadata"),
    *("XMP", "XML:com.adobe.xmp"),
}


@dataclass(frozen=True, slots=True)
class Graphs:
    """Compact JSON texts: the two graphs, and other objects by key."""

    workflow: str = ""
    prompt: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    said: Said | None = None
    problems: tuple[Problem, ...] = ()


def read_graphs(texts: Mapping[str, str]) -> Graphs:
    """Return what ComfyUI stored: ``prompt``, ``workflow`` and further keys (``ux.md`` 5.3)."""
    texts = _unpacked(texts)
    problems: list[Problem] = []
    workflow = _value(texts, "workflow", problems)
    prompt = _value(texts, "prompt", problems)
    workflow = workflow if is_ui_graph(workflow) else None
    prompt = prompt if is_api_graph(prompt) else None
    if workflow is None and prompt is None:
        return Graphs(problems=tuple(problems))
    extra = dict(_extra(texts))
    return Graphs(
        "" if workflow is None else compact(workflow),
        "" if prompt is None else compact(prompt),
        extra,
        _said(workflow, prompt),
        tuple(problems),
    )


def _unpacked(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Some save one object with both graphs: as a comment, or as the metadata of an SVG."""
    for name in ("UserComment", "comment", "metadata"):
        text = texts.get(name, "")
        if text.lstrip()[:1] != "{" or not ('"prompt"' in text or '"workflow"' in text):
            continue
        try:
            value = parsed(text)
        except ValueError:
            continue
        found = {key: value[key] for key in ("prompt", "workflow") if key in value}
        return {**texts, **{key: _as_json(graph) for key, graph in found.items()}}
    return texts


def _as_json(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def _value(texts: Mapping[str, str], key: str, problems: list[Problem]) -> Any:
    text = texts.get(key, "").strip()
    if not text.startswith("{"):
        return None  # other programs store a plain prompt under this name
    try:
        return parsed(text)
    except ValueError as error:
        problems.append(
            warning(
                f"‘{key}’ cannot be used: it {error}.",
                "The file may have been damaged or changed by another program.",
            )
        )
        return None


def _extra(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return other JSON texts: ComfyUI stores every key of ``extra_pnginfo`` as one."""
    for key, text in texts.items():
        if key in {"prompt", "workflow", *_NOT_EXTRA} or not _KEY.fullmatch(key):
            continue
        if text.lstrip()[:1] not in {"{", "[", '"'}:
            continue
        try:
            yield key, compact(parsed(text))
        except ValueError:
            continue


def _said(workflow: Any, prompt: Any) -> Said:
    """Take prompts from the graph that names its values, else from the other one."""
    for value in (prompt, workflow):
        graph = graph_of(value)
        if graph is not None:
            positive, negative, parameters = trace(graph)
            if positive or negative or parameters:
                return Said("ComfyUI", positive, negative, parameters)
    return Said("ComfyUI")
