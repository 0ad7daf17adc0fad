"""A graph in the format of ComfyUI's window, with the nodes of its subgraphs in their places."""

from collections.abc import Iterator
from typing import Any

from ckpt_studio.core.generation.graph import MOST_NODES, Graph, GraphNode, Link
from ckpt_studio.core.generation.ui_level import (
    INPUTS,
    Level,
    group_of,
    identifier,
    objects,
    read_level,
)
from ckpt_studio.core.generation.widgets import named_values

_NEVER, _BYPASSED = 2, 4
_DEEPEST = 16
_MOST_WORK = 15 * MOST_NODES


def is_ui_graph(value: Any) -> bool:
    """Whether a JSON value is such a graph."""
    return isinstance(value, dict) and isinstance(value.get("nodes"), list)


def read_ui_graph(value: dict[str, Any]) -> Graph:
    """Return the nodes, those of a subgraph after each node that uses it."""
    reading = _Reading(value)
    nodes = {node.id: node for node in reading.level(read_level(value))}
    resolved = {key: reading.resolved(node) for key, node in nodes.items()}
    return Graph(resolved, tuple(dict.fromkeys(reading.oddities)))


class _Reading:
    """What is known while a graph is taken apart: its subgraphs and the links across borders."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.oddities: list[str] = []
        definitions = value.get("definitions")
        listed = objects(definitions, "subgraphs") if isinstance(definitions, dict) else []
        self._stored = {name: item for item in listed if (name := _text(item.get("id")))}
        self._levels: dict[str, Level] = {}
        self._from_inside: dict[tuple[str, int], Link] = {}
        self._from_outside: dict[tuple[str, int], Link] = {}
        self._work = 0

    def level(self, level: Level, prefix: str = "", place: str = "") -> Iterator[GraphNode]:
        """Return the nodes of the graph, or of one use of a subgraph."""
        for node in level.nodes:
            name = identifier(node.get("id"))
            if name is None:
                continue
            if not self._may_go_on(node):
                return
            made = _node(node, prefix + name, place or group_of(node, level.boxes), level, prefix)
            yield made
            if made.kind in self._stored:
                yield from self._inside(node, made, level, prefix)

    def resolved(self, node: GraphNode) -> GraphNode:
        """Lead links through the borders of subgraphs, to where they really come from."""
        links = {name: self._through(link) for name, link in node.inputs.items()}
        if links == node.inputs:
            return node
        return GraphNode(
            node.id, node.kind, node.title, node.values, links, node.place, active=node.active
        )

    def _may_go_on(self, node: dict[str, Any]) -> bool:
        parts = (node.get("inputs"), node.get("widgets_values"))
        self._work += _MOST_WORK // MOST_NODES
        self._work += sum(len(part) for part in parts if isinstance(part, list | dict))
        if self._work > _MOST_WORK:
            self.oddities.append("It has too many nodes; the others are left out.")
        return self._work <= _MOST_WORK

    def _inside(
        self, node: dict[str, Any], outer: GraphNode, level: Level, prefix: str
    ) -> Iterator[GraphNode]:
        if outer.id.count(":") >= _DEEPEST:
            self.oddities.append("A subgraph contains itself; it is not followed.")
            return
        inner = self._levels.get(outer.kind)
        if inner is None:
            inner = self._levels[outer.kind] = read_level(self._stored[outer.kind])
        for index, item in enumerate(objects(node, "inputs")):
            link = _origin(item, level, prefix)
            if link is not None:
                slot = inner.slots.get(str(item.get("name")), index)
                self._from_outside[outer.id, slot] = link
        inside = f"{outer.id}:"
        self._work += len(inner.outputs)
        for slot, origin, output in inner.outputs:
            self._from_inside[outer.id, slot] = Link(inside + origin, output)
        title = _text(self._stored[outer.kind].get("name")) or outer.title
        yield from self.level(inner, inside, title)

    def _through(self, link: Link) -> Link:
        for _ in range(4 * _DEEPEST):
            outer, _, inner = link.node.rpartition(":")
            following = (
                self._from_outside.get((outer, link.output))
                if inner == INPUTS
                else self._from_inside.get((link.node, link.output))
            )
            if following is None:
                break
            link = following
        return link


def _node(node: dict[str, Any], name: str, place: str, level: Level, prefix: str) -> GraphNode:
    kind = _text(node.get("type")) or "?"
    links = {}
    for item in objects(node, "inputs"):
        link = _origin(item, level, prefix)
        if link is not None and (title := _text(item.get("name"))):
            links[title] = link
    values = {key: value for key, value in named_values(node).items() if key not in links}
    active = node.get("mode") not in (_NEVER, _BYPASSED)
    return GraphNode(
        name, kind, _text(node.get("title")) or kind, values, links, place, active=active
    )


def _origin(item: dict[str, Any], level: Level, prefix: str) -> Link | None:
    number = identifier(item.get("link"))
    if number is None or number not in level.origins:
        return None
    node, output = level.origins[number]
    return Link(prefix + node, output)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
