"""Editing the metadata of several files as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_several import (
    KEEP,
    check_kept,
    count_shared,
    edits_for,
    matching_shared,
    merged,
    replaced_shared,
)
from ckpt_studio.core.editing.replacing import Found, Search
from ckpt_studio.core.metadata import RemoveKeys, RenameKey, ReplaceAll, SetValue, apply_all

words = st.text(alphabet="abc", min_size=1, max_size=2)
files = st.lists(st.dictionaries(words, words, max_size=4), min_size=1, max_size=4)


def test_values_that_differ_or_are_missing_are_kept():
    assert merged([{"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}]) == {
        "a": "1",
        "b": KEEP,
        "c": KEEP,
    }


def test_an_edit_reaches_every_file_and_keep_none():
    edits = (SetValue("title", "New"), ReplaceAll({"b": KEEP, "d": "5"}), RemoveKeys({"c"}))
    assert apply_all(edits_for({"b": "3", "c": "4"}, edits), {"b": "3", "c": "4"}) == {
        "b": "3",
        "title": "New",
        "d": "5",
    }
    assert edits_for({"title": "New", "d": "5"}, edits) == ()


def test_a_key_is_renamed_only_where_that_is_possible():
    rename = (RenameKey("a", "b"),)
    assert edits_for({"a": "1"}, rename) == rename
    assert edits_for({"a": "1", "b": "2"}, rename) == ()
    assert edits_for({"c": "1"}, rename) == ()


def test_keep_after_another_value_gives_each_file_its_own_back():
    edits = (SetValue("a", "9"), SetValue("b", "8"), RenameKey("a", "c"), SetValue("c", KEEP))
    assert apply_all(edits_for({"a": "1"}, edits), {"a": "1"}) == {"c": "1", "b": "8"}
    assert apply_all(edits_for({"b": "2"}, edits), {"b": "2"}) == {"b": "8"}


def test_values_that_differ_are_not_searched_and_their_keys_are():
    shared = {"keeper": KEEP, "note": "keep", "other": "x"}
    search = Search("keep")
    assert count_shared(search, shared) == Found(2, 2)
    assert matching_shared(search, shared) == ["keeper", "note"]
    assert replaced_shared(search, "lose", shared).edits == (
        ReplaceAll({"note": "lose"}),
        RenameKey("keeper", "loseer"),
    )


def test_keep_is_not_written_as_a_part_of_a_value():
    check_kept([SetValue("a", KEEP), ReplaceAll({"b": "keep"}), RemoveKeys({"c"})])
    for edit in (SetValue("a", f"{KEEP} v2"), ReplaceAll({"b": f"x{KEEP}"})):
        with pytest.raises(ValueError, match="stands for values that differ"):
            check_kept([edit])


@given(files)
def test_what_is_shared_written_back_changes_nothing(several):
    shared = ReplaceAll(merged(several))
    for metadata in several:
        kept = apply_all(edits_for(metadata, (shared,)), metadata)
        assert {key: kept[key] for key in metadata} == metadata
        assert KEEP not in kept.values()
