"""``--image``: prompt and workflow of a new file from a picture, a video or a sound."""

from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from ckpt_studio import engine
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.recipe import MetadataChoice

if TYPE_CHECKING:
    from ckpt_studio.engine import Imported

_NOT_GRAPHS = ("prompt", "parameters")


def with_image(choice: MetadataChoice, arguments: Namespace) -> MetadataChoice:
    """Return the choice with what the file says; what is given by hand goes before it.

    Raises:
        FormatError: the file cannot be read, or does not say how it was made.
    """
    if arguments.image is None:
        return choice
    found = engine.import_media(arguments.image, {})
    require_offers(found)
    keep_problems(found, arguments)
    values = {one.key: one.value for one in found.proposals if one.ticked}
    graphs = {key: value for key, value in values.items() if key not in _NOT_GRAPHS}
    text = values.get("parameters")
    edits = () if text is None else (SetValue("parameters", text),)
    return replace(
        choice,
        prompt=choice.prompt or values.get("prompt", ""),
        extra_pnginfo={**graphs, **choice.extra_pnginfo},
        edits=(*edits, *choice.edits),
    )


def keep_problems(found: "Imported", arguments: Namespace) -> None:
    """Keep what was odd about a source with the arguments, to be told with the plan."""
    arguments.source_problems = tuple(
        replace(problem, message=f"{found.name}: {problem.message}") for problem in found.problems
    )


def require_offers(found: "Imported") -> None:
    """Refuse a source that has nothing to take over, with the reason as far as it is known.

    Raises:
        FormatError: there is nothing.
    """
    if found.proposals:
        return
    if found.media is None:
        raise FormatError(f"{found.name} has no metadata", "Choose another file.")
    reason = found.problems[0].message if found.problems else ""
    raise FormatError(
        f"{found.name} does not say how it was made",
        reason or "Sites and chats often remove that; use the file that the program saved.",
    )
