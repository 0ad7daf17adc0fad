"""Links of a graph of ComfyUI's window, followed to the nodes that run.

On the way are the borders of subgraphs, nodes that are muted or bypassed, those that only bend a
link, and the nodes SetNode and GetNode of KJNodes, which stand for a link without drawing it.
ComfyUI takes them all out before it runs a graph.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ckpt_studio.core.generation.graph import GraphNode, Link
from ckpt_studio.core.generation.ui_level import INPUTS, Level, identifier, objects

NEVER, BYPASSED = 2, 4
"""Modes of nodes that do not run: muted, and bypassed."""

_SET, _GET = "SetNode", "GetNode"
_REROUTES = ("Reroute", "Reroute (rgthree)")
_MOST_STEPS = 256
_MOST_WORK = 1_000_000
"""Steps along one link, and along all of them; real graphs take some hundreds."""

_ANY = {"*", ""}


@dataclass(frozen=True)
class Place:
    """A node as it is stored, and where; what is asked of it is read once."""

    node: dict[str, Any]
    level: Level
    prefix: str

    @cached_property
    def origins(self) -> tuple[Link | None, ...]:
        """Where each of its inputs comes from."""
        inputs = objects(self.node, "inputs")
        return tuple(origin(item, self.level, self.prefix) for item in inputs)

    @cached_property
    def first(self) -> Link | None:
        """Where the first input that is linked comes from."""
        return next(filter(None, self.origins), None)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The types of its inputs."""
        return tuple(map(_kind, objects(self.node, "inputs")))

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The types of its outputs."""
        return tuple(map(_kind, objects(self.node, "outputs")))

    @cached_property
    def input_of(self) -> dict[str, int]:
        """The first input of each type."""
        return {kind: at for at, kind in reversed(list(enumerate(self.inputs)))}


class Links:
    """What is on the way of links; nodes and subgraphs are added as they are read."""

    def __init__(self) -> None:
        self._skipped: dict[str, Place] = {}
        self._senders: dict[str, Place] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._receivers: dict[str, tuple[str, str]] = {}
        self._inside: dict[tuple[str, int], Link] = {}
        self._outside: dict[tuple[str, int], Link] = {}
        self._values: dict[tuple[str, int], Any] = {}
        self._left = _MOST_WORK

    def add_node(self, made: GraphNode, place: Place) -> None:
        """Note a node that links do not end at."""
        if place.node.get("mode") in (NEVER, BYPASSED):
            self._skipped[made.id] = place
        elif made.kind in _REROUTES:
            self._senders[made.id] = place
        elif made.kind in (_SET, _GET):
            name = next((value for value in made.values.values() if isinstance(value, str)), "")
            if made.kind == _GET:
                self._receivers[made.id] = place.prefix, name
            else:
                self._senders[made.id] = place
                self._named[place.prefix, name] = made.id

    def add_subgraph(self, outer: GraphNode, place: Place, inner: Level) -> None:
        """Note how the links of one use of a subgraph go on inside it, and its own values."""
        for index, item in enumerate(objects(place.node, "inputs")):
            slot = inner.slots.get(str(item.get("name")), index)
            link = origin(item, place.level, place.prefix)
            if link is not None:
                self._outside[outer.id, slot] = link
            elif (value := outer.values.get(_widget(item))) is not None:
                self._values[outer.id, slot] = value
        for name, slot in inner.slots.items():  # a node need not list what nothing is linked to
            if (value := outer.values.get(name)) is not None:
                self._values.setdefault((outer.id, slot), value)
        for slot, begin, output in inner.outputs:
            self._inside[outer.id, slot] = Link(f"{outer.id}:{begin}", output)

    def follow(self, link: Link) -> tuple[Link | None, Any]:
        """Return where a link really comes from, None where nothing is left of it.

        The second value is the one that a subgraph sets for an input that nothing is linked to.
        """
        value = None
        for _ in range(min(_MOST_STEPS, self._left)):
            self._left -= 1
            outer = link.node.rpartition(":")[0]
            if is_border(link):
                value = self._values.get((outer, link.output), value)
            following = self._next(link, outer)
            if following is None:
                return None, value
            if following == link:
                break
            link = following
        return (None if value is not None and is_border(link) else link), value

    def _next(self, link: Link, outer: str) -> Link | None:
        if is_border(link):
            return self._outside.get((outer, link.output), link)
        if link.node in self._skipped:
            return _beyond(self._skipped[link.node], link.output)
        if link.node in self._receivers:
            return self._sent(*self._receivers[link.node])
        if link.node in self._senders:
            return self._senders[link.node].first
        return self._inside.get((link.node, link.output), link)

    def _sent(self, prefix: str, name: str) -> Link | None:
        sender = self._named.get((prefix, name)) or self._named.get(("", name))
        return None if sender is None else Link(sender)


def is_border(link: Link) -> bool:
    """Whether a link comes from the input of a subgraph that nothing is linked to."""
    return link.node.rpartition(":")[2] == INPUTS


def origin(item: dict[str, Any], level: Level, prefix: str) -> Link | None:
    """Return where an input comes from on its own level."""
    number = identifier(item.get("link"))
    if number is None or number not in level.origins:
        return None
    node, output = level.origins[number]
    return Link(prefix + node, output)


def _beyond(place: Place, output: int) -> Link | None:
    """Return the input that takes the place of an output: that of its number, else of its type."""
    if place.node.get("mode") == NEVER or not place.origins:
        return None
    wanted = place.outputs[output] if 0 <= output < len(place.outputs) else "*"
    own = output if 0 <= output < len(place.inputs) else -1
    if wanted in _ANY:
        return place.origins[max(own, 0)]
    if own >= 0 and place.inputs[own] in {wanted, *_ANY}:
        return place.origins[own]
    found = place.input_of.get(wanted)
    return None if found is None else place.origins[found]


def _kind(item: dict[str, Any]) -> str:
    return str(item.get("type", "*")).upper()


def _widget(item: dict[str, Any]) -> str:
    widget = item.get("widget")
    name = widget.get("name") if isinstance(widget, dict) else item.get("name")
    return name if isinstance(name, str) else ""
