"""Block weights are read and written as other programs write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.merging.partitions import partition
from ckpt_studio.core.merging.presets import presets
from ckpt_studio.core.merging.weights_text import (
    Preset,
    format_weights,
    parse_presets,
    parse_weights,
)


def of(name, which=""):
    return partition(which, name, {"unet": tuple(family(name).unet.component.specs())})


SD1, SDXL, SDXL_VAE, FLUX = of("sd15"), of("sdxl"), of("sdxl", "mbw_vae"), of("flux_dev")


def written(values):
    return ",".join(str(value) for value in values)


def test_a_value_for_each_block():
    assert parse_weights(" 0, 0.5 ," + written(range(24)), SD1) == (0, 0.5, *range(24))


def test_without_base():
    assert parse_weights(written(range(25)), SD1, outside=0.3) == (0.3, *range(25))
    assert parse_weights(written(range(19)), SDXL, outside=0.3) == (0.3, *range(19))


def test_presets_of_sd1_fit_sdxl():
    inner = (*range(9), *range(12, 22))
    assert parse_weights(written(range(25)), SDXL, outside=0.3) == (0.3, *inner)
    assert parse_weights("7," + written(range(25)), SDXL) == (7, *inner)
    assert parse_weights("7," + written(range(25)), SDXL_VAE) == (7, *inner, 0)


def test_a_preset_of_sdxl_without_vae():
    assert parse_weights(written(range(20)), SDXL_VAE) == (*range(20), 0)


def test_flux():
    assert parse_weights(written(range(61)), FLUX) == tuple(range(61))
    found = parse_weights(written(range(1, 58)), FLUX, outside=0.5)
    assert found[:4] == (0.5, 0.5, 0.5, 1)
    assert found[-2:] == (57, 0.5)


def test_a_line_of_a_presets_file():
    assert parse_weights("GRAD_V\t" + written(range(26)) + "\n", SD1) == tuple(range(26))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (written(range(27)), "There are 27 values; this model has 26 blocks, or 25 without BASE."),
        ("0,R,1", "“R” is not a number."),
        ("", "“” is not a number."),
        ("0,nan", "“nan” is not a number."),
    ],
)
def test_what_cannot_be_read(text, message):
    with pytest.raises(PlanError) as caught:
        parse_weights(text, SD1)
    assert caught.value.message == message
    assert caught.value.hint


def test_a_model_without_blocks_outside():
    with pytest.raises(PlanError) as caught:
        parse_weights("1,2", of("z_image"))
    assert caught.value.message == "There are 2 values; this model has 36 blocks."


@given(st.lists(st.floats(-2, 2), min_size=26, max_size=26))
def test_what_is_written_reads_back(values):
    assert parse_weights(format_weights(values), SD1) == tuple(values)


def test_whole_numbers_are_short():
    assert format_weights([0, 1.0, 0.25]) == "0,1,0.25"


def test_a_file_of_presets():
    text = "preset_name\tpreset_weights\nA\t0,1\n\n  B C \t0.5,.25,\n"
    assert parse_presets(text) == (Preset("A", (0, 1)), Preset("B C", (0.5, 0.25)))


def test_a_damaged_file_of_presets():
    with pytest.raises(PlanError, match=r"Line 2: “x” is not a number\."):
        parse_presets("A\t0,1\nB\t0,x")
    with pytest.raises(PlanError, match="no presets"):
        parse_presets("hello")


@pytest.mark.parametrize("division", [SD1, SDXL, SDXL_VAE, FLUX, of("z_image")])
def test_presets_for_any_number_of_blocks(division):
    made = {item.name: item.values for item in presets(division, outside=0.125)}
    for values in made.values():
        assert len(values) == len(division.blocks)
        assert all(values[index] == 0.125 for index in division.outside)
        inner = [v for index, v in enumerate(values) if index not in division.outside]
        assert all(0 <= value <= 1 for value in inner)
    v, a = made["GRAD_V"], made["GRAD_A"]
    inner = [index for index in range(len(v)) if index not in division.outside]
    assert (v[inner[0]], v[inner[-1]], a[inner[0]], a[inner[-1]]) == (1, 1, 0, 0)
    assert all(abs(v[index] + a[index] - 1) < 1e-5 for index in inner)


def test_grad_v_is_that_of_sd1():
    made = {item.name: item.values for item in presets(SD1)}
    assert made["GRAD_V"][1:4] == (1, 0.916667, 0.833333)
    assert made["GRAD_V"][13] == 0
    only = made["Only OUT"]
    assert [SD1.blocks[index] for index, value in enumerate(only) if value][:2] == [
        "OUT00",
        "OUT01",
    ]
    assert sum(only) == 12
