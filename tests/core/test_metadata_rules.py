"""Which edits are allowed, and differences as edits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_rules import (
    checked,
    difference,
    library_clash,
    moved,
    needed_changes,
    with_values_of,
)
from ckpt_studio.core.metadata import RemoveKeys, RenameKey, ReplaceAll, SetValue, apply_all

texts = st.text(alphabet="abc", min_size=1, max_size=3)
mappings = st.dictionaries(texts, texts, max_size=5)


@pytest.mark.parametrize(
    "edit",
    [
        SetValue("", "x"),
        SetValue("a", "\ud800"),
        SetValue("\udc00", "x"),
        RenameKey("a", "b"),
        RenameKey("a", ""),
        RenameKey("none", "c"),
        ReplaceAll({"": "x"}),
    ],
)
def test_what_cannot_be_written_is_refused(edit: SetValue | RenameKey | ReplaceAll) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        checked(edit, {"a": "1", "b": "2"})


def test_an_empty_value_removes_the_key() -> None:
    assert checked(SetValue("a", ""), {"a": "1"}) == RemoveKeys(frozenset({"a"}))
    assert checked(SetValue("b", ""), {"a": "1"}) is None


def test_nothing_to_do_is_no_edit() -> None:
    assert checked(SetValue("a", "1"), {"a": "1"}) is None
    assert checked(RenameKey("a", "a"), {"a": "1"}) is None
    assert checked(RemoveKeys(frozenset({"x"})), {"a": "1"}) is None


@given(mappings, mappings)
def test_a_difference_gives_the_other_mapping_in_its_order(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert list(apply_all(difference(one, other), one).items()) == list(other.items())


@pytest.mark.parametrize(
    ("key", "word"),
    [("my_title", "title"), ("file.name", "name"), ("modelspec.title", ""), ("titles", "")],
)
def test_keys_that_a_library_takes_for_something_else_are_told(key, word):
    told = library_clash(key)
    assert (word in told) if word else (told == "")


def test_needed_keys_that_lose_their_value_are_named():
    metadata = {"a": "1", "config": "{}", "format": "pt"}
    assert needed_changes([SetValue("config", "[]")], metadata) == {"config"}
    assert needed_changes([RemoveKeys(frozenset({"format", "a"}))], metadata) == {"format"}
    assert needed_changes([RenameKey("config", "b")], metadata) == {"config"}
    harmless = [SetValue("config", "{}"), ReplaceAll({"ss_v2": "True", "a": "2"})]
    assert needed_changes(harmless, metadata) == frozenset()


def test_some_keys_are_put_back_where_they_were():
    before = {"a": "1", "config": "{}", "format": "pt"}
    kept = with_values_of(frozenset({"config", "format"}), before, {"format": "x", "b": "2"})
    assert list(kept.items()) == [("format", "pt"), ("config", "{}"), ("b", "2")]
    assert with_values_of(frozenset({"config"}), before, {"a": "3"}) == {"a": "3", "config": "{}"}


@pytest.mark.parametrize(
    ("keys", "down", "order"),
    [("c", False, "acbd"), ("ac", False, "acbd"), ("bd", True, "acbd"), ("abcd", True, "abcd")],
)
def test_keys_move_by_one_place_and_not_over_the_end(keys, down, order):
    metadata = {key: key.upper() for key in "abcd"}
    after = moved(set(keys), metadata, down=down)
    assert "".join(after) == order
    assert after == metadata
