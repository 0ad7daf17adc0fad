"""The table and the map of a comparison, while values come in."""

import pytest

from ckpt_studio.core.comparison.compared_table import (
    Column,
    ComparedQuery,
    ComparedTable,
    Show,
    Standing,
    number_of,
)
from ckpt_studio.core.comparison.comparing import compare
from ckpt_studio.core.comparison.difference_map import Metric, block_rank, block_words
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from tests.models import encoder, opened, unet, vae

UNET, VAE = "model.diffusion_model.", "first_stage_model."


def whole(dtype="F16", name="whole.safetensors", more=()):
    table = unet("sd15", dtype, UNET) | {VAE + k: v for k, v in vae("sd15", dtype).items()}
    return opened(table | dict(more), name)


def result(row, relative, *, largest=0.5, cosine=1.0):
    gap = Difference(4, 0, 1.0, 1.0, relative**2, cosine, largest if relative else 0.0)
    return TensorDifference(row, not relative, not relative, gap)


@pytest.fixture
def table():
    a = whole(more={"only.a": ("F16", (4,)), UNET + "conv.x": ("F16", (4, 4))})
    b = whole(name="b", more={"only.b": ("F16", (4,)), UNET + "conv.x": ("F16", (4, 5))})
    return ComparedTable(compare(a, b))


def found(table, **relative):
    """Results for all that can be compared; ``relative`` by part."""
    return [
        (index, result(table.rows[index], relative.get(table.rows[index].part, 0.0)))
        for index in table.left()
    ]


def names(table, query):
    return [table.rows[index].name for index in table.matching(query, table.order(Column.KEY))]


def test_headers_alone_tell_what_is_only_in_one(table):
    assert names(table, ComparedQuery(show=Show.ONLY_A)) == ["only.a"]
    assert names(table, ComparedQuery(show=Show.ONLY_B)) == ["only.b"]
    assert names(table, ComparedQuery(show=Show.DIFFERENT)) == ["conv.x"]
    assert table.counts[Standing.OPEN] == len(table.left()) == len(table.rows) - 3


def test_another_type_counts_as_different_until_the_values_are_known():
    table = ComparedTable(compare(whole("F32"), whole("F16")))
    different = ComparedQuery(show=Show.DIFFERENT)
    assert len(names(table, different)) == len(table.rows)
    index = table.left()[0]
    same = TensorDifference(table.rows[index], identical=False, same=True, difference=Difference(1))
    table.take([(index, same)])
    assert table.standings[index] is Standing.SAME
    assert len(names(table, different)) == len(table.rows) - 1


def test_values_that_come_in_move_rows_from_one_count_to_another(table):
    table.take(found(table, unet=0.1))
    assert table.left() == ()
    assert table.counts[Standing.OPEN] == 0
    assert table.counts[Standing.DIFFERENT] == sum(row.part == "unet" for row in table.rows) - 1
    assert table.counts[Standing.IDENTICAL] == sum(row.part == "vae" for row in table.rows)
    assert sum(table.counts.values()) == len(table.rows)
    before = table.counts.copy()
    table.take([(0, result(table.rows[0], 0.9))])  # known already
    assert table.counts == before


def test_what_is_left_of_a_part_begins_with_its_largest_blocks(table):
    left = table.left("unet")
    assert {table.rows[index].part for index in left} == {"unet"}
    assert table.rows[left[0]].block in {"IN07", "IN08", "MID", "OUT03", "OUT05"}
    whole_left = table.left()
    table.take([(left[0], result(table.rows[left[0]], 0.0))])
    assert table.left() == tuple(index for index in whole_left if index != left[0])


def test_unknown_values_are_last_in_both_directions(table):
    rows = table.left()[:3]
    values = (0.3, 0.1, 0.2)
    pairs = zip(rows, values, strict=True)
    table.take([(row, result(table.rows[row], value)) for row, value in pairs])
    rising = table.order(Column.RELATIVE)
    falling = table.order(Column.RELATIVE, descending=True)
    assert rising[:3] == [rows[1], rows[2], rows[0]]
    assert falling[:3] == [rows[0], rows[2], rows[1]]
    assert sorted(rising) == sorted(falling) == list(range(len(table.rows)))
    for column in Column:
        assert sorted(table.order(column)) == list(range(len(table.rows)))


def test_blocks_are_in_the_order_of_the_model(table):
    order = [table.rows[index] for index in table.order(Column.BLOCK)]
    blocks = list(dict.fromkeys(row.block for row in order if row.part == "unet" and row.block))
    expected = [f"IN{n:02}" for n in range(12)] + ["MID"] + [f"OUT{n:02}" for n in range(12)]
    assert blocks == expected
    assert block_rank("double 2") < block_rank("double 10") < block_rank("single 0")
    assert [block_words(each) for each in ("IN04", "MID", "double 12", "")] == [
        ("IN", "4"),
        ("MID", ""),
        ("double", "12"),
        ("", ""),
    ]


def test_words_are_looked_for_in_the_names_of_the_files_too(table):
    key = "input_blocks.1.1.proj_in.weight"
    assert names(table, ComparedQuery(text=f"{UNET}{key}")) == [key]
    assert names(table, ComparedQuery(text="PROJ_IN input_blocks.1. weight")) == [key]
    assert names(table, ComparedQuery(part="vae", text="proj_in")) == []


def test_the_map_has_a_cell_for_each_block_and_kind(table):
    shown = table.map.of_part("unet")
    assert [block for _, block in shown.columns][:3] == ["", "IN00", "IN01"]
    assert shown.kinds == ("attn1", "attn2", "ff", "conv", "norm", "embed", "proj")
    cell = shown.cells["unet", "IN01", "attn2"]
    assert (cell.tensors, cell.compared, cell.value(Metric.RELATIVE)) == (5, 0, None)
    assert shown.cells["unet", "", "conv"].unlike == 1
    assert table.map.parts == ("unet", "vae")
    inside = ComparedQuery(place=("unet", "IN01", "attn2"))
    assert len(names(table, inside)) == 5


def test_the_map_adds_up_what_comes_in(table):
    table.take(found(table, unet=0.1))
    cell = table.map.cells["unet", "IN01", "attn2"]
    assert (cell.compared, cell.same) == (5, 0)
    assert cell.value(Metric.RELATIVE) == pytest.approx(0.1)
    assert cell.value(Metric.COSINE) == pytest.approx(0.0)
    assert cell.value(Metric.LARGEST) == 0.5
    assert table.map.largest(Metric.RELATIVE) == pytest.approx(0.1)
    assert table.map.peak(Metric.RELATIVE)[0] == "unet"
    assert table.map.of_part("vae").peak(Metric.RELATIVE) is None
    assert table.map.of_part("vae").largest(Metric.RELATIVE) == 0


def test_codes_that_differ_have_no_number(table):
    index = table.left()[0]
    codes = TensorDifference(table.rows[index], identical=False, same=False, difference=None)
    table.take([(index, codes)])
    cell = table.map.cells[table.places[index]]
    assert cell.value(Metric.RELATIVE) is None
    assert (cell.compared, cell.same) == (1, 0)
    assert number_of(codes, Column.RELATIVE) is None


def test_a_swap_keeps_what_is_known():
    a, b = whole("F32"), opened(encoder("clip_l") | vae("sd15"), "b")
    table = ComparedTable(compare(a, b))
    index = table.left()[0]
    gap = Difference(1, 0, 4.0, 1.0, 1.0, 2.0, 1.0)
    table.take([(index, TensorDifference(table.rows[index], False, False, gap))])
    other = table.swapped(compare(b, a))
    (known,) = other.found()
    assert known.tensor.name == table.rows[index].name
    assert known.tensor.a is not None
    assert known.tensor.a.dtype.label == "F16"
    assert (known.difference.relative, table.found()[0].difference.relative) == (1.0, 0.5)
    assert other.counts[Standing.ONLY_A] == table.counts[Standing.ONLY_B]
