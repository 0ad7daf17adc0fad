"""A document: its original metadata, its edits and their history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.app.document import Document
from ckpt_studio.core.metadata import (
    Edit,
    RemoveKeys,
    RenameKey,
    ReplaceAll,
    SetValue,
    apply_all,
)
from tests.gui.opened import opened_file

keys = st.sampled_from(["a", "b", "c", "d"])
values = st.sampled_from(["", "1", "2"])
edits = st.one_of(
    st.builds(SetValue, keys, values),
    st.builds(RemoveKeys, st.frozensets(keys, max_size=3)),
    st.builds(RenameKey, keys, keys),
    st.builds(ReplaceAll, st.dictionaries(keys, st.sampled_from(["1", "2"]), max_size=3)),
)
mappings = st.dictionaries(keys, st.sampled_from(["1", "2"]))


def attempt(document: Document, edit: Edit, merge: int = -1) -> None:
    """Make an edit as a user would: one that is refused changes nothing."""
    before = list(document.metadata.items())
    try:
        document.edit(edit, merge=merge)
    except ValueError:
        assert list(document.metadata.items()) == before


@given(mappings, st.lists(st.tuples(edits, st.sampled_from([-1, 1, 2])), max_size=12))
def test_undoing_everything_gives_the_original_in_its_order(original, steps):
    document = Document("x", original=original)
    for edit, merge in steps:
        attempt(document, edit, merge)
    final = list(document.metadata.items())
    stack = document.undo_stack
    while stack.canUndo():
        stack.undo()
    assert list(document.metadata.items()) == list(original.items())
    assert document.edits_since_original() == ()
    while stack.canRedo():
        stack.redo()
    assert list(document.metadata.items()) == final


@given(mappings, st.lists(edits, max_size=6), st.lists(edits, max_size=6), st.integers(0, 6))
def test_the_edits_always_lead_from_the_file_to_the_screen(original, first, later, undone):
    document = Document("x", original=original)
    for edit in first:
        attempt(document, edit)
    document.mark_saved()
    assert document.undo_stack.isClean()
    for _ in range(undone):
        document.undo_stack.undo()
    for edit in later:
        attempt(document, edit)
    replayed = apply_all(document.edits_since_original(), document.original)
    assert list(replayed.items()) == list(document.metadata.items())


def test_the_same_values_in_another_order_are_another_edit():
    document = Document("x", original={})
    document.edit(ReplaceAll({"a": "1", "b": "2"}))
    document.mark_saved()
    document.undo_stack.undo()
    document.edit(ReplaceAll({"b": "2", "a": "1"}))
    replayed = apply_all(document.edits_since_original(), document.original)
    assert list(replayed) == list(document.metadata) == ["b", "a"]


def test_edits_made_during_a_save_stay_unsaved():
    document = Document("x", original={"a": "1"})
    document.edit(SetValue("a", "2"))
    written = document.metadata
    document.edit(SetValue("b", "3"))
    document.mark_saved(written)
    assert not document.undo_stack.isClean()
    assert document.original == {"a": "2"}
    assert apply_all(document.edits_since_original(), document.original) == document.metadata


def test_edits_stay_when_the_plan_brings_other_metadata():
    document = Document("New checkpoint", original={"title": "one"})
    document.edit(SetValue("author", "me"))
    document.set_original({"title": "two", "format": "pt"})
    assert document.metadata == {"title": "two", "format": "pt", "author": "me"}
    document.undo_stack.undo()
    assert document.metadata == {"title": "two", "format": "pt"}


@pytest.mark.parametrize(
    "edit", [RenameKey("a", "b"), RenameKey("x", "y"), SetValue("", "v"), SetValue("k", "\ud800")]
)
def test_what_cannot_be_done_is_refused_before_it_is_history(edit):
    document = Document("x", original={"a": "1", "b": "2"})
    with pytest.raises(ValueError, match=r"\.$"):
        document.edit(SetValue("a", "9"), edit)
    assert document.undo_stack.count() == 0
    assert document.metadata == {"a": "1", "b": "2"}


def test_typing_is_one_step():
    document = Document("x")
    for text in ("h", "he", "hey"):
        document.edit(SetValue("title", text), merge=7)
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.metadata == {}


def test_a_document_starts_from_its_file(qtbot):
    document = Document("m", opened_file(metadata={"format": "pt"}))
    assert document.metadata == {"format": "pt"}
    assert str(document.path) == "model.safetensors"
    with qtbot.waitSignal(document.metadata_changed):
        document.edit(SetValue("a", "1"))
    assert document.undo_stack.undoText() == "Set a"


def test_a_file_that_holds_the_edits_is_saved():
    document = Document("m", opened_file(metadata={"a": "1"}))
    document.edit(SetValue("a", "2"))
    document.reload(opened_file(metadata={"a": "2"}))
    assert document.undo_stack.isClean()
    assert document.edits_since_original() == ()
    document.undo_stack.undo()
    assert document.metadata == {"a": "1"}
    assert document.edits_since_original() == (ReplaceAll({"a": "1"}),)


def test_edits_start_from_what_somebody_else_wrote_into_the_file():
    document = Document("m", opened_file(metadata={"a": "1"}))
    document.edit(SetValue("b", "2"))
    document.reload(opened_file(metadata={"a": "other"}))
    assert document.original == {"a": "other"}
    assert document.metadata == {"a": "other", "b": "2"}
    assert not document.undo_stack.isClean()


def test_the_table_of_a_plan_is_no_save():
    document = Document("New checkpoint")
    document.edit(SetValue("a", "2"))
    document.set_opened(opened_file(metadata={"a": "2"}))
    assert document.assembled
    assert document.edits_since_original() == (SetValue("a", "2"),)
