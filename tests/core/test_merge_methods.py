"""What merge methods say of themselves, and which choices they refuse."""

import math
import re
import struct
from pathlib import Path

import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Blend, Constant, read
from ckpt_studio.core.merging.adjusting import adjusted
from ckpt_studio.core.merging.methods import (
    METHODS,
    MethodSpec,
    check,
    completed,
    exact_input,
    method,
)
from ckpt_studio.core.tensors import DType, TensorInfo

every = pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
ASKED_FOR = {
    *("copy", "weighted_sum", "average", "add_difference", "sum_twice", "triple_sum"),
    *("train_difference", "cosine_a", "cosine_b", "smooth_add", "tensor_sum", "extract"),
    *("similarity", "slerp", "perpendicular", "task_arithmetic", "ties", "dare", "dare_ties"),
    *("della", "breadcrumbs", "model_stock", "geometric_median"),
}


def test_every_method_is_there_once() -> None:
    ids = [spec.id for spec in METHODS]
    assert set(ids) == ASKED_FOR
    assert len(ids) == len(set(ids)) == len({spec.name for spec in METHODS})
    assert all(method(name).id == name for name in ids)


@every
def test_a_method_is_described_and_its_defaults_are_allowed(spec: MethodSpec) -> None:
    assert spec.name
    assert spec.formula
    assert spec.sentence.endswith(".")
    assert spec.source
    assert ".md" not in spec.source
    assert len(spec.roles) == spec.least
    assert spec.base == ("common ancestor" in spec.roles[-1])
    for item in spec.parameters_for(spec.least):
        assert item.name
        assert item.sentence
        assert item.low <= item.default <= item.high
        assert 0 < item.step < item.high - item.low
        assert item.takes(item.low)
        assert item.takes(item.high)
    check(spec, spec.least, {})
    check(spec, spec.least, completed(spec, spec.least, {}))


@every
def test_a_wrong_number_of_models_is_refused(spec: MethodSpec) -> None:
    wrong = [spec.least - 1] if spec.most is None else [spec.least - 1, spec.most + 1]
    for count in wrong:
        with pytest.raises(PlanError, match=f"takes .*, not {count}"):
            check(spec, count, {})


@every
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_of_known_parameters_are_taken(spec: MethodSpec, value: float) -> None:
    for item in spec.parameters_for(spec.least):
        with pytest.raises(PlanError, match="cannot use"):
            check(spec, spec.least, {item.id: value})
    with pytest.raises(PlanError, match="has no parameter “colour”"):
        check(spec, spec.least, {"colour": 1.0})


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("ties", {"density": 0.0}, "cannot use 0 "),
        ("dare", {"density": 1.01}, "cannot use 1.01"),
        ("extract", {"gamma": -0.5}, "cannot use -0.5"),
        ("slerp", {"alpha": 1.5}, "cannot use 1.5"),
        ("tensor_sum", {"beta": -0.1}, "cannot use -0.1"),
        ("della", {"density": 0.1, "epsilon": 0.1}, "with ε 0.1"),
        ("della", {"density": 0.9, "epsilon": 0.15}, "with ε 0.15"),
        ("breadcrumbs", {"density": 1.0, "gamma": 0.01}, "keep 1 and drop 0.01"),
        ("average", {"weight_1": 1.0, "weight_2": -1.0}, "add up to 0"),
        ("average", {"weight_3": 1.0}, "no parameter “weight_3”"),
        ("task_arithmetic", {"weight_2": 1.0}, "no parameter “weight_2”"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    name: str, values: dict[str, float], sentence: str
) -> None:
    spec = method(name)
    with pytest.raises(PlanError, match=sentence) as caught:
        check(spec, spec.least, values)
    assert caught.value.hint


@pytest.mark.parametrize("alpha", [-1.0, 2.0])
@pytest.mark.parametrize("name", ["weighted_sum", "add_difference", "triple_sum", "perpendicular"])
def test_linear_methods_go_beyond_their_models(name: str, alpha: float) -> None:
    check(method(name), method(name).least, {"alpha": alpha})


def test_each_model_but_the_ancestor_has_a_weight() -> None:
    assert [item.id for item in method("average").parameters_for(3)] == [
        "weight_1",
        "weight_2",
        "weight_3",
    ]
    ties = completed(method("ties"), 3, {"weight_2": 0.5})
    assert ties == {"strength": 1, "density": 0.5, "weight_1": 1, "weight_2": 0.5}


@pytest.mark.parametrize(
    ("name", "values", "count", "expected"),
    [
        ("copy", {}, 1, 0),
        ("weighted_sum", {"alpha": 0}, 2, 0),
        ("weighted_sum", {"alpha": 1}, 2, 1),
        ("weighted_sum", {"alpha": 0.5}, 2, None),
        ("weighted_sum", {}, 2, None),
        ("average", {"weight_1": 0, "weight_3": 0}, 3, 1),
        ("average", {"weight_1": 0}, 3, None),
        ("add_difference", {"alpha": 0}, 3, 0),
        ("add_difference", {"alpha": 1}, 3, None),
        ("sum_twice", {"alpha": 0.3, "beta": 1}, 3, 2),
        ("sum_twice", {"alpha": 1, "beta": 0}, 3, 1),
        ("sum_twice", {"alpha": 0, "beta": 0}, 3, 0),
        ("triple_sum", {"alpha": 0, "beta": 1}, 3, 2),
        ("triple_sum", {"alpha": 1, "beta": 1}, 3, None),
        ("slerp", {"alpha": 1}, 2, 1),
        ("tensor_sum", {"alpha": 1, "beta": 0.5}, 2, 1),
        ("cosine_a", {"alpha": 0}, 2, None),
        ("ties", {"strength": 0}, 4, 3),
        ("ties", {"strength": 1}, 4, None),
        ("model_stock", {}, 3, None),
    ],
)
def test_the_result_may_be_an_input_as_it_is(
    name: str, values: dict[str, float], count: int, expected: int | None
) -> None:
    assert exact_input(method(name), values, count) == expected


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PlanError, match="no merge method “mix”") as caught:
        method("mix")
    assert "weighted_sum" in caught.value.hint


NUMBERS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)


def tensor(name: str, *shape: int) -> TensorInfo:
    return TensorInfo(name, DType.F16, shape, 0, math.prod(shape) * 2)


@pytest.mark.parametrize(
    ("key", "factor"),
    [
        ("input_blocks.0.0.weight", 0.99),
        ("input_blocks.0.0.bias", 1.02),
        ("out.0.weight", 0.98),
        ("out.0.bias", 1.04),
        ("out.2.weight", 0.97),
    ],
)
def test_adjusting_scales_five_tensors(key: str, factor: float) -> None:
    given = read(0, tensor(key, 4))
    result = adjusted("unet", key, given, NUMBERS, sdxl=False)
    assert isinstance(result, Blend)
    assert (result.method, result.inputs) == ("scale", (given,))
    assert dict(result.parameters)["factor"] == pytest.approx(factor)


@pytest.mark.parametrize(
    ("sdxl", "colours"),
    [(False, (-5 + 6 + 8, 5 / 3 + 6 - 7, 10 / 3 - 7 + 8)), (True, (6 - 7 - 8, -7 + 8, 5))],
)
def test_adjusting_shifts_contrast_and_colours(sdxl: bool, colours: tuple[float, ...]) -> None:
    given = read(0, tensor("out.2.bias", 4))
    result = adjusted("unet", "out.2.bias", given, NUMBERS, sdxl=sdxl)
    assert isinstance(result, Blend)
    shift = result.inputs[1]
    assert isinstance(shift, Constant)
    assert (result.method, shift.dtype) == ("offset", DType.F32)
    expected = [0.02 * value for value in (4.0, *colours)]
    assert struct.unpack("<4f", shift.data) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("part", "key", "numbers"),
    [
        ("unet", "out.2.bias", (1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
        ("unet", "out.2.weight", (1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
        ("unet", "out.2.weight", ()),
        ("unet", "middle_block.0.out.2.weight", NUMBERS),
        ("vae", "out.2.weight", NUMBERS),
    ],
)
def test_adjusting_leaves_other_tensors_alone(
    part: str, key: str, numbers: tuple[float, ...]
) -> None:
    given = read(0, tensor(key, 4))
    assert adjusted(part, key, given, numbers, sdxl=False) is given


@pytest.mark.parametrize("numbers", [NUMBERS[:7], (*NUMBERS[:7], math.nan)])
def test_adjusting_takes_eight_finite_numbers(numbers: tuple[float, ...]) -> None:
    with pytest.raises(PlanError, match="eight finite numbers"):
        adjusted("unet", "out.2.bias", read(0, tensor("out.2.bias", 4)), numbers, sdxl=False)


def test_the_page_names_every_method_with_its_formula() -> None:
    page = Path(__file__).parents[2] / "docs" / "merging-methods.md"
    text = page.read_text(encoding="utf-8").replace("\\|", "|")
    rows = re.findall(r"^\| (.+) `(\w+)` \| (.+) \| .+ \| (.+) \|$", text, re.MULTILINE)
    assert rows == [(spec.name, spec.id, spec.formula, spec.source) for spec in METHODS]
