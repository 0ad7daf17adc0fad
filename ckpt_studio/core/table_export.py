"""Rows of the tensor table as text for other programs."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from enum import Enum

from ckpt_studio.core.query import COLUMNS, Row

_UNSAFE_START = ("=", "+", "-", "@", "\t", "\r")


class TableFormat(Enum):
    """A text format, its name on screen and its file suffix."""

    CSV = ("CSV", "csv")
    TSV = ("TSV", "tsv")
    JSON = ("JSON", "json")
    MARKDOWN = ("Markdown", "md")

    def __init__(self, label: str, suffix: str) -> None:
        self.label = label
        self.suffix = suffix


def export_text(rows: Iterable[Row], form: TableFormat) -> str:
    """Return rows in a format; sizes in bytes, shapes as ``320x4x3x3``, offsets in the file."""
    return _WRITERS[form](rows)


def tab_lines(rows: Iterable[Row]) -> str:
    """Return rows as they are pasted into a spreadsheet."""
    return export_text(rows, TableFormat.TSV)


def cells(row: Row) -> tuple[str, ...]:
    """Return one row in the order of the columns, as plain text."""
    tensor = row.tensor
    return (
        tensor.name,
        row.part,
        row.block,
        tensor.dtype.label,
        "x".join(map(str, tensor.shape)),
        str(tensor.parameters),
        str(tensor.nbytes),
        str(tensor.offset),
    )


def _separated(rows: Iterable[Row], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(column.value for column in COLUMNS)
    writer.writerows(map(guarded, map(cells, rows)))
    return text.getvalue()


def guarded(texts: Iterable[str]) -> list[str]:
    """Keep spreadsheets from reading a name as a formula."""
    return [f"'{text}" if text.startswith(_UNSAFE_START) else text for text in texts]


def _json(rows: Iterable[Row]) -> str:
    table = [
        {
            "name": row.tensor.name,
            "dtype": row.tensor.dtype.label,
            "shape": list(row.tensor.shape),
            "part": row.part or None,
            "block": row.block or None,
            "parameters": row.tensor.parameters,
            "bytes": row.tensor.nbytes,
            "offset": row.tensor.offset,
        }
        for row in rows
    ]
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def _markdown(rows: Iterable[Row]) -> str:
    lines = [[column.value for column in COLUMNS], ["---"] * len(COLUMNS), *map(cells, rows)]
    return "".join(f"| {' | '.join(map(_in_cell, line))} |\n" for line in lines)


def _in_cell(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())


_WRITERS: dict[TableFormat, Callable[[Iterable[Row]], str]] = {
    TableFormat.CSV: lambda rows: _separated(rows, ","),
    TableFormat.TSV: lambda rows: _separated(rows, "\t"),
    TableFormat.JSON: _json,
    TableFormat.MARKDOWN: _markdown,
}
