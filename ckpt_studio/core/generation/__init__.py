"""What programs that generate pictures, videos and sounds store in them, read into one value."""

from ckpt_studio.core.generation.graph import Graph, GraphNode, Link
from ckpt_studio.core.generation.graph_reading import read_graph
from ckpt_studio.core.generation.info import GenerationInfo
from ckpt_studio.core.generation.infotext import as_infotext
from ckpt_studio.core.generation.node_rows import (
    GraphReading,
    NodeRow,
    as_lines,
    graph_reading,
    matching,
    may_be_graph,
)
from ckpt_studio.core.generation.reading import read_generation

__all__ = [
    "GenerationInfo",
    "Graph",
    "GraphNode",
    "GraphReading",
    "Link",
    "NodeRow",
    "as_infotext",
    "as_lines",
    "graph_reading",
    "matching",
    "may_be_graph",
    "read_generation",
    "read_graph",
]
