"""Find and replace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_rules import checked
from ckpt_studio.core.editing.replacing import Search, count, keys_lost, matching_keys, replaced
from ckpt_studio.core.metadata import RemoveKeys, apply_all

METADATA = {"author": "Ana", "path": "C:\\Users\\ana\\x, C:\\Users\\ana", "banana": "fruit"}


def after(search: Search, replacement: str) -> dict[str, str]:
    return dict(apply_all(replaced(search, replacement, METADATA), METADATA))


def test_plain_text_is_counted_and_replaced() -> None:
    search = Search("ana", keys=False)
    found = count(search, METADATA)
    assert (found.matches, found.rows) == (3, 2)
    assert after(search, r"\1") == {
        "author": r"\1",
        "path": r"C:\Users\\1\x, C:\Users\\1",
        "banana": "fruit",
    }


def test_case_and_whole_words() -> None:
    assert count(Search("Ana", match_case=True), METADATA).matches == 1
    assert count(Search("ana"), METADATA).matches == 4
    assert count(Search("ana", whole_word=True), METADATA).matches == 3
    assert matching_keys(Search("ban", values=False), METADATA) == ["banana"]


def test_a_pattern_may_use_its_groups() -> None:
    assert after(Search(r"C:\\Users\\(\w+)", regex=True, keys=False), r"~\1")["path"] == (
        r"~ana\x, ~ana"
    )


def test_keys_are_renamed_in_place() -> None:
    assert list(after(Search("banana", values=False), "kiwi")) == ["author", "path", "kiwi"]


def renamed(search: Search, replacement: str, keys: list[str]) -> list[tuple[str, str]]:
    """Rename one after the other, as the editor does, which refuses names that are taken."""
    metadata = {key: f"value of {key}" for key in keys}
    for edit in replaced(search, replacement, metadata):
        assert checked(edit, metadata) is not None
        metadata = dict(edit.apply(metadata))
    return list(metadata.items())


def test_keys_that_take_the_names_of_each_other_are_renamed_in_order() -> None:
    chain = ["x1", "other", "x11", "x111"]
    assert renamed(Search("x1", values=False), "x11", chain) == [
        ("x11", "value of x1"),
        ("other", "value of other"),
        ("x111", "value of x11"),
        ("x1111", "value of x111"),
    ]


@given(st.lists(st.text("ab", min_size=2, max_size=3), unique=True, min_size=1))
def test_keys_that_change_places_are_renamed(keys: list[str]) -> None:
    turned = renamed(Search("(.)(.*)", regex=True, values=False), r"\2\1", keys)
    assert turned == [(key[1:] + key[0], f"value of {key}") for key in keys]


def test_a_value_that_becomes_empty_removes_its_key() -> None:
    edits = replaced(Search("fruit", keys=False), "", METADATA)
    assert edits == (RemoveKeys(frozenset({"banana"})),)
    assert keys_lost(edits) == {"banana"}


@pytest.mark.parametrize(
    ("search", "replacement"),
    [
        (Search("author|banana", regex=True, values=False), "same"),
        (Search("author", values=False), ""),
        (Search("[", regex=True), "x"),
        (Search("a", regex=True), r"\2"),
        (Search("(a+)+", regex=True), "x"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(search: Search, replacement: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        replaced(search, replacement, METADATA)


def test_nothing_to_find_changes_nothing() -> None:
    assert replaced(Search(""), "x", METADATA) == ()
    assert count(Search(""), METADATA).matches == 0
