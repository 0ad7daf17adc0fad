"""A graph in the format of ComfyUI's API: ``{"3": {"class_type", "inputs", "_meta"}}``."""

from itertools import islice
from typing import Any

from ckpt_studio.core.generation.graph import MOST_NODES, Graph, GraphNode, Link


def is_api_graph(value: Any) -> bool:
    """Whether a JSON value is such a graph: each node has a class and inputs (``ux.md`` 5.5)."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(node, dict)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), dict)
            for node in value.values()
        )
    )


def read_api_graph(value: dict[str, Any]) -> Graph:
    """Return the nodes; links to nodes that are not there are kept as they are."""
    nodes = {key: _node(key, node) for key, node in islice(value.items(), MOST_NODES)}
    more = len(value) - len(nodes)
    return Graph(nodes, (f"{more:,} nodes are left out.",) if more else ())


def _node(key: str, node: dict[str, Any]) -> GraphNode:
    inputs: dict[str, Link] = {}
    values: dict[str, Any] = {}
    for name, value in node["inputs"].items():
        link = _link(value)
        if link is None:
            values[name] = value
        else:
            inputs[name] = link
    kind = node["class_type"]
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return GraphNode(key, kind, title if isinstance(title, str) and title else kind, values, inputs)


def _link(value: Any) -> Link | None:
    match value:
        case [str(node), int(output)] if not isinstance(output, bool):
            return Link(node, output)
        case [int(node), int(output)] if not isinstance(node, bool):
            return None if len(str(node)[:20]) == 20 else Link(str(node), output)  # noqa: PLR2004 - no id is that long
        case _:
            return None
