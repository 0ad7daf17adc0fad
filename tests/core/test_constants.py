"""Tensors that files lack and programs compute anew."""

import struct

import pytest

from ckpt_studio.core.assembly.constants import default_tensor
from ckpt_studio.core.expr import Cast
from ckpt_studio.core.families.templates import parse_spec
from ckpt_studio.core.tensors import DType


def values(text):
    made = default_tensor(parse_spec(text), DType.F16)
    return struct.unpack(f"<{len(made.data) // 4}f", made.data)


def test_rotary_frequencies_fall_from_one_by_the_same_factor():
    assert values("F32 [4] = rotary") == pytest.approx([1.0, 0.1, 0.01, 0.001])


def test_a_blur_keeps_the_brightness():
    kernel = values("F32 [4, 4] = blur")
    assert sum(kernel) == 1
    assert kernel[:4] == (1 / 64, 3 / 64, 3 / 64, 1 / 64)
    assert kernel[5] == 9 / 64


@pytest.mark.parametrize("dtype", [DType.F16, DType.BF16, DType.F8_E4M3])
def test_what_is_open_takes_the_precision_of_the_part(dtype):
    zeros = default_tensor(parse_spec("[2, 3] = 0"), dtype)
    assert (zeros.dtype, zeros.data) == (dtype, bytes(dtype.nbytes((2, 3))))
    frequencies = default_tensor(parse_spec("[16] = rotary"), dtype)
    assert isinstance(frequencies, Cast)
    assert (frequencies.dtype, frequencies.of.dtype) == (dtype, DType.F32)


def test_a_number_makes_a_scalar_and_nothing_else():
    assert values("F32 [] = 4.5") == (4.5,)
    with pytest.raises(ValueError, match="no default"):
        default_tensor(parse_spec("F32 [2] = 4.5"), DType.F16)
