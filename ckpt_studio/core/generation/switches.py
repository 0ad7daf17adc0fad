"""Nodes that hand one of two inputs on: which of them it is, where the graph tells."""

from collections.abc import Iterator, Sequence

from ckpt_studio.core.generation.graph import Graph, GraphNode, Link

_CASES = ("on_false", "on_true")


def has_cases(node: GraphNode) -> bool:
    """Whether a node is such a switch."""
    return any(name in node.inputs or name in node.values for name in _CASES)


def taken(graph: Graph, node: GraphNode) -> list[Link]:
    """Return the link that is handed on, or both where it is not known which."""
    return [node.inputs[name] for name in _taken(graph, node) if name in node.inputs]


def taken_text(graph: Graph, node: GraphNode) -> Iterator[str]:
    """Return what is handed on where it is a text that the switch itself holds."""
    for name in _taken(graph, node):
        value = node.values.get(name)
        if isinstance(value, str) and value.strip():
            yield value


def _taken(graph: Graph, node: GraphNode) -> Sequence[str]:
    value = node.values.get("switch")
    source = graph.source(node.inputs.get("switch"))
    if source is not None:
        value = source.values.get("value")
    if isinstance(value, bool) and (_CASES[value] in node.inputs or _CASES[value] in node.values):
        return (_CASES[value],)
    return _CASES
