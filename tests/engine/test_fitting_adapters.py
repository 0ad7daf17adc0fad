"""What is said to fit can be computed, and rows of it give what the whole gives."""

from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.lora.kinds import KINDS, by_rows, fits
from ckpt_studio.engine._torch.adapters import apply

WEIGHTS = st.sampled_from([(4,), (1, 4), (4, 4), (8, 4), (8, 4, 1, 1), (4, 4, 3, 3)])
SIZES = st.sampled_from([0, 1, 2, 4, 4, 8])


@st.composite
def adapters(draw):
    """Return a kind, shapes of factors that hang together more often than not, and a weight."""
    kind, weight = draw(st.sampled_from(KINDS)), draw(WEIGHTS)
    roles = draw(st.sampled_from(kind.needs)) | {r for r in sorted(kind.may) if draw(st.booleans())}
    near = st.sampled_from([weight[0], weight[-1], 1, 2])
    shapes = st.one_of(
        st.tuples(near, near), st.just(weight), st.lists(SIZES, max_size=4).map(tuple)
    )
    found = {role: draw(shapes) for role in sorted(roles)}
    for single in {"alpha", "on_input"} & found.keys():
        found[single] = draw(st.sampled_from([(), (1,), (2,)]))
    return kind.id, found, weight


@settings(max_examples=1500, deadline=None)
@given(adapters())
def test_what_fits_can_be_computed(adapter):
    kind, shapes, shape = adapter
    if not fits(kind, shapes, shape):
        return
    factors = {role: torch.full(size, 0.25) for role, size in shapes.items()}
    weight = torch.arange(prod(shape), dtype=torch.float32).reshape(shape)
    whole = apply(kind, 0.5, weight, factors)
    assert whole.shape == shape
    if by_rows(kind, tuple(shapes)) and shape[0] > 1:
        rows = apply(kind, 0.5, weight[1:], factors, (1, shape[0]))
        assert torch.allclose(rows, whole[1:], rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        ("oft", {"blocks": (4, 4)}),
        ("oft", {"blocks": (2, 2, 2, 2)}),
        ("boft", {"blocks": (4, 1, 1)}),
        ("lora", {"up": (4, 2), "down": (2, 4), "alpha": (2,)}),
        ("lora", {"up": (4, 0), "down": (0, 4), "alpha": ()}),
        ("lora", {"up": (4,), "down": (1, 4)}),
        ("lora", {"up": (4, 2), "down": (2, 4), "dora_scale": ()}),
        ("loha", {"w1a": (4, 2), "w1b": (2, 4), "w2a": (4, 2, 2), "w2b": (4, 4)}),
        ("lokr", {"left": (2, 2), "right_a": (2, 3), "right_b": (1, 2)}),
        ("lokr", {"left": (2, 2), "right_a": (3, 2), "right_b": (4, 2), "core": (1, 1)}),
        ("ia3", {"weight": (4,), "on_input": (0,)}),
    ],
)
def test_factors_that_do_not_belong_together_do_not_fit(kind, shapes):
    assert not fits(kind, shapes, (4, 4))


@pytest.mark.parametrize("said", [0.0, 1.0])
def test_an_ia3_is_on_the_side_that_has_its_size(said):
    factors = {"weight": torch.arange(8.0), "on_input": torch.tensor(said)}
    assert fits("ia3", {"weight": (8,), "on_input": ()}, (8, 4))
    found = apply("ia3", 1.0, torch.ones(8, 4), factors)
    assert torch.equal(found, 1 + torch.arange(8.0).reshape(8, 1).expand(8, 4))
