"""Values of two files against numpy in fp64."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.comparison.comparing import ComparedTensor, Comparison, Side, compare
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.comparison.verdict import verdict
from ckpt_studio.core.errors import Cancelled, SourceChangedError
from ckpt_studio.core.expr import concat, read, reshape, rows, transpose
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.recognise import recognise
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.comparing import compare_values
from ckpt_studio.engine.opening import open_checkpoint
from tests.making.plans import Tensor, write_source
from tests.making.sparse import sparse_file

LABELS = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}
LABELS |= {torch.bfloat16: "BF16", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2"}
LABELS |= {torch.bool: "BOOL", torch.uint8: "U8"}


def stored(tensor: torch.Tensor) -> Tensor:
    data = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return LABELS[tensor.dtype], list(tensor.shape), data


def comparison_of(
    folder: Path, a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]
) -> Comparison:
    paths = []
    for name, tensors in (("a", a), ("b", b)):
        path = folder / f"{name}.safetensors"
        write_source(path, {key: stored(tensor) for key, tensor in tensors.items()})
        paths.append(path)
    return compare(*map(open_checkpoint, paths))


def compared(folder: Path, a: torch.Tensor, b: torch.Tensor) -> TensorDifference:
    (only,) = compare_values(comparison_of(folder, {"t": a}, {"t": b}))
    return only


def check(found: TensorDifference, a: torch.Tensor, b: torch.Tensor) -> None:
    one, other = (tensor.to(torch.float64).numpy().reshape(-1) for tensor in (a, b))
    valid = np.isfinite(one) & np.isfinite(other)
    one, other = one[valid], other[valid]
    gap = found.difference
    assert gap is not None
    assert (gap.count, gap.invalid) == (valid.sum(), (~valid).sum())
    assert gap.squares_a == pytest.approx((one**2).sum(), rel=1e-10)
    assert gap.squares_b == pytest.approx((other**2).sum(), rel=1e-10)
    assert gap.squares == pytest.approx(((one - other) ** 2).sum(), rel=1e-10)
    scale = np.linalg.norm(one) * np.linalg.norm(other)
    assert gap.products == pytest.approx((one * other).sum(), abs=scale * 1e-10)
    assert gap.largest == (np.abs(one - other).max() if one.size else 0)


TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
TYPES += [torch.float8_e4m3fn, torch.float8_e5m2]


@pytest.mark.parametrize("two", TYPES, ids=str)
@pytest.mark.parametrize("one", TYPES, ids=str)
def test_random_values_of_any_two_types(tmp_path: Path, one: torch.dtype, two: torch.dtype) -> None:
    wide = torch.randn(300, 701, dtype=torch.float64)
    a, b = wide.to(one), (wide + torch.randn_like(wide) / 10).to(two)
    found = compared(tmp_path, a, b)
    check(found, a, b)
    assert not found.identical
    assert not found.same


@pytest.mark.parametrize("narrow", TYPES[1:], ids=str)
@pytest.mark.parametrize("wide", TYPES[:2], ids=str)
def test_the_same_weights_in_another_precision(
    tmp_path: Path, wide: torch.dtype, narrow: torch.dtype
) -> None:
    # values of fp32, since torch rounds others twice on their way to small types
    a = (torch.randn(1000) / 50).to(wide)
    b = a.to(narrow)
    for left, right in ((a, b), (b, a)):
        found = compared(tmp_path, left, right)
        assert found.same
        assert found.identical is (wide is narrow)
    other = b.clone()
    other.view(torch.uint8)[-1] ^= 0x40
    assert not compared(tmp_path, a, other).same


def test_half_types_of_one_size_are_compared_in_both_directions(tmp_path: Path) -> None:
    a = torch.randn(1000).to(torch.float16)
    assert compared(tmp_path, a, a.to(torch.bfloat16)).same
    assert compared(tmp_path, a.to(torch.bfloat16), a).same
    b = torch.randn(1000).to(torch.bfloat16)
    assert compared(tmp_path, a, b).same is False


@pytest.mark.parametrize("scale", [1e-40, 1e-7, 1e-3, 1.0, 300.0])
@pytest.mark.parametrize(
    ("one", "two"),
    [(a, b) for place, a in enumerate(TYPES[1:]) for b in TYPES[place + 2 :]],
    ids=str,
)
def test_two_roundings_of_the_same_weights_are_the_same(
    tmp_path: Path, one: torch.dtype, two: torch.dtype, scale: float
) -> None:
    original = torch.randn(100_000, dtype=torch.float32).clamp_(-1.4, 1.4) * scale
    a, b = original.to(one), original.to(two)
    for left, right in ((a, b), (b, a)):
        assert compared(tmp_path, left, right).same


def test_what_is_out_of_range_of_one_type_is_rounded_too(tmp_path: Path) -> None:
    original = torch.tensor([1.0, 500.0, -70_000.0, 3e38])
    clamped = original.clamp(-448, 448).to(torch.float8_e4m3fn)
    half, wide = original.half(), original.bfloat16()
    assert half.isinf().sum() == 2
    for a, b in ((clamped, half), (clamped, wide), (half, wide)):
        assert compared(tmp_path, a, b).same
    assert not compared(tmp_path, clamped, -wide).same
    nan = torch.tensor([1.0, 1.0 + 2**-10, -70_000.0, math.nan])
    assert not compared(tmp_path, nan.half(), wide).same
    assert compared(tmp_path, nan.half(), nan.bfloat16()).same


@pytest.mark.parametrize("two", TYPES[3:], ids=str)
@pytest.mark.parametrize("one", TYPES[1:3], ids=str)
def test_a_value_that_is_two_units_away_is_no_rounding(
    tmp_path: Path, one: torch.dtype, two: torch.dtype
) -> None:
    original = torch.rand(300_000) + 1.1
    a, b = original.to(one), original.to(two)
    assert compared(tmp_path, a, b).same
    bits = torch.uint8 if b.element_size() == 1 else torch.int16
    b.view(bits)[-7] += 2
    assert not compared(tmp_path, a, b).same


def test_nan_infinity_and_negative_zero(tmp_path: Path) -> None:
    a = torch.tensor([math.nan, math.inf, -math.inf, 1.0, 0.0, 2.0**-149])
    b = torch.tensor([1.0, math.inf, math.inf, 2.0, -0.0, 0.0])
    found = compared(tmp_path, a, b)
    check(found, a, b)
    assert not found.same
    bad = torch.full((5,), math.nan)
    same = compared(tmp_path, bad, bad)
    assert (same.identical, same.same, same.difference.invalid) == (True, True, 5)
    zeros = compared(tmp_path, torch.zeros(9), -torch.zeros(9))
    assert (zeros.identical, zeros.same, zeros.difference.relative) == (False, True, 0.0)
    huge = torch.tensor([1e308], dtype=torch.float64)
    assert compared(tmp_path, huge, -huge).difference.largest == math.inf


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-310, 1e170, 1e-170])
def test_squares_of_extreme_numbers_stay_in_range(tmp_path: Path, scale: float) -> None:
    a = torch.tensor([1.0, 2.0, 0.0, math.nan], dtype=torch.float64) * scale
    opposite = compared(tmp_path, a, -a).difference
    assert opposite.cosine == pytest.approx(-1)
    assert opposite.relative == pytest.approx(2)
    assert opposite.largest == pytest.approx(4 * scale)
    assert compared(tmp_path, a, 3 * a).difference.relative == pytest.approx(2)
    wide = torch.zeros(200_000, dtype=torch.float64)
    wide[-1], other = scale, wide.clone()
    other[-1] = scale / 2
    found = compared(tmp_path, wide, other).difference
    assert (found.relative, found.cosine) == (pytest.approx(0.5), pytest.approx(1))
    mixed = found + compared(tmp_path, wide[:1] + 1, wide[:1] + 2).difference
    assert mixed.relative == pytest.approx(1.0 if scale < 1 else 0.5)


def test_large_integers_are_told_apart(tmp_path: Path) -> None:
    a = torch.tensor([2**53 + 1, 2**62, -(2**63), 7])
    assert compared(tmp_path, a, a).same
    b = a.clone()
    b[0] -= 1
    found = compared(tmp_path, a, b)
    assert (found.same, found.difference.largest) == (False, 1)
    assert found.difference.squares == 1
    far = compared(tmp_path, a, torch.full((4,), 2**63 - 1))
    assert far.difference.largest == 2.0**64


@given(st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), min_size=1, max_size=40))
def test_any_values(tmp_path_factory: pytest.TempPathFactory, pairs: list) -> None:
    a, b = (torch.tensor(side, dtype=torch.float32) for side in zip(*pairs, strict=True))
    found = compared(tmp_path_factory.mktemp("any"), a, b)
    check(found, a, b)
    assert found.identical is (stored(a)[2] == stored(b)[2])


def test_large_tensors_empty_ones_single_numbers_and_whole_ones(tmp_path: Path) -> None:
    big = torch.randn(9_000_001)
    a = {"big": big, "none": torch.empty(0, 3), "one": torch.tensor(3.0)}
    a |= {"ids": torch.arange(77), "flags": torch.tensor([True, False])}
    b = {**a, "big": big.half(), "one": torch.tensor(4.0), "ids": torch.arange(77) + 1}
    seen: list[str] = []
    comparison = comparison_of(tmp_path, a, b)
    done = compare_values(comparison, found=lambda one: seen.append(one.tensor.name))
    assert [one.tensor.name for one in done] == [row.name for row in comparison.tensors]
    by_name = {one.tensor.name: one for one in done}
    check(by_name["big"], a["big"], b["big"])
    assert [name for name, one in by_name.items() if one.identical] == ["none", "flags"]
    assert [name for name, one in by_name.items() if not one.same] == ["one", "ids"]
    assert by_name["one"].difference.relative == pytest.approx(1 / 3)
    assert by_name["ids"].difference.largest == 1
    some = [row for row in comparison.tensors if row.name == "ids"]
    assert [one.tensor.name for one in compare_values(comparison, some)] == ["ids"]
    assert set(seen) == set(a)


def test_codes_are_compared_as_bytes_only(tmp_path: Path) -> None:
    codes = torch.arange(64, dtype=torch.uint8).view(torch.float8_e4m3fn)
    a = {"x.weight": codes, "x.scale_weight": torch.ones(1), "y.weight": codes}
    a["y.scale_weight"] = torch.ones(1)
    b = {**a, "y.weight": codes.view(torch.uint8).flip(0).view(codes.dtype)}
    b["x.weight"] = codes
    done = {one.tensor.name: one for one in compare_values(comparison_of(tmp_path, a, b))}
    assert (done["x.weight"].identical, done["x.weight"].difference) == (True, None)
    assert (done["y.weight"].same, done["y.weight"].difference) == (False, None)
    wide = {**a, "x.weight": torch.ones(64), "y.weight": torch.ones(64)}
    unlike = compare_values(comparison_of(tmp_path, a, wide))
    assert [one.same for one in unlike if one.tensor.name == "x.weight"] == [False]


def test_a_transposed_tensor_is_read_as_it_is_named(tmp_path: Path) -> None:
    """A linear layer of PyTorch saved as a view compares with the plain copy."""
    weight = torch.randn(40, 30)
    torch.save({"w": weight.T}, tmp_path / "a.pt")
    write_source(tmp_path / "b.safetensors", {"w": stored(weight.T)})
    pair = compare(open_checkpoint(tmp_path / "a.pt"), open_checkpoint(tmp_path / "b.safetensors"))
    (only,) = compare_values(pair)
    assert only.identical
    assert verdict(pair, [only])[0] == "All tensors are the same, byte for byte."


def test_a_tensor_that_is_put_together_compares_with_one_that_is_whole(tmp_path: Path) -> None:
    """What recognition does with diffusers and OpenCLIP names: join, cut, turn, reshape."""
    q, k = torch.randn(1000, 300), torch.randn(1000, 300)
    a = write_source(
        tmp_path / "a.safetensors", {"q": stored(q), "k": stored(k), "turned": stored(q.T)}
    )
    b = write_source(tmp_path / "b.safetensors", {"qk": stored(torch.cat((q, k)).half())})
    leaf = {name: read(0, info) for name, info in a.tensors.items()}
    joined = Side(concat((leaf["q"], leaf["k"])))
    whole = Side(read(1, b.tensors["qk"]))
    turned = ComparedTensor(
        "turned", "", "", Side(transpose(leaf["turned"])), Side(rows(whole.expr, 0, 1000))
    )
    rest = reshape(rows(whole.expr, 1000, 2000), (1000, 300, 1, 1))
    conv = ComparedTensor("conv", "", "", Side(reshape(leaf["k"], (1000, 300, 1, 1))), Side(rest))
    tensors = (ComparedTensor("qk", "", "", joined, whole), turned, conv)
    files = (Opened(each, recognise(each)) for each in (a, b))
    done = compare_values(Comparison(*files, tensors, ()))
    assert [one.same for one in done] == [True, True, True]
    check(done[0], torch.cat((q, k)), torch.cat((q, k)).half())


def test_cancel_stops_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    table = {f"blocks.{n}.weight": ("F16", [1 << 24]) for n in range(100)}
    paths = [sparse_file(tmp_path / name, table) for name in ("a.safetensors", "b.safetensors")]
    comparison = compare(*map(open_checkpoint, paths))
    token = CancelToken()
    seen: list[TensorDifference] = []

    def stop(one: TensorDifference) -> None:
        seen.append(one)
        token.cancel()

    with pytest.raises(Cancelled):
        compare_values(comparison, found=stop, cancel=token)
    assert 0 < len(seen) < 100
    os.utime(paths[1], ns=(1, 1))
    with pytest.raises(SourceChangedError, match=r"b\.safetensors was changed"):
        compare_values(comparison, comparison.tensors[:1])
