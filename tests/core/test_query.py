"""Filtering and sorting the table of tensors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.query import Column, Query, Row, Table, natural_key
from ckpt_studio.core.tensors import DType, TensorInfo


def row(name: str, shape: tuple[int, ...] = (4,), dtype: DType = DType.F16, part: str = "") -> Row:
    return Row(TensorInfo(name, dtype, shape, len(name), dtype.nbytes(shape)), part)


TABLE = Table(
    [
        row("input_blocks.10.attn.to_q.weight", (640, 640), part="unet"),
        row("input_blocks.2.attn.to_q.weight", (320, 320), part="unet"),
        row("Decoder.conv.bias", (3,), DType.F32, "vae"),
        row("input_blocks.2.attn.to_k.bias", (320,), part="unet"),
    ]
)


def names(query: Query, column: Column = Column.KEY, *, descending: bool = False) -> list[str]:
    order = TABLE.order(column, descending=descending)
    return [TABLE.rows[index].tensor.name for index in TABLE.matching(query, order)]


def test_numbers_in_keys_sort_as_numbers() -> None:
    assert names(Query()) == [
        "Decoder.conv.bias",
        "input_blocks.2.attn.to_k.bias",
        "input_blocks.2.attn.to_q.weight",
        "input_blocks.10.attn.to_q.weight",
    ]


def test_every_word_must_occur_in_any_case() -> None:
    assert names(Query("WEIGHT blocks.1")) == ["input_blocks.10.attn.to_q.weight"]
    assert names(Query("conv")) == ["Decoder.conv.bias"]
    assert names(Query("  ")) == names(Query())


def test_conditions_narrow_together() -> None:
    assert names(Query(part="unet", least=1000, most=300_000)) == [
        "input_blocks.2.attn.to_q.weight"
    ]
    assert names(Query(dtype="F32")) == ["Decoder.conv.bias"]
    assert names(Query("bias", dtype="F16")) == ["input_blocks.2.attn.to_k.bias"]


def test_a_pattern_searches_anywhere() -> None:
    assert names(Query(r"to_[qk]\.w", regex=True)) == [
        "input_blocks.2.attn.to_q.weight",
        "input_blocks.10.attn.to_q.weight",
    ]
    with pytest.raises(ValueError, match="nterminated"):
        names(Query("[", regex=True))


@pytest.mark.parametrize("column", Column)
def test_every_column_sorts_both_ways(column: Column) -> None:
    there, back = names(Query(), column), names(Query(), column, descending=True)
    assert there == back[::-1]
    assert sorted(there) == sorted(row.tensor.name for row in TABLE.rows)


def test_sizes_sort_as_numbers() -> None:
    assert names(Query(), Column.SIZE)[-1] == "input_blocks.10.attn.to_q.weight"


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_natural_order_is_the_order_of_the_numbers(one: int, other: int) -> None:
    assert (natural_key(f"a.{one}.b") < natural_key(f"a.{other}.b")) == (one < other)
