"""Editing the metadata of several files as one."""

from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_several import KEEP, edits_for, merged
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


@given(files)
def test_what_is_shared_written_back_changes_nothing(several):
    shared = ReplaceAll(merged(several))
    for metadata in several:
        kept = apply_all(edits_for(metadata, (shared,)), metadata)
        assert {key: kept[key] for key in metadata} == metadata
        assert KEEP not in kept.values()
