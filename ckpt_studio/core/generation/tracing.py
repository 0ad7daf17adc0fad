"""Prompts and parameters of a ComfyUI graph, found by going back from the node that samples.

Nothing is known of most nodes but the names of their inputs, so those decide: texts come from
inputs called like text, conditioning is followed through everything that is no model or picture.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ckpt_studio.core.generation.graph import Graph, GraphNode, Link
from ckpt_studio.core.generation.info import Parameters
from ckpt_studio.core.generation.switches import has_cases, taken, taken_text
from ckpt_studio.core.generation.values import as_text

_POSITIVE = ("positive", "conditioning", "cond1")
_NEGATIVE = ("negative",)
_NO_CONDITIONING = re.compile(
    r"model|clip|vae|image|latent|samples|pixels|mask|control_net|noise|sigmas|sampler|width|height"
    r"|seed|steps|cfg|strength|percent|guidance$|lora",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"(?:.*_)?(?:text|prompt|string|value|source|text_[glh]|clip_[glh]|t5xxl|llama|positive|negative)"
    r"(?:_?[0-9a-e])?",
    re.IGNORECASE,
)
_ENCODER_TEXT = re.compile(
    r"(?:.*[_.])?(?:text|prompt)(?:_[glh])?|clip_[glh]|t5xxl|llama|tags|lyrics|caption",
    re.IGNORECASE,
)
_NEGATIVE_NAME = re.compile("negative|neg_", re.IGNORECASE)
_SYSTEM = re.compile("system", re.IGNORECASE)  # tells a language model how to answer
_UNNAMED = re.compile(r"value \d+")
_WORDS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{2}|[^\W\d_][^\s_]*(?=\s|$)")
_FEWEST_WORDS = 4  # of a prompt; names and choices are shorter
_NO_PROSE = re.compile("note|math|regex|sigmas|shader|config", re.IGNORECASE)
_LORA = re.compile(r"lora_name(?:_\d+)?")
_NOTHING = ("ConditioningZeroOut",)
_WILDCARDS, _POPULATED = "wildcard_text", "populated_text"
_MOST_VISITS = 5_000
_MOST_SAMPLERS = 16
_MOST_NEAR, _MOST_TEXTS, _MOST_SOURCES = 64, 32, 500
"""Nodes that may make a result by themselves, texts of a node, and nodes that lead to a text."""

Traced = tuple[str, str, Parameters]


def trace(graph: Graph) -> Traced:
    """Return the positive and the negative prompt and the parameters of the first sampling."""
    samplers = _samplers(graph)
    for sampler in samplers:
        positive, negative = _prompts(graph, sampler)
        if positive or negative:
            return _told_apart(positive, negative, _parameters(graph, sampler))
    parameters = _parameters(graph, samplers[0]) if samplers else ()
    return _told_apart(*_asked_for(graph), parameters)


def _told_apart(positive: str, negative: str, parameters: Parameters) -> Traced:
    """A text that both sides get is what is wanted; models without guidance get it so."""
    return positive, "" if negative == positive else negative, parameters


def _asked_for(graph: Graph) -> tuple[str, str]:
    """Return the prompts of the node nearest to a result that has some.

    Services and the nodes of many new models sample by themselves.
    """
    used = {link.node for node in graph.nodes.values() for link in node.inputs.values()}
    ends = [node for node in graph.nodes.values() if node.active and node.id not in used]
    results = sorted((node for node in ends if node.inputs), key=_shows_text)
    for node in islice(_back(graph, [Link(node.id) for node in results]), _MOST_NEAR):
        positive = "\n".join(_texts_at(graph, node, _POSITIVE) or ())
        if positive and node.active:
            return positive, "\n".join(_texts_at(graph, node, _NEGATIVE) or ())
    return "", ""


def _shows_text(node: GraphNode) -> bool:
    return node.kind == "PreviewAny" or "text" in node.kind.lower()


def _samplers(graph: Graph) -> list[GraphNode]:
    """Return the nodes that sample, those first that work on no result of another one."""
    nodes = [node for node in graph.nodes.values() if node.active]
    pairs = [node for node in nodes if {"positive", "negative"} <= node.inputs.keys()]
    either = [node for node in nodes if {"positive", "negative"} & node.inputs.keys()]
    named = [node for node in either if "sampler" in node.kind.lower()]
    guided = [node for node in nodes if "guider" in node.inputs]
    sampling = (named + guided or pairs)[:_MOST_SAMPLERS]
    ids = {node.id for node in sampling}
    return sorted(sampling, key=lambda node: _sampled_before(graph, node, ids))


def _sampled_before(graph: Graph, sampler: GraphNode, ids: set[str]) -> bool:
    """Whether another sampling comes before, along the latent picture."""
    starts = [link for name, link in sampler.inputs.items() if "latent" in name or "image" in name]
    return any(node.id in ids for node in _back(graph, starts))


def _back(graph: Graph, starts: list[Link]) -> Iterator[GraphNode]:
    """Return every node that leads to some links, the nearest first."""
    waiting = deque(link.node for link in starts)
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_VISITS:
        name = waiting.popleft()
        node = graph.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        yield node
        waiting.extend(link.node for link in node.inputs.values())


def _prompts(graph: Graph, sampler: GraphNode) -> tuple[str, str]:
    node = graph.source(sampler.inputs.get("guider")) or sampler
    return (
        "\n".join(_conditioning(graph, node, _POSITIVE)),
        "\n".join(_conditioning(graph, node, _NEGATIVE)),
    )


def _conditioning(graph: Graph, start: GraphNode, names: tuple[str, ...]) -> list[str]:
    """Return the texts of one polarity that lead to a node, in the order of its inputs."""
    texts: dict[str, None] = {}
    waiting = [start.inputs[name] for name in names if name in start.inputs][:1]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_VISITS:
        link = waiting.pop()
        node = graph.source(link)
        if node is None or node.id in seen or node.kind in _NOTHING:
            continue
        seen.add(node.id)
        found = _texts_at(graph, node, names)
        texts.update(dict.fromkeys(found or ()))
        if found is None:
            waiting.extend(reversed(_following(graph, node, names)))
    return list(texts)


def _following(graph: Graph, node: GraphNode, names: tuple[str, ...]) -> list[Link]:
    """Return the links of a node that can carry conditioning of one polarity."""
    own = [node.inputs[name] for name in names if name in node.inputs]
    if own and ("negative" in node.inputs or names == _NEGATIVE):
        return own
    if has_cases(node):
        return taken(graph, node)
    return [link for name, link in node.inputs.items() if not _NO_CONDITIONING.search(name)]


def _texts_at(graph: Graph, node: GraphNode, names: tuple[str, ...]) -> list[str] | None:
    """Return the texts that a node encodes, None when it is none that does."""
    wanted = _of_polarity(node, names)
    if not wanted:
        return None
    texts = (_text_of(graph, node, name) for name in wanted[:_MOST_TEXTS])
    return list(dict.fromkeys(text for text in texts if text.strip()))


def _of_polarity(node: GraphNode, names: tuple[str, ...]) -> list[str]:
    """Return the inputs of a node that hold texts to encode, of one polarity where it has both."""
    encoded = [
        name
        for name in (*node.values, *node.inputs)
        if _ENCODER_TEXT.fullmatch(name) and isinstance(node.values.get(name, ""), str)
        if name != _unused(node) and not _SYSTEM.search(name)
    ] or list(_unnamed(node))
    written = [name for name in ("positive", "negative") if isinstance(node.values.get(name), str)]
    negative = [name for name in (*encoded, *written) if _NEGATIVE_NAME.search(name)]
    if not negative:
        return [*encoded, *written]
    if names == _NEGATIVE:
        return negative
    return [name for name in (*encoded, *written) if name not in negative]


def _unnamed(node: GraphNode) -> Iterator[str]:
    """Return the first value of unknown name that reads like a prompt; others may be for a model.

    An encoder has no others.
    """
    if _NO_PROSE.search(node.kind):
        return iter(())
    found = (
        name
        for name, value in node.values.items()
        if _UNNAMED.fullmatch(name) and isinstance(value, str) and _is_prose(value[:1000])
    )
    return found if "textencode" in node.kind.lower() else islice(found, 1)


def _is_prose(text: str) -> bool:
    """Whether a text has some words, not all of them names with capitals."""
    words = _WORDS.findall(text)
    return len(words) >= _FEWEST_WORDS and not all(word[0].isupper() for word in words)


def _text_of(graph: Graph, node: GraphNode, name: str) -> str:
    """Return the text of an input: its own, or that of the nodes it is linked to."""
    if name not in node.inputs:
        return as_text(node.values.get(name))
    texts: list[str] = []
    waiting = [node.inputs[name]]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_SOURCES:
        source = graph.source(waiting.pop())
        if source is None or source.id in seen:
            continue
        seen.add(source.id)
        if has_cases(source):
            texts.extend(taken_text(graph, source))
            waiting.extend(reversed(taken(graph, source)))
            continue
        texts.extend(_literals(source))
        links = [link for key, link in source.inputs.items() if _TEXT.fullmatch(key)]
        waiting.extend(reversed(links))
    return "\n".join(dict.fromkeys(texts))


def _literals(node: GraphNode) -> Iterator[str]:
    unused = _unused(node)
    for name, value in node.values.items():
        text = isinstance(value, str) and value.strip() and name != unused
        if text and _is_text(name, node):
            yield value


def _unused(node: GraphNode) -> str:
    """Return the text of two that does not count: the one with wildcards, or what became of it.

    The nodes of Impact Pack keep both. Unless their mode is to populate, the text that was
    populated may be missing; then the other one counts.
    """
    if not {_WILDCARDS, _POPULATED} <= node.values.keys() | node.inputs.keys():
        return ""
    written = _POPULATED in node.inputs or as_text(node.values.get(_POPULATED)).strip()
    populates = node.values.get("mode") in ("populate", True)
    return _WILDCARDS if written or populates else _POPULATED


def _is_text(name: str, node: GraphNode) -> bool:
    return bool(_TEXT.fullmatch(name)) or (len(node.values) == 1 and name.startswith("value "))


_Test = Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


_WANTED: tuple[tuple[str, tuple[str, ...], _Test], ...] = (
    ("Steps", ("steps",), _number),
    ("Sampler", ("sampler_name",), _word),
    ("Schedule type", ("scheduler",), _word),
    ("CFG scale", ("cfg",), _number),
    ("Guidance", ("guidance",), _number),
    ("Seed", ("seed", "noise_seed"), _number),
    ("Denoising strength", ("denoise",), _number),
    ("Model", ("ckpt_name", "unet_name", "base_ckpt_name"), _word),
    ("VAE", ("vae_name",), _word),
    ("Clip skip", ("stop_at_clip_layer", "clip_skip"), _number),
)


def _parameters(graph: Graph, sampler: GraphNode) -> Parameters:
    """Return what the sampler and the nodes before it set, the nearest first."""
    nodes = [sampler, *_back(graph, list(sampler.inputs.values()))]
    rows: list[tuple[str, str]] = []
    for title, names, test in _WANTED:
        value = next(filter(None, (_set_in(graph, node, names, test) for node in nodes)), "")
        if value:
            rows.append((title, value))
    rows.extend(_size(nodes))
    loras = dict.fromkeys(_loras(nodes))
    return (*rows, *((("LoRA", ", ".join(loras)),) if loras else ()))


def _set_in(graph: Graph, node: GraphNode, names: tuple[str, ...], test: _Test) -> str:
    for name in names:
        value = node.values.get(name)
        source = graph.source(node.inputs.get(name))
        if source is not None:
            value = _only(source, name, test)
        if test(value):
            return as_text(value)
    return ""


def _only(node: GraphNode, name: str, test: _Test) -> Any:
    """Return the value that a node gives to others, None when several could be meant."""
    if test(node.values.get(name)):
        return node.values[name]
    found = [value for value in node.values.values() if test(value)]
    return found[0] if len(found) == 1 else None


def _size(nodes: list[GraphNode]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        width, height = node.values.get("width"), node.values.get("height")
        if _number(width) and _number(height) and "latent" in node.kind.lower():
            yield "Size", f"{as_text(width)}x{as_text(height)}"
            return


def _loras(nodes: list[GraphNode]) -> Iterator[str]:
    for node in nodes:
        for name, value in node.values.items() if node.active else ():
            match value:
                case str() if _LORA.fullmatch(name) and value not in {"", "None"}:
                    strength = node.values.get("strength_model")
                    yield f"{value}: {as_text(strength)}" if _number(strength) else value
                case {"lora": str(lora), "on": True, "strength": strength}:
                    yield f"{lora}: {as_text(strength)}"
                case _:
                    pass
