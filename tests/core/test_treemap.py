"""The layout of a treemap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.query import Row
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.core.treemap import squarified, tiles

sizes = st.lists(st.floats(1, 1e12), min_size=1, max_size=60).map(lambda s: sorted(s, reverse=True))


@given(sizes, st.floats(1, 4000), st.floats(1, 4000))
def test_areas_are_in_proportion_and_inside(sizes, width, height):
    areas = list(squarified(sizes, (0.0, 0.0, width, height)))
    total = sum(sizes)
    for size, (left, top, wide, high) in zip(sizes, areas, strict=True):
        assert wide * high == pytest.approx(size / total * width * height, rel=1e-3, abs=1e-3)
        assert left >= -1e-6
        assert top >= -1e-6
        assert left + wide <= width * (1 + 1e-5)
        assert top + high <= height * (1 + 1e-5)


def test_equal_sizes_are_squares():
    areas = list(squarified([1.0] * 4, (0, 0, 100, 100)))
    assert all(wide == high == pytest.approx(50) for _, _, wide, high in areas)


@pytest.mark.parametrize("area", [(0, 0, 0, 10), (0, 0, 10, 0)])
def test_no_room_is_no_error(area):
    assert len(list(squarified([2.0, 1.0], area))) == 2


def row(name, part, block, count, dtype=DType.F16):
    return Row(TensorInfo(name, dtype, (count,), 0, dtype.nbytes((count,))), part, block)


def test_tensors_are_grouped_by_part_and_block_the_largest_first():
    root = tiles(
        [
            row("a", "unet", "IN00", 10),
            row("b", "unet", "IN01", 30),
            row("c", "vae", "", 5, DType.F32),
            row("d", "unet", "IN01", 20, DType.F32),
            row("empty", "vae", "", 0),
        ]
    )
    assert [(tile.name, tile.size) for tile in root.children] == [("UNet", 160), ("VAE", 20)]
    unet = root.children[0]
    assert [tile.name for tile in unet.children] == ["IN01", "IN00"]
    assert [tile.name for tile in unet.children[0].children] == ["d", "b"]
    assert unet.children[0].dtype == "F32"
