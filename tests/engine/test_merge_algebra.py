"""What has to hold of every merge method: identities, symmetry, scale, slices and odd shapes."""

import itertools
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.merging.methods import METHODS, MethodSpec, Reach, completed, method
from ckpt_studio.engine._torch.methods import Place, blend, pooled, statistics

BLOCK = 1 << 16
HERE = Place("k")
alphas = st.floats(0, 1, width=32)
seeds = st.integers(0, 10_000)
shapes = st.lists(st.integers(1, 5), max_size=4).map(tuple)
every = pytest.mark.parametrize("spec", METHODS, ids=lambda spec: spec.id)
quick = settings(max_examples=12, deadline=None)


def tensors(count: int, shape: Sequence[int], seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(tuple(shape), generator=generator) for _ in range(count)]


def merged(
    name: str, inputs: Sequence[torch.Tensor], place: Place = HERE, **values: float
) -> torch.Tensor:
    """Merge without changing the inputs; cosine methods see one tensor as the model."""
    if method(name).reach is Reach.MODEL:
        values |= pooled(name, [statistics(name, inputs, values)])
    return blend(name, [tensor.clone() for tensor in inputs], values, place)


def close(result: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)


@every
@pytest.mark.parametrize("shape", [(), (1,), (7,), (0,), (0, 3), (1, 1), (6, 1), (2, 3, 3, 3)])
@pytest.mark.parametrize("zeros", [False, True])
def test_any_shape_gives_finite_values_and_changes_the_first_input_only(
    spec: MethodSpec, shape: tuple[int, ...], zeros: bool
) -> None:
    inputs = tensors(spec.least, shape)
    if zeros:
        inputs = [torch.zeros_like(tensor) for tensor in inputs]
    kept = [tensor.clone() for tensor in inputs]
    values = completed(spec, spec.least, {})
    if spec.reach is Reach.MODEL:
        values |= pooled(spec.id, [statistics(spec.id, inputs, values)])
        assert torch.equal(inputs[0], kept[0])
    result = blend(spec.id, inputs, values, Place("k"))
    assert result.shape == shape
    assert result.dtype is torch.float32
    assert result.isfinite().all()
    assert all(torch.equal(a, b) for a, b in zip(inputs[1:], kept[1:], strict=True))


@every
@given(shape=shapes, seed=seeds)
@quick
def test_equal_models_give_themselves(spec: MethodSpec, shape: tuple[int, ...], seed: int) -> None:
    """Of a method that adds changes to an ancestor, no changes give the ancestor."""
    one = tensors(1, shape, seed)[0]
    close(merged(spec.id, [one] * spec.least), one)


@every
def test_where_a_spec_promises_an_input_the_formula_gives_it(spec: MethodSpec) -> None:
    count = spec.least if spec.most else 3
    inputs = tensors(count, (5, 4))
    for exact in spec.exact:
        close(merged(spec.id, inputs, **dict(exact.when)), inputs[exact.input])


@every
@given(seed=seeds, factor=st.sampled_from([0.25, 3.0, 1024.0]))
@quick
def test_scaled_models_give_the_scaled_result(spec: MethodSpec, seed: int, factor: float) -> None:
    inputs = tensors(spec.least, (6, 5), seed)
    expected = merged(spec.id, inputs) * factor
    result = merged(spec.id, [tensor * factor for tensor in inputs])
    torch.testing.assert_close(result, expected, rtol=1e-3, atol=1e-4 * factor)


@pytest.mark.parametrize("name", ["weighted_sum", "slerp"])
@given(seed=seeds, alpha=alphas)
@quick
def test_from_a_to_b_is_the_way_back_from_b_to_a(name: str, seed: int, alpha: float) -> None:
    a, b = tensors(2, (4, 3), seed)
    close(merged(name, (a, b), alpha=alpha), merged(name, (b, a), alpha=1 - alpha))


@given(seed=seeds, alpha=alphas)
@quick
def test_slerp_goes_from_norm_to_norm(seed: int, alpha: float) -> None:
    a, b = tensors(2, (4, 3), seed)
    norm = merged("slerp", (a, b * 3), alpha=alpha).norm()
    close(norm, torch.lerp(a.norm(), (b * 3).norm(), alpha))


def test_slerp_of_opposite_or_missing_directions_is_the_weighted_sum() -> None:
    a = tensors(1, (4, 3))[0]
    for b in (-a, torch.zeros_like(a), a * 2):
        close(merged("slerp", (a, b), alpha=0.25), a.lerp(b, 0.25))


@pytest.mark.parametrize("name", ["average", "geometric_median", "ties", "task_arithmetic"])
def test_the_order_of_the_models_does_not_matter(name: str) -> None:
    *models, last = tensors(4, (5, 4))
    rest = (last,) if method(name).base else ()
    expected = merged(name, (*models, *rest))
    for order in itertools.permutations(models):
        close(merged(name, (*order, *rest)), expected)


@pytest.mark.parametrize("name", ["ties", "dare", "dare_ties", "breadcrumbs", "task_arithmetic"])
def test_keeping_all_changes_of_one_model_gives_that_model(name: str) -> None:
    model, base = tensors(2, (30, 20))
    values = {"breadcrumbs": {"density": 1, "gamma": 0}, "task_arithmetic": {}}
    close(merged(name, (model, base), **values.get(name, {"density": 1})), model)


def test_models_that_agree_need_no_ancestor() -> None:
    model, base = tensors(2, (30, 20))
    for name, values in {"model_stock": {}, "ties": {"density": 1}}.items():
        close(merged(name, (model, model, model, base), **values), model)


def test_models_that_disagree_go_back_to_the_ancestor() -> None:
    change, base = tensors(2, (30, 20))
    close(merged("model_stock", (base + change, base - change, base)), base)


@pytest.mark.parametrize("name", ["dare", "dare_ties", "della"])
def test_what_is_left_makes_up_for_what_was_dropped(name: str) -> None:
    base = torch.zeros(200, 1000)
    values = {"density": 0.25} | ({"epsilon": 0.0} if name == "della" else {})
    result = merged(name, (base + 1, base), **values)
    assert (result != 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert result.mean().item() == pytest.approx(1, abs=0.03)


def test_dare_adds_the_changes_of_all_models() -> None:
    base = torch.zeros(200_000)
    result = merged("dare", (base + 1, base + 1, base), density=0.25)
    assert result.mean().item() == pytest.approx(2, abs=0.05)


def test_della_keeps_large_changes_more_often() -> None:
    base = torch.zeros(2000, 50)
    change = torch.arange(1, 51).expand(2000, 50)
    kept = merged("della", (change + base, base), density=0.5, epsilon=0.3) != 0
    often = kept.float().mean(0)
    assert often[:5].mean().item() == pytest.approx(0.2, abs=0.05)
    assert often[-5:].mean().item() == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("name", ["ties", "breadcrumbs"])
@given(count=st.integers(1, 300), density=st.floats(0.05, 0.9), equal=st.booleans(), seed=seeds)
@quick
def test_trimming_keeps_the_promised_number_of_changes(
    name: str, count: int, density: float, equal: bool, seed: int
) -> None:
    base = torch.zeros(count)
    change = base + 1 if equal else tensors(1, (count,), seed)[0]
    values = {"gamma": 0.1} if name == "breadcrumbs" else {}
    kept = merged(name, (change, base), density=density, **values) != 0
    wanted = max(1, int(density * count + 1e-9))
    assert int(kept.sum()) == wanted
    order = change.abs().sort(descending=True).values
    top = int(0.1 * count + 1e-9) if name == "breadcrumbs" else 0
    close(change.abs()[kept].sort(descending=True).values, order[top : top + wanted])


@pytest.mark.parametrize(
    "spec", [spec for spec in METHODS if spec.reach is Reach.ELEMENT], ids=lambda spec: spec.id
)
def test_slices_give_the_same_values_as_the_whole(spec: MethodSpec) -> None:
    count = spec.least if spec.most else 3
    inputs = tensors(count, (3 * BLOCK + 12_345,))
    whole = merged(spec.id, inputs)
    for step in (BLOCK, 2 * BLOCK):
        starts = list(range(0, inputs[0].numel(), step))[::-1]
        parts = [
            merged(spec.id, [t[first : first + step] for t in inputs], Place("k", 0, first))
            for first in starts
        ]
        assert torch.equal(torch.cat(parts[::-1]), whole)


@pytest.mark.parametrize("spec", [s for s in METHODS if s.random], ids=lambda spec: spec.id)
def test_random_numbers_depend_on_key_seed_and_model(spec: MethodSpec) -> None:
    one, base = tensors(2, (300, 300))
    inputs = (one, base)
    again = [merged(spec.id, inputs, Place("k", 1)) for _ in range(2)]
    assert torch.equal(*again)
    for place in (Place("k", 2), Place("l", 1), Place("l", 0)):
        assert not torch.equal(merged(spec.id, inputs, place), again[0])
    second = merged(spec.id, (base, one, base), Place("k", 1))
    assert not torch.equal(second, again[0])


@every
def test_the_number_of_threads_changes_nothing(spec: MethodSpec) -> None:
    inputs = tensors(spec.least, (150, 120, 3, 1))
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            results.append(merged(spec.id, inputs))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])
