"""A ComfyUI graph as a list to read: its nodes with their values, its prompts and settings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ckpt_studio.core.generation.graph import Graph, GraphNode
from ckpt_studio.core.generation.graph_reading import read_graph
from ckpt_studio.core.generation.info import Parameters
from ckpt_studio.core.generation.tracing import trace
from ckpt_studio.core.generation.values import MOST_JSON, as_text
from ckpt_studio.core.plain_text import one_line

_MOST_SHOWN = 1000
_MOST_SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node as text: ``values`` are its settings on one line, safe to show and cut where long.

    ``place`` is the group or subgraph it lies in; ``sought`` is what a search looks into.
    """

    node: GraphNode
    title: str
    kind: str
    values: str
    place: str
    sought: str

    @property
    def shown_id(self) -> str:
        """The number of the node, safe to show."""
        return one_line(self.node.id)

    @property
    def active(self) -> bool:
        """Whether the node takes part; muted and bypassed ones do not."""
        return self.node.active


@dataclass(frozen=True, slots=True)
class GraphReading:
    """Rows in the order of the file; prompts as they are, ``""`` where none was found."""

    rows: tuple[NodeRow, ...]
    positive: str = ""
    negative: str = ""
    parameters: Parameters = ()
    oddities: tuple[str, ...] = ()


def may_be_graph(text: str) -> bool:
    """Whether a text has the marks of a graph; quick, says nothing about its inside."""
    marked = '"nodes"' in text or '"class_type"' in text
    return marked and len(text) <= MOST_JSON and text.lstrip()[:1] == "{"


def graph_reading(text: str) -> GraphReading | None:
    """Return what a graph says, None when the text is none."""
    graph = read_graph(text) if may_be_graph(text) else None
    if graph is None:
        return None
    positive, negative, parameters = trace(graph)
    return GraphReading(tuple(_rows(graph)), positive, negative, parameters, graph.oddities)


def matching(rows: Sequence[NodeRow], words: str) -> list[int]:
    """Return the places of the rows that have every word somewhere, in either case."""
    wanted = words.lower().split()
    return [at for at, row in enumerate(rows) if all(word in row.sought for word in wanted)]


def as_lines(rows: Iterable[NodeRow]) -> str:
    """Return nodes as text to copy: a line for each node and each value, the values whole."""
    return "\n".join(line for row in rows for line in _lines(row.node))


def _rows(graph: Graph) -> Iterator[NodeRow]:
    for node in graph.nodes.values():
        whole = " · ".join(f"{name}: {as_text(value)}" for name, value in node.values.items())
        sought = f"{node.id} {node.title} {node.kind} {node.place} {whole[:_MOST_SEARCHED]}"
        yield NodeRow(
            node,
            one_line(node.title),
            one_line(node.kind),
            one_line(whole, _MOST_SHOWN),
            one_line(node.place),
            sought.lower(),
        )


def _lines(node: GraphNode) -> Iterator[str]:
    named = node.title if node.title == node.kind else f"{node.title} ({node.kind})"
    yield f"{node.id}: {named}"
    yield from (f"  {name}: {as_text(value)}" for name, value in node.values.items())
