"""One level of a graph of ComfyUI's window: its links, whichever way they are stored.

A link is a list ``[id, node, output, node, input, type]``, inside subgraphs an object. Node -10 of
a subgraph stands for its inputs, -20 for its outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INPUTS = "-10"
_OUTPUTS = "-20"
_MOST_BOXES = 100
_LONGEST_ID = 100

Box = tuple[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Level:
    """The graph itself, or a subgraph.

    ``origins`` maps the id of a link to the node and the output where it begins, ``outputs`` are
    the outputs of a subgraph with theirs, ``slots`` the numbers of its inputs by name.
    """

    nodes: Sequence[dict[str, Any]]
    origins: Mapping[str, tuple[str, int]]
    outputs: Sequence[tuple[int, str, int]]
    slots: Mapping[str, int]
    boxes: Sequence[Box]


def read_level(value: dict[str, Any]) -> Level:
    """Return the level; what has not the right form is left out."""
    origins: dict[str, tuple[str, int]] = {}
    outputs: list[tuple[int, str, int]] = []
    for number, origin, output, target, slot in _links(value):
        origins[number] = (origin, output)
        if target == _OUTPUTS:
            outputs.append((slot, origin, output))
    slots = {str(item.get("name")): index for index, item in enumerate(objects(value, "inputs"))}
    boxes = list(_boxes(value))[:_MOST_BOXES]
    return Level(objects(value, "nodes"), origins, outputs, slots, boxes)


def objects(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list in an object."""
    items = value.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def identifier(value: Any) -> str | None:
    """Return an id as text; ids are numbers, in newer subgraphs also texts."""
    if isinstance(value, str) and len(value) <= _LONGEST_ID:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return str(value)
    return None


def group_of(node: dict[str, Any], boxes: Sequence[Box]) -> str:
    """Return the group that a node lies in, which ComfyUI only tells by their places."""
    place = node.get("pos")
    if isinstance(place, dict):
        place = [place.get("0"), place.get("1")]
    if not isinstance(place, list) or len(place) < 2 or not all(map(_is_number, place[:2])):  # noqa: PLR2004 - x, y
        return ""
    x, y = place[:2]
    for title, (left, top, width, height) in boxes:
        if left <= x <= left + width and top <= y <= top + height:
            return title
    return ""


def _links(value: dict[str, Any]) -> Iterator[tuple[str, str, int, str, int]]:
    links = value.get("links")
    for item in links if isinstance(links, list) else ():
        match item:
            case [number, origin, int(output), target, int(slot), *_]:
                ids = (number, origin, target)
            case {
                "id": number,
                "origin_id": origin,
                "origin_slot": int(output),
                "target_id": target,
                "target_slot": int(slot),
            }:
                ids = (number, origin, target)
            case _:
                continue
        link, begin, end = map(identifier, ids)
        if link is not None and begin is not None and end is not None:
            yield link, begin, output, end, slot


def _boxes(value: dict[str, Any]) -> Iterator[Box]:
    for group in objects(value, "groups"):
        box = group.get("bounding")
        title = group.get("title")
        if isinstance(box, list) and len(box) == 4 and all(map(_is_number, box)):  # noqa: PLR2004 - x, y, width, height
            yield title if isinstance(title, str) and title else "Group", tuple(box)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
