"""A plan, and what came of it, as a page for people."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ckpt_studio.cli.inspection_text import metadata_lines, number, problem_lines
from ckpt_studio.cli.printing import printable, table
from ckpt_studio.core.text import binary_size, count, duration, speed
from ckpt_studio.engine.summary import Json

_NAMES = 5
_FILES = 12


def plan_text(document: Json) -> str:
    """Return what will be written, or was."""
    return "\n".join(_report(document) if "report" in document else _plan(document))


def _plan(document: Json) -> Iterator[str]:
    yield f"Would write {_output(document)}: {_size(document)}"
    yield from _files(document)
    yield from _contents(document)
    yield _needs(document)
    yield from metadata_lines(document["metadata"])
    yield from problem_lines(document["problems"])


def _needs(document: Json) -> str:
    text = (
        f"  About {duration(document['expected_seconds'])} and "
        f"{binary_size(document['peak_memory_bytes'])} of memory are needed"
    )
    free = document["free_bytes"]
    return text if free is None else f"{text}, {binary_size(free)} are free on the disk"


def _report(document: Json) -> Iterator[str]:
    report = document["report"]
    seconds = report["seconds"]
    copied = seconds and not report["shared_bytes"]
    pace = f" ({speed(report['bytes'] / seconds)})" if copied else ""
    yield f"Wrote {printable(report['output'])}: {_size(document)} in {duration(seconds)}{pace}"
    yield from _written_files(report)
    yield from _contents(document)
    for row in report["overflowed"]:
        yield f"  {printable(row['name'])}: {number(row['count'], 'value')} did not fit"
    if report["retained"]:
        least = min(report["retained"], key=lambda each: each["share"])
        yield f"  The ranks hold {report['retained_share']:.1%} of all changes"
        yield f"  Least of all {least['share']:.1%} of {printable(least['name'])}"
    if report["verified"]:
        yield "  Read back and compared: it is what was planned"
    yield from _hashes(document)
    for file in report["set"]:
        if file["sha256"]:
            yield f"  sha256 {file['sha256']}  {printable(_below(report, file))}"
    yield from problem_lines((*document["problems"], *report["problems"]))


def _hashes(document: Json) -> Iterator[str]:
    report = document["report"]
    if report["shared_bytes"]:
        yield f"  {binary_size(report['shared_bytes'])} lie in the same blocks as the source"
    for name in ("sha256", "autov2", "autov3"):
        if report[name]:
            same = report["autov3_before"] if name == "autov3" else None
            yield f"  {name} {report[name]}" + (f" (before: {same})" if same else "")
    if document["same_data"] and not report["autov3"]:
        yield "  Every byte of the tensors is as it was, so autov3 is too; --hashes shows it"


def _output(document: Json) -> str:
    return printable(document["output"] or "a file that has no name yet")


def _size(document: Json) -> str:
    tensors = number(len(document["tensors"]), "tensor")
    files = f" in {number(len(document['set']), 'file')}" if document["set"] else ""
    return f"{binary_size(document['bytes'])}, {tensors}{files}"


def _files(document: Json) -> Iterator[str]:
    yield from _first_of(
        f"  {printable(file['file'])}: "
        + (f"{number(file['tensors'], 'tensor')}, " if file["tensors"] else "")
        + binary_size(file["data_bytes"])
        for file in document["set"]
    )


def _written_files(report: Json) -> Iterator[str]:
    yield from _first_of(
        f"  {printable(_below(report, file))}: {binary_size(file['bytes'])}"
        for file in report["set"]
    )


def _first_of(lines: Iterable[str]) -> Iterator[str]:
    every = list(lines)
    yield from every[:_FILES]
    if len(every) > _FILES:
        yield f"  … and {number(len(every) - _FILES, 'file')} more"


def _below(report: Json, file: Json) -> str:
    """Return the path of a file of a set below the folder of the set."""
    path, output = Path(file["file"]), Path(report["output"])
    root = output if path.is_relative_to(output) and path != output else output.parent
    return path.relative_to(root).as_posix()


def _contents(document: Json) -> Iterator[str]:
    if document["parts"]:
        yield ""
        yield _parts(document)
        yield ""
    for word, names in (
        ("Missing", document["missing"]),
        ("Added", document["added"]),
        ("Renamed", _renamed(document)),
    ):
        if names:
            yield f"  {word}: {_names(names)}"
    yield from _dropped(document)


def _parts(document: Json) -> str:
    rows = [
        (
            part["part"],
            " + ".join(filter(None, (part["source"], *part["others"]))),
            count(part["tensors"]),
            binary_size(part["bytes"]),
            _precision(part),
        )
        for part in document["parts"]
    ]
    titles = ("Part", "From", "Tensors", "Size", "Precision")
    return table(titles, rows, right=frozenset({2, 3}))


def _precision(part: Json) -> str:
    before, after = (" + ".join(part[key]) for key in ("dtype_before", "dtype_after"))
    unchanged = part["dtype_before"].keys() == part["dtype_after"].keys()
    return before if unchanged else f"{before} → {after}"


def _renamed(document: Json) -> list[str]:
    return [
        f"{' + '.join(row['source_names'])} → {row['name']}"
        for row in document["tensors"]
        if row["source_names"] and row["name"] not in row["source_names"]
    ]


def _dropped(document: Json) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for row in document["dropped"]:
        by_reason.setdefault(row["reason"], []).append(row["name"])
    for reason, names in by_reason.items():
        yield f"  Left out, {printable(reason)}: {_names(names)}"


def _names(names: list[str]) -> str:
    if len(names) > _NAMES:
        return f"{count(len(names))} tensors, such as {printable(names[0])}"
    return ", ".join(printable(name) for name in names)
