"""The answer of ``inspect`` as a page for people."""

from collections.abc import Iterable, Iterator

from ckpt_studio.cli.printing import printable, shortened, table
from ckpt_studio.core.text import binary_size, count, short_count
from ckpt_studio.engine.summary import Json

_VALUE_WIDTH = 72
_EVIDENCE_WIDTH = 110
_NAMES = 5


def inspection_text(document: Json) -> str:
    """Return the page of one file."""
    return "\n".join(_lines(document))


def problem_lines(problems: Iterable[Json]) -> Iterator[str]:
    """Return one line for each problem, and what to do about it below."""
    for problem in problems:
        yield f"  {problem['severity']}: {printable(problem['message'])}"
        if problem["hint"]:
            yield f"    {printable(problem['hint'])}"


def metadata_lines(metadata: dict[str, str]) -> Iterator[str]:
    """Return one line for each key; long values are cut."""
    if metadata:
        yield f"  Metadata, {number(len(metadata), 'key')}:"
    for key, value in metadata.items():
        size = f"  ({count(len(value))} characters)" if len(value) > _VALUE_WIDTH else ""
        yield f"    {printable(key)} = {printable(shortened(value, _VALUE_WIDTH))}{size}"


def number(many: int, noun: str) -> str:
    """Return a count and its noun, in the plural where it is one."""
    return f"{count(many)} {noun}" if many == 1 else f"{count(many)} {noun}s"


def _lines(document: Json) -> Iterator[str]:
    yield printable(document["file"])
    yield f"  {_what(document)}"
    yield "  " + " · ".join(
        (
            binary_size(document["bytes"]),
            number(document["tensors"], "tensor"),
            f"{short_count(document['parameters'])} parameters",
            f"header {binary_size(document['header_bytes'])}",
            document["container"],
        )
    )
    for sentence in document["evidence"]:
        yield f"  {printable(shortened(sentence, _EVIDENCE_WIDTH))}"
    if document["parts"]:
        yield ""
        yield _parts(document)
    yield from _gaps(document)
    yield from metadata_lines(document["metadata"])
    yield from problem_lines(document["problems"])
    if "tensor_table" in document:
        yield ""
        yield _tensors(document)


def _what(document: Json) -> str:
    name = printable(document["architecture_name"] or "unknown model")
    known = f" ({document['architecture']})" if document["architecture"] else ""
    predicts = f", predicts {document['prediction']}" if document["prediction"] else ""
    return f"{name}{known}{predicts}"


def _parts(document: Json) -> str:
    rows = [
        (
            part["part"],
            part["form"],
            part["prefix"],
            count(part["tensors"]),
            short_count(part["parameters"]),
            binary_size(part["bytes"]),
            _precision(part["dtypes"]),
        )
        for part in document["parts"]
    ]
    other = document["other"]
    if other["tensors"]:
        rows.append(("other", "", "", count(other["tensors"]), "", binary_size(other["bytes"]), ""))
    titles = ("Part", "Form", "Prefix", "Tensors", "Parameters", "Size", "Precision")
    return table(titles, rows, right=frozenset({3, 4, 5}))


def _precision(dtypes: Json) -> str:
    return " + ".join(dtypes)


def _gaps(document: Json) -> Iterator[str]:
    for part in document["parts"]:
        for word in ("missing", "unexpected"):
            if part[word]:
                yield f"  {part['part']}: {_names(part[word])} {word}"


def _names(names: list[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:_NAMES])
    more = f" and {count(len(names) - _NAMES)} more" if len(names) > _NAMES else ""
    return f"{shown}{more}"


def _tensors(document: Json) -> str:
    rows = [
        (
            row["name"],
            row["dtype"],
            "×".join(map(str, row["shape"])),
            row["part"] or "",
            row["block"] or "",
            count(row["bytes"]),
            count(row["offset"]),
        )
        for row in document["tensor_table"]
    ]
    titles = ("Name", "Type", "Shape", "Part", "Block", "Bytes", "Offset")
    return table(titles, rows, right=frozenset({5, 6}))
