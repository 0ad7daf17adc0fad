"""Every conversion against exact arithmetic, whatever torch does."""

import math
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import DType
from ckpt_studio.engine._torch.casting import Caster
from ckpt_studio.engine.tally import Counts
from tests.making.floats import BF16, E4M3, E5M2, F16, F32, Format

TARGETS = {
    DType.F16: F16,
    DType.BF16: BF16,
    DType.F8_E4M3: E4M3,
    DType.F8_E5M2: E5M2,
}
CODES = {8: "B", 16: "H", 32: "I"}
targets = pytest.mark.parametrize("target", TARGETS, ids=lambda dtype: dtype.label)


def convert(raw: bytes, before: DType, after: DType) -> tuple[list[int], Counts]:
    count = len(raw) * 8 // before.bits
    caster = Caster(max(count, 1))
    caster.source[: len(raw)] = raw
    counts = caster.convert(count, before, after)
    size = count * after.bits // 8
    return list(struct.unpack(f"<{count}{CODES[after.bits]}", caster.target[:size])), counts


def judge(values: list[float], raw: bytes, before: DType, after: DType, form: Format) -> None:
    found, counts = convert(raw, before, after)
    expected = [form.encode(value) for value in values]
    wrong = [
        (value, hex(got), hex(code))
        for value, got, (code, _) in zip(values, found, expected, strict=True)
        if got != code
    ]
    assert not wrong, wrong[:10]
    over = [abs(v) for v, (_, lost) in zip(values, expected, strict=True) if lost]
    assert counts.overflowed == len(over)
    if over and before is not DType.F64:
        assert counts.max_abs == max(over)
    zero = ~form.sign_bit
    flushed = [v for v, got in zip(values, found, strict=True) if v != 0 and not got & zero]
    assert counts.flushed == len(flushed)
    assert counts.invalid == sum(not math.isfinite(value) for value in values)


def around(form: Format, step: int = 1) -> list[float]:
    """All values of a type, the points half-way between them, and their nearest fp32 neighbours."""
    values: list[float] = []
    for bits in range(0, form.largest_bits + 1, step):
        here, after = form.magnitude(bits), form.magnitude(bits + 1)
        middle = float((here + after) / 2)
        near = (
            [middle, shift(middle, -1), shift(middle, 1)] if math.isfinite(as_f32(middle)) else []
        )
        values += [float(here), *near]
    return values + [-value for value in values]


def as_f32(value: float) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def shift(value: float, by: int) -> float:
    bits = struct.unpack("<i", struct.pack("<f", value))[0] + by
    return struct.unpack("<f", struct.pack("<i", max(bits, 0)))[0]


SPECIAL = [
    math.inf,
    -math.inf,
    math.nan,
    -math.nan,
    0.0,
    -0.0,
    1e-45,
    -1e-45,
    3.4028234663852886e38,
]


def test_reference_is_right_about_half_precision() -> None:
    for bits in range(1 << 16):
        expected = struct.unpack("<e", struct.pack("<H", bits))[0]
        value = F16.value(bits)
        assert value == expected or (math.isnan(value) and math.isnan(expected))
        if not math.isnan(value):
            assert F16.encode(value) == (bits, False)


@targets
def test_all_codes_and_the_borders_between_them_from_fp32(target: DType) -> None:
    form = TARGETS[target]
    values = around(form, step=7 if target is DType.BF16 else 1) + SPECIAL
    raw = struct.pack(f"<{len(values)}f", *values)
    judge(values, raw, DType.F32, target, form)


@targets
@pytest.mark.parametrize("source", [DType.F16, DType.BF16], ids=lambda dtype: dtype.label)
def test_all_65536_codes_of_a_16_bit_type(source: DType, target: DType) -> None:
    if source is target:
        return
    raw = struct.pack("<65536H", *range(1 << 16))
    values = [TARGETS[source].value(bits) for bits in range(1 << 16)]
    judge(values, raw, source, target, TARGETS[target])


@pytest.mark.parametrize("source", TARGETS, ids=lambda dtype: dtype.label)
def test_widening_keeps_every_value(source: DType) -> None:
    form, bits = TARGETS[source], source.bits
    codes = range(1 << bits)
    raw = struct.pack(f"<{len(codes)}{CODES[bits]}", *codes)
    found, counts = convert(raw, source, DType.F32)
    assert counts == Counts()
    for code, got in zip(codes, found, strict=True):
        value = struct.unpack("<f", struct.pack("<I", got))[0]
        expected = form.value(code)
        assert value == expected or (math.isnan(value) and math.isnan(expected))
        assert math.copysign(1, value) == math.copysign(1, expected) or math.isnan(expected)


@targets
@given(values=st.lists(st.floats(width=32), min_size=1, max_size=300))
@example(values=[464.0, 464.00003, 448.0, -464.0, 65519.996, 65520.0, 61440.0, 61439.996])
@settings(deadline=None)
def test_any_fp32_values(target: DType, values: list[float]) -> None:
    judge(values, struct.pack(f"<{len(values)}f", *values), DType.F32, target, TARGETS[target])


@pytest.mark.parametrize("target", [*TARGETS, DType.F32], ids=lambda dtype: dtype.label)
@given(values=st.lists(st.floats(), min_size=1, max_size=100))
@example(values=[1.00048828125 + 1e-12, 2.0**-25 * (1 + 2.0**-40), 2.0**-25, 1e-320, 1e300])
@example(values=[65520.0 - 1e-9, 464.0 + 1e-12, 3.4028235677973366e38, 3.4028235677973362e38])
@settings(deadline=None)
def test_fp64_is_rounded_once(target: DType, values: list[float]) -> None:
    raw = struct.pack(f"<{len(values)}d", *values)
    judge(values, raw, DType.F64, target, TARGETS.get(target, F32))


def test_fp64_that_lies_next_to_a_tie_in_each_format() -> None:
    for target, form in TARGETS.items():
        ties = around(form, step=97 if form.mantissa > 3 else 1)
        values = [v * (1 + s) for v in ties for s in (0.0, 2.0**-50, -(2.0**-50))]
        judge(values, struct.pack(f"<{len(values)}d", *values), DType.F64, target, form)


def test_a_short_slice_leaves_the_rest_of_the_buffers_alone() -> None:
    caster = Caster(16)
    caster.source[:64] = struct.pack("<16f", *[1e9] * 16)
    assert caster.convert(1, DType.F32, DType.F16).overflowed == 1
    assert not any(caster.target[2:])
