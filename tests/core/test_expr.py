"""The algebra of expressions keeps meaning and cancels what undoes itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.expr import (
    Concat,
    Constant,
    Read,
    Reshape,
    Rows,
    Transpose,
    cast,
    concat,
    operation,
    read,
    reads,
    reshape,
    rows,
    swap_halves,
    transpose,
)
from ckpt_studio.core.plan import casts
from ckpt_studio.core.tensors import DType, TensorInfo

SOURCE = read(0, TensorInfo("w", DType.F16, (12, 4), 0, 96))


def evaluate(expr, data):
    """Rows of a matrix as lists, straight from the meaning of each kind of expression."""
    match expr:
        case Read():
            return data
        case Rows(of, start, stop):
            return evaluate(of, data)[start:stop]
        case Concat(parts):
            return [row for part in parts for row in evaluate(part, data)]
        case Transpose(of):
            return [list(column) for column in zip(*evaluate(of, data), strict=True)]
        case Reshape(of):
            return evaluate(of, data)
    raise AssertionError(expr)


DATA = [[4 * row + column for column in range(4)] for row in range(12)]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_cut_and_joined_again_is_the_same(sizes, data):
    total = sum(sizes)
    whole = read(0, TensorInfo("w", DType.F16, (total, 4), 0, total * 8))
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    parts = [rows(whole, end - size, end) for size, end in zip(sizes, ends, strict=True)]
    assert concat(tuple(parts)) == whole


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_rows_of_rows_mean_what_they_say(a, b, c, d):
    first = rows(SOURCE, min(a, b), max(a, b))
    size = first.shape[0]
    start, stop = sorted((min(c, size), min(d, size)))
    assert evaluate(rows(first, start, stop), DATA) == evaluate(first, DATA)[start:stop]


def test_halves_swapped_twice_are_as_they_were():
    swapped = swap_halves(SOURCE)
    assert evaluate(swapped, DATA) == DATA[6:] + DATA[:6]
    assert evaluate(swap_halves(swapped), DATA) == DATA


def test_what_undoes_itself_cancels():
    assert transpose(transpose(SOURCE)) is SOURCE
    assert reshape(reshape(SOURCE, (4, 12)), (12, 4)) is SOURCE
    assert cast(SOURCE, DType.F16) is SOURCE
    assert rows(SOURCE, 0, 12) is SOURCE
    assert concat((SOURCE,)) is SOURCE


def test_the_impossible_is_refused():
    with pytest.raises(ValueError, match="rows"):
        rows(SOURCE, 3, 13)
    with pytest.raises(ValueError, match="shape"):
        reshape(SOURCE, (5, 5))
    with pytest.raises(ValueError, match="transposed"):
        transpose(Constant(DType.F32, (3,), bytes(12)))
    with pytest.raises(ValueError, match="joined"):
        concat((SOURCE, Constant(DType.F32, (1, 4), bytes(16))))
    with pytest.raises(ValueError, match="joined"):
        concat((Constant(DType.F32, (), bytes(4)), Constant(DType.F32, (), bytes(4))))


def test_operations_have_names():
    assert operation(SOURCE) == "copy"
    assert operation(reshape(SOURCE, (48,))) == "reshape"
    assert operation(cast(SOURCE, DType.F32)) == "cast"
    assert operation(cast(transpose(SOURCE), DType.F32)) == "transpose+cast"
    assert operation(swap_halves(SOURCE)) == "concat"
    assert operation(Constant(DType.F32, (0,), b"")) == "constant"
    assert operation(rows(SOURCE, 1, 2)) == "slice"


def test_an_expression_knows_what_it_reads_and_whether_it_computes():
    mixed = concat((cast(rows(SOURCE, 0, 2), DType.F32), Constant(DType.F32, (1, 4), bytes(16))))
    assert [leaf.tensor.name for leaf in reads(mixed)] == ["w"]
    assert mixed.shape == (3, 4)
    assert casts(mixed)
    assert not casts(swap_halves(SOURCE))
