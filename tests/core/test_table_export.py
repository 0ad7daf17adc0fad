"""Exported tables can be read back by the programs they are for."""

import csv
import io
import json

import pytest

from ckpt_studio.core.query import Row
from ckpt_studio.core.table_export import TableFormat, export_text
from ckpt_studio.core.tensors import DType, TensorInfo

ROWS = [
    Row(TensorInfo('a,"b"\t|x', DType.F16, (320, 4), 4096, 2560), "unet", "IN00"),
    Row(TensorInfo("=cmd()", DType.I64, (), 6656, 8)),
]


@pytest.mark.parametrize(("form", "separator"), [(TableFormat.CSV, ","), (TableFormat.TSV, "\t")])
def test_separated_values_read_back(form: TableFormat, separator: str) -> None:
    table = list(csv.reader(io.StringIO(export_text(ROWS, form)), delimiter=separator))
    assert table[0] == ["Key", "Part", "Block", "Type", "Shape", "Parameters", "Size", "Offset"]
    assert table[1] == ['a,"b"\t|x', "unet", "IN00", "F16", "320x4", "1280", "2560", "4096"]


def test_a_name_is_no_formula() -> None:
    table = list(csv.reader(io.StringIO(export_text(ROWS, TableFormat.CSV))))
    assert table[2][0] == "'=cmd()"


def test_json_keeps_types() -> None:
    first, second = json.loads(export_text(ROWS, TableFormat.JSON))
    assert first["shape"] == [320, 4]
    assert first["offset"] == 4096
    assert second == {
        "name": "=cmd()",
        "dtype": "I64",
        "shape": [],
        "part": None,
        "block": None,
        "parameters": 1,
        "bytes": 8,
        "offset": 6656,
    }


def test_markdown_has_one_line_for_each_tensor() -> None:
    lines = export_text(ROWS, TableFormat.MARKDOWN).splitlines()
    assert len(lines) == 4
    assert r"\|x" in lines[2]
