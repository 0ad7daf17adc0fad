"""A graph in the format of ComfyUI's window, with the nodes of its subgraphs in their places."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ckpt_studio.core.generation.graph import MOST_NODES, Graph, GraphNode, Link
from ckpt_studio.core.generation.ui_level import (
    Level,
    group_of,
    identifier,
    objects,
    read_level,
)
from ckpt_studio.core.generation.ui_links import BYPASSED, NEVER, Links, Place, is_border, origin
from ckpt_studio.core.generation.widgets import Slot, named_values, slots_of

_SUBGRAPH = "Subgraph"  # ComfyUI stores a number without meaning
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
        self._slots: dict[str, list[Slot]] = {}
        self._links = Links()
        self._work = 0

    def level(
        self, level: Level, prefix: str = "", place: str = "", *, active: bool = True
    ) -> Iterator[GraphNode]:
        """Return the nodes of the graph, or of one use of a subgraph."""
        for node in level.nodes:
            name = identifier(node.get("id"))
            if name is None:
                continue
            if not self._may_go_on(node):
                return
            lies_in = place or group_of(node, level.boxes)
            made = self._node(node, prefix + name, lies_in, Place(node, level, prefix))
            made = replace(made, active=made.active and active)
            self._links.add_node(made, Place(node, level, prefix))
            stored = self._stored.get(made.kind)
            if stored is None:
                yield made
                continue
            title = _text(stored.get("name")) or made.title
            named = made.title if made.title != made.kind else title
            yield replace(made, title=named, kind=_SUBGRAPH)
            yield from self._inside(node, made, level, prefix, title)

    def resolved(self, node: GraphNode) -> GraphNode:
        """Lead links to where they really come from; values that are linked are left out."""
        links: dict[str, Link] = {}
        values = dict(node.values)
        for name, link in node.inputs.items():
            found, value = self._links.follow(link)
            if value is not None and found is None:
                values[name] = value
            elif found is not None and not is_border(found):
                links[name] = found
                values.pop(name, None)
        return replace(node, values=values, inputs=links)

    def _node(self, node: dict[str, Any], name: str, lies_in: str, place: Place) -> GraphNode:
        kind = _text(node.get("type")) or "?"
        links = {}
        for item in objects(node, "inputs"):
            link = origin(item, place.level, place.prefix)
            if link is not None and (label := _text(item.get("name"))):
                links[label] = link
        active = node.get("mode") not in (NEVER, BYPASSED)
        title = _text(node.get("title")) or kind
        stored = self._stored.get(kind)
        if stored is not None and kind not in self._slots:
            self._slots[kind] = slots_of(stored)
        values = named_values(node, self._slots.get(kind, ()))
        return GraphNode(name, kind, title, values, links, lies_in, active=active)

    def _may_go_on(self, node: dict[str, Any]) -> bool:
        parts = (node.get("inputs"), node.get("widgets_values"))
        self._work += _MOST_WORK // MOST_NODES
        self._work += sum(len(part) for part in parts if isinstance(part, list | dict))
        if self._work > _MOST_WORK:
            self.oddities.append("It has too many nodes; the others are left out.")
        return self._work <= _MOST_WORK

    def _inside(
        self, node: dict[str, Any], outer: GraphNode, level: Level, prefix: str, title: str
    ) -> Iterator[GraphNode]:
        if outer.id.count(":") >= _DEEPEST:
            self.oddities.append("A subgraph contains itself; it is not followed.")
            return
        inner = self._levels.get(outer.kind)
        if inner is None:
            inner = self._levels[outer.kind] = read_level(self._stored[outer.kind])
        self._work += len(inner.outputs)
        self._links.add_subgraph(outer, Place(node, level, prefix), inner)
        yield from self.level(inner, f"{outer.id}:", title, active=outer.active)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
