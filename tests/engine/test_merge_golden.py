"""Merge methods against values that the tools they come from gave (``merging.md`` 2.6)."""

import pytest
import torch

from ckpt_studio.engine._torch.methods import Place, blend, pooled, statistics

A = ((1, 2, -3, 4), (0.5, -1, 2, 0.25), (3, 3, -2, 1))
B = ((2, 0, -3, 8), (1, -2, 2, 0.75), (1, 4, -1, -1))
C = ((0, 1, -3, 4), (0.5, -1, 1, 0.25), (2, 2, -2, 2))
Rows = tuple[tuple[float, ...], ...]


def values(name: str, inputs: tuple[Rows, ...], **parameters: float) -> torch.Tensor:
    tensors = [torch.tensor(rows, dtype=torch.float32) for rows in inputs]
    return blend(name, tensors, parameters, Place("k"))


def near(result: torch.Tensor, expected: list[list[float]]) -> None:
    torch.testing.assert_close(result, torch.tensor(expected), rtol=1e-5, atol=1e-5)


GOLDEN = [
    (
        "weighted_sum",
        (A, B),
        {"alpha": 0.3},
        [[1.3, 1.4, -3, 5.2], [0.65, -1.3, 2, 0.4], [2.4, 3.3, -1.7, 0.4]],
    ),
    (
        "add_difference",
        (A, B, C),
        {"alpha": 0.5},
        [[2, 1.5, -3, 6], [0.75, -1.5, 2.5, 0.5], [2.5, 4, -1.5, -0.5]],
    ),
    (
        "sum_twice",
        (A, B, C),
        {"alpha": 0.3, "beta": 0.4},
        [[0.78, 1.24, -3, 4.72], [0.59, -1.18, 1.6, 0.34], [2.24, 2.78, -1.82, 1.04]],
    ),
    (
        "triple_sum",
        (A, B, C),
        {"alpha": 0.3, "beta": 0.4},
        [[0.9, 1, -3, 5.2], [0.65, -1.3, 1.6, 0.4], [2, 2.9, -1.7, 0.8]],
    ),
    (
        "train_difference",
        (A, B, C),
        {"alpha": 1},
        [[2.2, 0.8, -3, 7.6], [0.95, -1.9, 2, 0.7], [1.8, 4.2, -1.1, -1.16]],
    ),
    # SuperMerger's A is the ancestor, which stands last here
    (
        "extract",
        (B, C, A),
        {"alpha": 0.5, "beta": 0.25, "gamma": 1},
        [
            [1, 1.1921363, -3, 5.0771518],
            [0.625, -1.25, 1.75, 0.375],
            [2.3184652, 3, -1.7728218, 0.7728218],
        ],
    ),
    (
        "tensor_sum",
        (A, B),
        {"alpha": 0.5, "beta": 0.25},
        [[2, 0, -3, 8], [1, -2, 2, 0.75], [3, 3, -2, 1]],
    ),
    ("tensor_sum", (A, B), {"alpha": 0.75, "beta": 0.5}, [list(A[0]), list(B[1]), list(B[2])]),
    (
        "smooth_add",
        (A, B, C),
        {"alpha": 0.5},
        [
            [1.169273, 2.1520998, -2.7986176, 4.3012686],
            [0.6080184, -0.8114004, 2.2589343, 0.5463995],
            [2.9931972, 3.2019343, -1.6801431, 1.3090358],
        ],
    ),
    (
        "slerp",
        (A, B),
        {"alpha": 0.3},
        [
            [1.3133522, 1.5904661, -3.1628778, 5.2534089],
            [0.6566761, -1.3133522, 2.1085854, 0.3931029],
            [2.6447589, 3.4219372, -1.8495257, 0.5361736],
        ],
    ),
    ("ties", (A, B, C), {"density": 0.5}, [[1.5, 2, -3, 8], [0.5, -2, 2, 0.25], [3, 3.5, -2, 0]]),
    (
        "model_stock",
        (A, B, C),
        {},
        [
            [0.8491093, 1, -3, 5.1321459],
            [0.6415182, -1.2830365, 1.5660729, 0.3915182],
            [2, 2.8491092, -1.7169635, 0.8678542],
        ],
    ),
]


@pytest.mark.parametrize(
    ("name", "inputs", "parameters", "expected"), GOLDEN, ids=[case[0] for case in GOLDEN]
)
def test_the_values_are_those_of_the_tool_the_method_comes_from(
    name: str, inputs: tuple[Rows, ...], parameters: dict[str, float], expected: list[list[float]]
) -> None:
    near(values(name, inputs, **parameters), expected)


def test_what_is_perpendicular_is_added() -> None:
    added = values("perpendicular", (A, B, C), alpha=1) - torch.tensor(A)
    near(added, [[1, -2, 0, 4], [0.5, -1, 0, 0.5], [-2, 1, 1, -2]])


def test_the_geometric_median_is_at_least_as_near_to_all_models_as_the_tools() -> None:
    """That tool stops in fp32 before the values have settled."""
    theirs = torch.tensor(
        [
            [0.7883353, 1.4516246, -3, 4.4489474],
            [0.5561184, -1.1122369, 1.6760983, 0.3061185],
            [2.4516246, 2.7883353, -1.8877631, 1.0994279],
        ]
    )
    ours = values("geometric_median", (A, B, C))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)

    def distances(point: torch.Tensor) -> float:
        return sum((point - torch.tensor(rows)).double().norm().item() for rows in (A, B, C))

    assert distances(ours) <= distances(theirs)


COSINES = {
    "cosine_a": (
        (0.83666009, 0.97625673),
        [[2, 0, -3, 7.4831486], [1, -2, 2, 0.6853936], [1, 4, -1.27192, -0.7415743]],
    ),
    "cosine_b": (
        (0.8369472, 0.96333832),
        [[2, 0, -3, 7.6840267], [1, -2, 2, 0.7105033], [1, 4, -1.2366107, -0.8420133]],
    ),
}


@pytest.mark.parametrize("name", COSINES)
def test_cosine_methods_need_the_statistics_of_the_whole_model(name: str) -> None:
    (low, high), expected = COSINES[name]
    a, b, c = (torch.tensor(rows, dtype=torch.float32) for rows in (A, B, C))
    pool = pooled(name, [statistics(name, (a, b), {}), statistics(name, (c, a), {})])
    assert pool == pytest.approx({"low": low, "high": high}, abs=1e-6)
    near(blend(name, (a, b), {"alpha": 0.3, **pool}, Place("k")), expected)
