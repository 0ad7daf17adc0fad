"""The header we write: its layout, its limits, and that others read it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import deserialize

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.safetensors import BLOCK, Row, encode_header

ROW: Row = ("w", DType.F32, (2, 2), 16)


def test_data_begins_at_a_block_and_metadata_comes_first() -> None:
    header = encode_header([ROW], {"z": "ü", "a": "1"})
    assert len(header) % BLOCK == 0
    assert int.from_bytes(header[:8], "little") == len(header) - 8
    assert header[8:].rstrip(b" ").decode() == (
        '{"__metadata__":{"z":"ü","a":"1"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    )


def test_rows_keep_their_order_and_follow_one_another() -> None:
    rows: list[Row] = [("b", DType.U8, (3,), 3), ("a", DType.F16, (), 2), ROW]
    entries = json.loads(encode_header(rows, {})[8:])
    assert list(entries) == ["b", "a", "w"]
    assert [entry["data_offsets"] for entry in entries.values()] == [[0, 3], [3, 5], [5, 21]]


def test_no_metadata_leaves_no_trace() -> None:
    assert b"__metadata__" not in encode_header([ROW], {})


@given(
    st.dictionaries(st.text(), st.text(), max_size=5),
    st.lists(st.text(), unique=True, max_size=5),
    st.sampled_from([8, 64, 4096]),
)
def test_the_reference_reader_agrees(
    metadata: dict[str, str], names: list[str], align: int
) -> None:
    rows = [(name, DType.F16, (3,), 6) for name in names if name != "__metadata__"]
    header = encode_header(rows, metadata, align=align)
    assert len(header) % align == 0
    found = dict(deserialize(header + bytes(6 * len(rows))))
    assert set(found) == {row[0] for row in rows}


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(PlanError, match="is taken already"):
        encode_header([ROW, ROW], {})
    with pytest.raises(PlanError, match="is taken already"):
        encode_header([("__metadata__", *ROW[1:])], {})
    with pytest.raises(PlanError, match='"steps" is no text'):
        encode_header([ROW], {"steps": 20})  # type: ignore[dict-item]
    with pytest.raises(PlanError, match="no Unicode text"):
        encode_header([ROW], {"k": "\ud800"})
    with pytest.raises(PlanError, match="at most 100,000,000"):
        encode_header([ROW], {"picture": "x" * 100_000_000})
