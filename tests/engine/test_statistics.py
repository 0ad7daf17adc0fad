"""Statistics of values against numpy in fp64, and against what a conversion counts."""

import errno
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.errors import Cancelled, FormatError, SourceChangedError
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.small_floats import table_of
from ckpt_studio.core.statistics import (
    HIGHEST,
    LOWEST,
    SMALL_TYPES,
    Histogram,
    Misfit,
    TensorStatistics,
    Values,
    together,
)
from ckpt_studio.core.tensors import DTYPES, DType
from ckpt_studio.engine._torch.casting import Caster
from ckpt_studio.engine._torch.counting import counter_for
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.statistics import has_values, take_statistics
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.plans import write_source
from tests.making.sparse import sparse_file

ODD = [0.0, -0.0, math.nan, math.inf, -math.inf, 1.0, -1.0, 2.0**-149, -(2.0**-130), 2.0**-126]
EDGES = [
    sign * near
    for edge in (65504.0, 65520.0, 448.0, 464.0, 57344.0, 61440.0, 2.0**-25, 2.0**-10, 2.0**-17)
    for near in (edge, np.nextafter(np.float32(edge), np.float32(9e9)), edge * (1 - 2**-24))
    for sign in (1, -1)
]
FLOATS = {DType.F64: torch.float64, DType.F32: torch.float32, DType.F16: torch.float16}
FLOATS |= {DType.BF16: torch.bfloat16, DType.F8_E5M2: torch.float8_e5m2}
FLOATS |= {DType.F8_E4M3: torch.float8_e4m3fn}


def raw(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def test_the_mean_of_huge_numbers_is_finite() -> None:
    huge = torch.full((200_000,), 1.5e308, dtype=torch.float64)
    moments = statistics_of(DType.F64, raw(huge)).moments
    assert moments.mean == pytest.approx(1.5e308)
    opposite = statistics_of(DType.F64, raw(torch.cat((huge, -huge[:100_000])))).moments
    assert opposite.mean == pytest.approx(0.5e308)
    assert math.isnan(opposite.std)


def statistics_of(dtype: DType, data: bytes) -> Values:
    counter = counter_for(dtype)
    if data:
        counter.add(memoryview(bytearray(data)))
    return counter.result()


def check(values: Values, exact: np.ndarray) -> None:
    """Compare with a direct computation in fp64."""
    finite = exact[np.isfinite(exact)]
    assert values.count == exact.size
    assert values.nans == np.isnan(exact).sum()
    assert values.infinities == np.isinf(exact).sum()
    assert values.zeros == (exact == 0).sum()
    assert values.moments.finite == finite.size
    if finite.size:
        assert (values.moments.low, values.moments.high) == (finite.min(), finite.max())
        assert values.moments.largest == np.abs(finite).max()
        size = max(1e-300, np.abs(finite).max())
        assert values.moments.mean == pytest.approx(finite.mean(), rel=1e-9, abs=size * 1e-12)
        assert values.moments.std == pytest.approx(finite.std(), rel=1e-9, abs=size * 1e-9)
    assert values.histogram == histogram(finite)


def histogram(finite: np.ndarray) -> Histogram:
    rows = []
    for part in (-finite[finite < 0], finite[finite > 0]):
        exponents = np.clip(np.frexp(part)[1] - 1, LOWEST, HIGHEST) - LOWEST
        rows.append(tuple(np.bincount(exponents, minlength=HIGHEST - LOWEST + 1).tolist()))
    return Histogram(*rows)


def misfits_of_a_conversion(dtype: DType, data: bytes) -> dict[DType, Misfit]:
    """What the saver counts when it converts these values."""
    counts = {}
    values = len(data) * 8 // dtype.bits
    for kind in SMALL_TYPES:
        if kind is not dtype:
            caster = Caster(values)
            caster.source[: len(data)] = data
            done = caster.convert(values, dtype, kind)
            counts[kind] = Misfit(done.overflowed, done.flushed)
    return counts


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.label)
def test_random_and_odd_values_of_every_float_type(dtype: DType) -> None:
    spread = torch.randn(200_000, dtype=torch.float64) * 10 ** torch.linspace(-9, 6, 200_000)
    every = torch.cat((spread, torch.tensor(ODD + EDGES, dtype=torch.float64)))
    given = every.to(torch.float32).to(FLOATS[dtype])
    values = statistics_of(dtype, raw(given))
    check(values, given.to(torch.float64).numpy())
    assert values.misfits == misfits_of_a_conversion(dtype, raw(given))


@pytest.mark.parametrize("dtype", [DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2])
def test_every_value_of_a_small_type(dtype: DType) -> None:
    codes = np.arange(1 << dtype.bits, dtype="u2" if dtype.bits == 16 else "u1").tobytes()
    exact = torch.frombuffer(bytearray(codes), dtype=FLOATS[dtype]).to(torch.float64).numpy()
    assert np.array_equal(table_of(dtype), exact, equal_nan=True)
    values = statistics_of(dtype, codes)
    check(values, exact)
    assert values.misfits == misfits_of_a_conversion(dtype, codes)


@given(st.lists(st.floats(width=32) | st.sampled_from(EDGES + ODD), min_size=1, max_size=60))
def test_any_fp32_values(numbers: list[float]) -> None:
    exact = np.array(numbers, "<f4")
    values = statistics_of(DType.F32, exact.tobytes())
    check(values, exact.astype("f8"))
    assert values.misfits == misfits_of_a_conversion(DType.F32, exact.tobytes())


@given(st.lists(st.floats(-1e150, 1e150) | st.sampled_from(EDGES + ODD), min_size=1, max_size=60))
def test_any_fp64_values(numbers: list[float]) -> None:
    exact = np.array(numbers, "<f8")
    values = statistics_of(DType.F64, exact.tobytes())
    check(values, exact)
    assert values.misfits == misfits_of_a_conversion(DType.F64, exact.tobytes())


@pytest.mark.parametrize("code", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_whole_numbers(code: str) -> None:
    kind = np.dtype(f"<{code}")
    limits = np.iinfo(kind)
    numbers = np.random.default_rng(1).integers(limits.min, limits.max, 1000, kind, endpoint=True)
    numbers[:3] = (0, limits.min, limits.max)
    dtype = DTYPES[code[0].upper() + str(8 * kind.itemsize)]
    values = statistics_of(dtype, numbers.tobytes())
    check(values, numbers.astype("f8"))
    assert values.misfits == {}


def test_truth_values() -> None:
    assert statistics_of(DType.BOOL, bytes([0, 1, 1, 0, 1])).moments.mean == 0.6


@given(st.lists(st.lists(st.floats(-1e9, 1e9), max_size=20), min_size=1, max_size=6))
def test_parts_add_up(parts: list[list[float]]) -> None:
    total = Values()
    for part in parts:
        total += statistics_of(DType.F64, np.array(part, "<f8").tobytes())
    check(total, np.array([number for part in parts for number in part]))


def test_a_file_of_many_types_in_its_order_and_the_biggest_first(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    big = random.standard_normal(9_000_000).astype("<f4")  # more than one slice
    small = random.standard_normal(1000).astype("<f2")
    source = write_source(
        tmp_path / "m.safetensors",
        {
            "small": ("F16", [10, 100], small.tobytes()),
            "big": ("F32", [9_000_000], big.tobytes()),
            "one": ("F32", [], np.float32(3).tobytes()),
            "none": ("F16", [0, 3], b""),
            "packed": ("F4", [4], b"\x12\x34"),
        },
    )
    seen: list[str] = []
    done = take_statistics(
        source, found=lambda one: seen.append(one.name), biggest_first=True, threads=2
    )
    assert [one.name for one in done] == list(source.tensors)
    assert set(seen) == set(source.tensors)
    assert seen.index("big") < seen.index("small") or len(seen) == 5
    by_name = {one.name: one.values for one in done}
    check(by_name["big"], big.astype("f8"))
    check(by_name["small"], small.astype("f8"))
    check(by_name["one"], np.array([3.0]))
    assert by_name["none"] == Values()
    assert by_name["packed"] is None
    assert not has_values(DType.F4)
    assert [one.name for one in take_statistics(source, ["one", "small", "one"])] == [
        "small",
        "one",
    ]
    assert take_statistics(source, []) == ()


def test_codes_are_said_to_be_codes_and_do_not_count_with_weights(tmp_path: Path) -> None:
    codes = torch.arange(64, dtype=torch.uint8)
    source = write_source(
        tmp_path / "q.safetensors",
        {
            "a.weight": ("F8_E4M3", [8, 8], raw(codes)),
            "a.scale_weight": ("F32", [1], np.float32(0.5).tobytes()),
            "b.weight": ("F8_E4M3", [8, 8], raw(codes)),
            "scaled_fp8": ("F8_E4M3", [0], b""),
        },
    )
    done = {one.name: one for one in take_statistics(source)}
    assert [name for name, one in done.items() if one.codes] == ["a.weight"]
    assert done["a.weight"].values.count == 64
    assert together(done.values()).count == 65


def test_together_leaves_out_what_has_no_values() -> None:
    one = TensorStatistics("a", DType.F4, None)
    assert together([one]) == Values()
    assert Histogram().span is None
    assert math.isnan(Values().moments.std)
    assert math.isnan(Values().moments.largest)


def test_the_span_of_a_histogram() -> None:
    values = statistics_of(DType.F32, np.array([0.5, -3.0, 0.0], "<f4").tobytes())
    assert values.histogram.span == (-1, 1)


def test_cancel_stops_at_once_and_what_was_found_holds(tmp_path: Path) -> None:
    tensors = {f"t{n}": ("F16", [1 << 25]) for n in range(200)}
    source = read_checkpoint(sparse_file(tmp_path / "m.safetensors", tensors))
    token = CancelToken()
    seen: list[TensorStatistics] = []

    def stop(one: TensorStatistics) -> None:
        seen.append(one)
        token.cancel()

    with pytest.raises(Cancelled):
        take_statistics(source, found=stop, cancel=token)
    assert 0 < len(seen) < 16  # a second of work: each has 64 MiB
    assert seen[0].values.zeros == 1 << 25
    with pytest.raises(Cancelled):
        take_statistics(source, cancel=token)


def test_a_file_that_changes_is_refused(tmp_path: Path) -> None:
    source = write_source(tmp_path / "m.safetensors", {"t": ("F16", [4], bytes(8))})
    os.utime(source.path, ns=(1, 1))
    with pytest.raises(SourceChangedError) as caught:
        take_statistics(source)
    assert caught.value.hint == "Open the file again and repeat the job."
    source.path.unlink()
    with pytest.raises(SourceChangedError, match="no longer there"):
        take_statistics(source)


def test_compressed_and_transposed_tensors_of_pytorch_files(tmp_path: Path) -> None:
    weight = torch.randn(30, 40)
    torch.save({"w": weight.T, "h": weight.half()}, tmp_path / "m.pt")
    done = {one.name: one.values for one in take_statistics(read_any(tmp_path / "m.pt"))}
    check(done["w"], weight.numpy().astype("f8"))
    check(done["h"], weight.half().numpy().astype("f8"))


def test_shards_are_one_table(tmp_path: Path) -> None:
    names = [f"m-0000{n}-of-00002.safetensors" for n in (1, 2)]
    values = [np.random.default_rng(n).standard_normal(100).astype("<f4") for n in (1, 2)]
    for name, numbers in zip(names, values, strict=True):
        write_source(tmp_path / name, {name: ("F32", [100], numbers.tobytes())})
    index = tmp_path / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": dict(zip(names, names, strict=True))}))
    done = take_statistics(read_any(index))
    for one, numbers in zip(done, values, strict=True):
        check(one.values, numbers.astype("f8"))


def test_a_disk_that_fails_is_a_sentence_that_speaks_of_no_saving(tmp_path: Path) -> None:
    class Broken(Files):
        def read_into(self, file: int, buffer: memoryview, offset: int) -> int:
            raise OSError(errno.EIO, "Input/output error")

    source = write_source(tmp_path / "m.safetensors", {"t": ("F16", [4], bytes(8))})
    sources = Sources((source,), {(0, 0)}, Broken(), saving=False)
    with pytest.raises(FormatError, match="cannot be read: Input/output error") as caught:
        sources.read((0, 0), memoryview(bytearray(8)), 0)
    sources.close()
    assert "saved" not in caught.value.hint
