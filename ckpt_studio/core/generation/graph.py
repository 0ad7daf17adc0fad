"""A ComfyUI graph as values, the same for both of its formats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """Where an input comes from: a node and the number of its output."""

    node: str
    output: int = 0


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One node. Ids of nodes inside a subgraph are ``outer:inner``, as in ComfyUI's API.

    ``values`` are what is set in the node itself, by name; a widget of unknown name is called
    ``value 1``. ``inputs`` are its links. ``place`` is the subgraph or group it lies in, ``active``
    is False for nodes that are muted or bypassed.
    """

    id: str
    kind: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Link] = field(default_factory=dict)
    place: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in the order of the file, and what could not be read, as sentences."""

    nodes: Mapping[str, GraphNode] = field(default_factory=dict)
    oddities: tuple[str, ...] = ()

    def source(self, link: Link | None) -> GraphNode | None:
        """Return the node that a link comes from."""
        return None if link is None else self.nodes.get(link.node)


MOST_NODES = 20_000
"""Nodes that are read, those of subgraphs counted each time they are used."""
