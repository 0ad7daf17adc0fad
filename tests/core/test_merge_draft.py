"""A merge that is put together: models in places, an ancestor, values, parts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.draft import Draft
from ckpt_studio.core.merging.methods import METHODS
from ckpt_studio.core.recipe import Merge, Output

A, B, C, D = (Path(f"/models/{letter}.safetensors") for letter in "abcd")
METHOD = st.sampled_from([spec.id for spec in METHODS])
PATHS = st.lists(st.sampled_from([A, B, C, D]), max_size=5)


def of(*paths, method="weighted_sum"):
    return drafts.with_models(drafts.with_method(Draft(), method), paths)


def test_models_go_into_free_places():
    draft = of(A, B)
    assert (draft.slots, draft.lacking) == ((A, B), ())
    assert drafts.with_models(draft, (C,)).slots == (A, C)
    assert drafts.with_model(draft, 0, None).lacking == ("A",)
    assert drafts.with_models(drafts.with_model(draft, 0, None), (C,)).slots == (C, B)


def test_an_ancestor_is_kept_apart_and_comes_last():
    draft = of(A, B, C, method="add_difference")
    assert (draft.slots, draft.ancestor, draft.merge.models) == ((A, B, C), C, (A, B, C))
    assert [draft.letter(place) for place in range(3)] == ["A", "B", "C"]
    assert draft.role(2) == "common ancestor"
    ties = drafts.with_method(draft, "ties")
    assert ties.slots == (A, B, None, C)
    assert [ties.letter(place) for place in range(4)] == ["A", "B", "", "C"]
    assert [ties.role(place) for place in range(4)] == ["", "", "", "common ancestor"]
    assert ties.merge.models == (A, B, C)
    assert drafts.with_method(ties, "weighted_sum").merge.models == (A, B)
    assert drafts.with_method(drafts.with_method(ties, "copy"), "add_difference") == (
        drafts.with_method(ties, "add_difference")
    )


def test_any_number_of_models_has_a_weight_for_each():
    draft = of(A, B, C, method="average")
    assert draft.slots == (A, B, C, None)
    assert [each.id for each in draft.parameters] == ["weight_1", "weight_2", "weight_3"]
    weighted = drafts.with_values(draft, draft.parameters[2], (2.0,))
    assert drafts.with_model(weighted, 2, None).merge.parameters == {}
    ties = of(A, B, method="weighted_sum")
    names = [each.id for each in drafts.with_method(ties, "ties").parameters]
    assert names == ["strength", "density", "weight_1", "weight_2"]  # the ancestor has none


def test_numbers_that_both_methods_know_stay():
    draft = of(A, B)
    draft = drafts.with_values(draft, draft.parameters[0], (0.3,))
    draft = drafts.with_blocks(draft, "alpha", (0.1, 0.2))
    other = drafts.with_method(draft, "add_difference")
    assert (other.merge.parameters, other.merge.blocks) == ({"alpha": 0.3}, {"alpha": (0.1, 0.2)})
    assert drafts.with_method(draft, "copy").merge.parameters == {}


def test_several_values_are_several_recipes():
    draft = of(A, B)
    draft = drafts.with_values(draft, draft.parameters[0], (0.2, 0.4))
    named = Draft(draft.models, None, Merge((), output=Output(Path("/out/x.safetensors"))))
    named = drafts.with_values(named, named.parameters[0], (0.2, 0.4))
    assert [each.parameters["alpha"] for each in named.merges] == [0.2, 0.4]
    names = [each.output.path.name for each in named.merges]
    assert names == ["x_0.2.safetensors", "x_0.4.safetensors"]
    assert [each.output.path for each in draft.merges] == [None, None]


def test_a_part_cannot_come_from_a_model_that_is_gone():
    draft = drafts.with_giver(of(A, B), "vae", "B")
    assert draft.merge.parts == {"vae": "b"}
    assert drafts.with_model(draft, 1, None).merge.parts == {}
    assert drafts.with_giver(draft, "vae", None).merge.parts == {}


def test_another_division_drops_the_values_of_blocks():
    draft = drafts.with_blocks(of(A, B), "alpha", (0.5,) * 20)
    changed = drafts.with_partition(draft, "mbw_vae")
    assert (changed.merge.partition, changed.merge.blocks) == ("mbw_vae", {})


@given(METHOD, METHOD, PATHS)
def test_a_recipe_comes_back_as_it_was(first, second, paths):
    draft = drafts.with_method(of(*paths, method=first), second)
    if not draft.lacking:
        assert drafts.draft_of(draft.merge).merge == draft.merge
        assert len(draft.chosen) >= draft.spec.least
    else:
        assert len(draft.chosen) < max(draft.spec.least, len(draft.models) + draft.spec.base)


@pytest.mark.parametrize(
    ("text", "values"),
    [("0.3", (0.3,)), ("0.2, 0.3,0.4", (0.2, 0.3, 0.4)), (" -1  2 ", (-1, 2)), (".5;.5", (0.5,))],
)
def test_numbers_are_read(text, values):
    assert drafts.read_values(text) == values


@pytest.mark.parametrize("text", ["", "x", "0.2, a", "inf", "nan", ","])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(PlanError) as caught:
        drafts.read_values(text)
    assert "0.3" in caught.value.hint
