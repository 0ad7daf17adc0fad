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
from ckpt_studio.core.editing.replacing import Found, Search, replaced
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


def test_each_file_is_searched_and_its_own_values_are_replaced():
    several = [
        {"keeper": "a", "note": "keep", "own": "keep 1"},
        {"keeper": "b", "note": "keep", "own": "two"},
        {"note": "keep"},
    ]
    search = Search("keep")
    assert count_shared(search, several) == Found(6, 6, files=3)
    assert matching_shared(search, merged(several), several) == ["keeper", "note", "own"]
    done = replaced_shared(search, "lose", merged(several), several, ticked=range(3))
    assert done.replaced.found == Found(6, 6, files=3)
    assert after(several, done) == [
        {"loseer": "a", "note": "lose", "own": "lose 1"},
        {"loseer": "b", "note": "lose", "own": "two"},
        {"note": "lose"},
    ]


def test_what_is_emptied_goes_in_that_file_alone():
    several = [{"a": "x", "b": "x"}, {"a": "xy", "b": "x"}]
    done = replaced_shared(Search("x"), "", merged(several), several, ticked=range(2))
    assert after(several, done) == [{}, {"a": "y"}]


def test_a_file_that_is_not_ticked_is_not_counted_but_ready_to_be():
    several = [{"a": "x1"}, {"a": "x2"}, {"a": "x3"}]
    done = replaced_shared(Search("x"), "z", merged(several), several, ticked=(0, 1))
    assert done.replaced.found == Found(2, 2, files=2)
    assert after(several, done) == [{"a": "z1"}, {"a": "z2"}, {"a": "z3"}]


@given(files, words, words)
def test_replacing_in_several_files_is_replacing_in_each(several, text, replacement):
    search = Search(text, keys=False)
    done = replaced_shared(
        search, replacement, merged(several), several, ticked=range(len(several))
    )
    assert after(several, done) == [
        apply_all(replaced(search, replacement, metadata).edits, metadata) for metadata in several
    ]
    names = list(done.own)
    for name in names:
        with pytest.raises(ValueError, match="stands for values that differ"):
            check_kept([SetValue("a", f"{name}!")], names)


def after(several, done):
    """What becomes of the files."""
    return [
        apply_all(
            edits_for(metadata, done.replaced.edits, {k: v[place] for k, v in done.own.items()}),
            metadata,
        )
        for place, metadata in enumerate(several)
    ]


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
