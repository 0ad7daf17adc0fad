"""Read a ComfyUI graph from its JSON, in either of its formats."""

from typing import Any

from ckpt_studio.core.generation.api_graph import is_api_graph, read_api_graph
from ckpt_studio.core.generation.graph import Graph
from ckpt_studio.core.generation.ui_graph import is_ui_graph, read_ui_graph
from ckpt_studio.core.generation.values import parsed


def read_graph(text: str) -> Graph | None:
    """Return the nodes of a graph, None when the text is no graph.

    A hostile graph costs no more than a large one: nodes are counted, and each is read once.
    """
    try:
        return graph_of(parsed(text))
    except ValueError:
        return None


def graph_of(value: Any) -> Graph | None:
    """Return the nodes of a parsed graph, None when the value is no graph."""
    if is_ui_graph(value):
        return read_ui_graph(value)
    return read_api_graph(value) if is_api_graph(value) else None
