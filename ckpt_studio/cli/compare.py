"""``compare``: two files beside each other, by their headers and on request by their values."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.cli.job import job
from ckpt_studio.cli.printing import printable, shortened, table
from ckpt_studio.core.comparison.comparing import Comparison, compare
from ckpt_studio.core.comparison.comparison_export import comparison_csv
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.comparison.verdict import percent
from ckpt_studio.core.text import count
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine.comparing import compare_values
from ckpt_studio.engine.summary import Json
from ckpt_studio.engine.value_summary import comparison_summary
from ckpt_studio.formats.new_file import write_small_file

_BLOCKS = 12
_NAMES = 8
_WIDTH = 40


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("a", type=options.path, metavar="A")
    parser.add_argument("b", type=options.path, metavar="B")
    parser.add_argument(
        "--values", action="store_true", help="compare the values, not only the headers"
    )
    parser.add_argument(
        "--csv", type=options.new_file, metavar="FILE", help="write a table of all tensors"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace FILE if it exists")
    options.add_threads(parser)
    options.add_progress(parser)


def _run(arguments: Namespace) -> Answer:
    if arguments.overwrite and arguments.csv is None:
        raise UsageError("--overwrite belongs to --csv")
    comparison = compare(open_checkpoint(arguments.a), open_checkpoint(arguments.b))
    found: tuple[TensorDifference, ...] | None = None
    if arguments.values:
        with job(arguments) as (progress, cancel):
            found = compare_values(
                comparison, threads=arguments.threads, progress=progress, cancel=cancel
            )
    document = comparison_summary(comparison, found)
    if arguments.csv is not None:
        _write_csv(arguments, comparison, found or ())
        document["csv"] = str(arguments.csv)
    return Answer(document, lambda: "\n".join(_lines(document)))


def _write_csv(
    arguments: Namespace, comparison: Comparison, found: tuple[TensorDifference, ...]
) -> None:
    write_small_file(
        arguments.csv,
        comparison_csv(comparison, found),
        overwrite=arguments.overwrite,
        used=(arguments.a, arguments.b),
    )


def _lines(document: Json) -> Iterator[str]:
    yield f"A {printable(document['a'])}"
    yield f"B {printable(document['b'])}"
    for sentence in document["verdict"]:
        yield f"  {printable(sentence)}"
    yield ""
    yield _parts(document)
    if document["blocks"]:
        yield ""
        yield _blocks(document)
    yield from _odd(document)
    changed = [key for key in document["metadata"] if key["state"] != "same"]
    if changed:
        yield ""
        yield _metadata(changed)
    if "csv" in document:
        yield f"  Wrote {printable(document['csv'])}"


def _parts(document: Json) -> str:
    states = ("same", "dtype", "shape", "only-a", "only-b")
    rows = [
        (
            part["part"] or "other",
            *(count(part["counts"].get(state, 0)) for state in states),
            *_gap(part),
            part.get("invalid", 0),
        )
        for part in document["parts"]
    ]
    titles = ("Part", "Same", "Type", "Shape", "Only A", "Only B", "Differs", "Cosine", "Largest")
    return _with_invalid(titles, rows)


def _gap(one: Json) -> tuple[str, str, str]:
    if "relative_l2" not in one:
        return "", "", ""
    relative, cosine, largest = one["relative_l2"], one["cosine"], one["max_abs"]
    return (
        "" if relative is None else percent(relative) if relative else "0 %",
        "" if cosine is None else f"{cosine:.6f}",
        "" if largest is None else f"{largest:.4g}",
    )


def _blocks(document: Json) -> str:
    """Show the blocks that differ most."""
    order = sorted(
        document["blocks"], key=lambda block: (-(block["relative_l2"] or 0), -block["invalid"])
    )
    rows = [
        (
            *(block["part"] or "other", block["block"] or "outside blocks"),
            *_gap(block),
            block["invalid"],
        )
        for block in order[:_BLOCKS]
    ]
    titles = ("Part", "Block", "Differs", "Cosine", "Largest")
    return _with_invalid(titles, rows, left=2)


def _with_invalid(
    titles: Sequence[str], rows: Sequence[tuple[object, ...]], *, left: int = 1
) -> str:
    """Show a table whose last column, the NaN and infinities, is left out where there are none."""
    any_invalid = any(row[-1] for row in rows)
    titles = (*titles, "NaN/inf") if any_invalid else titles
    cells = [tuple(map(str, row if any_invalid else row[:-1])) for row in rows]
    return table(titles, cells, right=frozenset(range(left, len(titles))))


def _odd(document: Json) -> Iterator[str]:
    """Name tensors that have no counterpart of their shape, in parts that both files have."""
    shared = {part["part"] for part in document["parts"] if part["state"] is not None}
    rows = [row for row in document["tensors"] if row["part"] in shared]
    for state, words in (("shape", "other shape"), ("only-a", "only A"), ("only-b", "only B")):
        names = [row["name"] for row in rows if row["state"] == state]
        if names:
            more = f" and {count(len(names) - _NAMES)} more" if len(names) > _NAMES else ""
            yield f"  {words}: {', '.join(map(printable, names[:_NAMES]))}{more}"


def _metadata(changed: list[Json]) -> str:
    rows = [
        (
            key["key"],
            *("—" if key[side] is None else shortened(key[side], _WIDTH) for side in ("a", "b")),
        )
        for key in changed
    ]
    return table(("Metadata", "A", "B"), rows)


COMMAND = Command(
    example="  ckpt-studio compare old.safetensors new.safetensors --values\n"
    "  ckpt-studio compare sdxl.safetensors sdxl_vae.safetensors --values --csv vae.csv",
    add_arguments=_arguments,
    run=_run,
)
