"""From the texts of a picture to how it was generated: the first program that knows its own."""

from collections.abc import Callable, Mapping
from typing import Any

from ckpt_studio.core.generation import (
    easy_diffusion,
    fooocus,
    infotext,
    invokeai,
    novelai,
    swarmui,
    wangp,
)
from ckpt_studio.core.generation.comfyui import read_graphs
from ckpt_studio.core.generation.info import GenerationInfo, Said
from ckpt_studio.core.generation.values import compact, object_in

_Reader = Callable[[Mapping[str, str]], Said | None]

_BEFORE: tuple[_Reader, ...] = (swarmui.read,)
_AFTER: tuple[_Reader, ...] = (
    invokeai.read,
    novelai.read,
    fooocus.read,
    easy_diffusion.read,
    wangp.read,
)
_HIDDEN = "stealth_"
_INFOTEXTS = (
    *("parameters", "UserComment", "comment", "ImageDescription", "description", "title"),
)


def read_generation(texts: Mapping[str, str]) -> GenerationInfo:
    """Return how a picture was made, from its texts by name (``ux.md`` 5.3).

    Nothing known gives an empty value, never an error; ``problems`` says what could not be used.
    """
    found = _uncovered(texts)
    graphs = read_graphs(found)
    own = _first(_BEFORE, found)
    said = own or _with_prompts(graphs.said) or _first(_AFTER, found) or _infotext(found)
    said = said or graphs.said or Said("")
    written = next((one for one in (own, _infotext(found), said) if one and _complete(one)), None)
    return GenerationInfo(
        said.program,
        said.positive,
        said.negative,
        said.parameters,
        graphs.workflow,
        graphs.prompt,
        graphs.extra,
        infotext.kept(written) if written else "",
        dict(texts),
        (*graphs.problems, *said.problems),
    )


def _uncovered(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Put texts hidden in pixels where the program would have written them."""
    plain = {name: text for name, text in texts.items() if not name.startswith(_HIDDEN)}
    for name, text in texts.items():
        if name.startswith(_HIDDEN):
            return {**plain, **(_hidden(object_in(text)) or {"parameters": text})}
    return plain


def _hidden(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a hidden object; graphs may be objects in it, and what is beside them."""
    graphs = any(isinstance(values.get(key), dict) for key in ("prompt", "workflow"))
    inner = {key: value for key, value in values.items() if isinstance(value, str)}
    if not graphs:
        return inner
    held = {key: value for key, value in values.items() if isinstance(value, dict | list)}
    return inner | {key: compact(value) for key, value in held.items()}


def _first(readers: tuple[_Reader, ...], texts: Mapping[str, str]) -> Said | None:
    return next((said for read in readers if (said := read(texts)) is not None), None)


def _with_prompts(said: Said | None) -> Said | None:
    return said if said and (said.positive or said.negative) else None


def _complete(said: Said) -> bool:
    """Whether there is more than one prompt, which would be no text of A1111."""
    return bool(said.parameters or (said.infotext and said.negative))


def _infotext(texts: Mapping[str, str]) -> Said | None:
    """Return the text of A1111; elsewhere than in ``parameters`` only with its parameters."""
    for name in _INFOTEXTS:
        text = texts.get(name, "")
        if text.strip() and text.lstrip()[:1] != "{":
            said = infotext.said(text)
            if said.parameters or name == "parameters":
                return said
    return None
