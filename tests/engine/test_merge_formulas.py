"""Merge methods against their formulas in fp64, written with numpy in the plainest way."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.expr import Constant
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine._torch.methods import Place, blend

Array = np.ndarray
quick = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)


def arrays(count: int, shape: tuple[int, ...], seed: int = 0) -> list[Array]:
    generator = np.random.default_rng(seed)
    return [generator.standard_normal(shape).astype(np.float32) for _ in range(count)]


def merged(name: str, inputs: list[Array], **values: float) -> Array:
    tensors = [torch.from_numpy(array.copy()) for array in inputs]
    return blend(name, tensors, values, Place("k")).numpy()


def close(result: Array, expected: Array) -> None:
    np.testing.assert_allclose(result, expected, rtol=2e-5, atol=2e-6)


def wide(inputs: list[Array]) -> list[Array]:
    return [array.astype(np.float64) for array in inputs]


@given(seed=seeds, alpha=st.floats(-1, 2), beta=st.floats(0, 1))
@quick
def test_similarity(seed: int, alpha: float, beta: float) -> None:
    inputs = arrays(3, (40,), seed)
    inputs[0][:2] = inputs[1][:2] = 0
    a, b, c = wide(inputs)
    size = np.maximum(abs(a), abs(b))
    size[:2] = 1
    s = beta * (a * b / size**2 + 1) / 2
    s[:2] = beta
    expected = (1 - s) * (a + alpha * (b - c)) + s * ((1 - alpha / 2) * a + alpha / 2 * b)
    close(merged("similarity", inputs, alpha=alpha, beta=beta), expected)


@given(seed=seeds, weights=st.lists(st.floats(0.1, 2), min_size=2, max_size=5))
@quick
def test_average_and_task_arithmetic(seed: int, weights: list[float]) -> None:
    inputs = arrays(len(weights) + 1, (40,), seed)
    named = {f"weight_{number}": weight for number, weight in enumerate(weights, 1)}
    *models, base = wide(inputs)
    pairs = list(zip(weights, models, strict=True))
    mean = sum(weight * model for weight, model in pairs) / sum(weights)
    close(merged("average", inputs[:-1], **named), mean)
    task = base + 0.7 * sum(weight * (model - base) for weight, model in pairs)
    close(merged("task_arithmetic", inputs, strength=0.7, **named), task)


@given(seed=seeds, density=st.floats(0.1, 0.8), gamma=st.floats(0, 0.2))
@quick
def test_breadcrumbs(seed: int, density: float, gamma: float) -> None:
    inputs = arrays(3, (7, 11), seed)
    top, kept = int(gamma * 77 + 1e-9), int(density * 77 + 1e-9)
    expected = inputs[-1].reshape(-1).astype(np.float64)
    for array in inputs[:-1]:
        change = (array - inputs[-1]).reshape(-1)
        chosen = np.argsort(-abs(change), kind="stable")[top : top + kept]
        expected[chosen] += change[chosen].astype(np.float64)
    close(merged("breadcrumbs", inputs, density=density, gamma=gamma).reshape(-1), expected)


@given(
    seed=seeds,
    density=st.floats(0.1, 1),
    weights=st.tuples(*[st.sampled_from([-1.0, 0.0, 0.5, 2.0])] * 3),
)
@quick
def test_ties(seed: int, density: float, weights: tuple[float, ...]) -> None:
    inputs = arrays(4, (7, 11), seed)
    kept = max(1, int(density * 77 + 1e-9))
    changes = []
    for array, weight in zip(inputs[:-1], weights, strict=True):
        change = (array - inputs[-1]).reshape(-1)
        dropped = np.argsort(-abs(change), kind="stable")[kept:]
        change[dropped] = 0
        changes.append(weight * change.astype(np.float64))
    expected = inputs[-1].reshape(-1).astype(np.float64)
    for i in range(77):
        up = sum(change[i] for change in changes) >= 0
        same = [
            (change[i], abs(weight))
            for change, weight in zip(changes, weights, strict=True)
            if change[i] and (change[i] > 0) == up
        ]
        if same:
            expected[i] += sum(value for value, _ in same) / sum(weight for _, weight in same)
    named = {f"weight_{number}": weight for number, weight in enumerate(weights, 1)}
    close(merged("ties", inputs, density=density, **named).reshape(-1), expected)


@given(seed=seeds, alpha=st.floats(0, 1), beta=st.floats(0, 1), gamma=st.floats(0, 4))
@quick
def test_extract_of_rows_with_and_without_changes(
    seed: int, alpha: float, beta: float, gamma: float
) -> None:
    inputs = arrays(3, (5, 4, 3), seed)
    inputs[0][0] = inputs[2][0]
    a, b, c = wide(inputs)
    a, b = a - c, b - c
    norms = np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True)
    cosine = (a * b).sum(-1, keepdims=True) / np.where(norms == 0, 1, norms)
    d = ((cosine + 1) / 2) ** gamma
    expected = c + ((1 - alpha) * a + alpha * b) * ((1 - beta) * d + beta * (1 - d))
    close(merged("extract", inputs, alpha=alpha, beta=beta, gamma=gamma), expected)


@pytest.mark.parametrize("shape", [(1,), (2,), (9,), (3, 2), (6, 4, 3, 3), (5, 4, 1, 1)])
def test_smooth_add_filters_every_dimension(shape: tuple[int, ...]) -> None:
    inputs = arrays(3, shape)
    a, b, c = wide(inputs)
    padded = np.pad(b - c, 1, mode="symmetric")
    change = np.empty(shape)
    for place in itertools.product(*map(range, shape)):
        change[place] = np.median(padded[tuple(slice(at, at + 3) for at in place)])
    kernel = np.exp(-0.5 * np.arange(-4.0, 5.0) ** 2)
    kernel /= kernel.sum()
    for axis in range(len(shape)):
        ends = [(4, 4) if dim == axis else (0, 0) for dim in range(len(shape))]
        change = np.apply_along_axis(
            np.convolve, axis, np.pad(change, ends, mode="symmetric"), kernel, "valid"
        )
    close(merged("smooth_add", inputs, alpha=0.5), a + 0.5 * change)


def test_smooth_add_in_blocks_is_smooth_add_of_the_whole() -> None:
    """Rows in the middle of a tensor of several blocks see their neighbours beyond the block."""
    inputs = arrays(3, (700, 1000))
    whole = merged("smooth_add", inputs)
    middle = slice(200, 420)
    part = merged("smooth_add", [array[middle] for array in inputs])
    close(whole[middle][6:-6], part[6:-6])


def test_the_helpers_of_the_adjustment() -> None:
    values, added = arrays(2, (4,))
    close(merged("scale", [values], factor=0.98), values * 0.98)
    constant = Constant(DType.F32, (4,), added.tobytes())
    shift = np.frombuffer(constant.data, dtype="<f4")
    close(merged("offset", [values, shift]), values + added)
