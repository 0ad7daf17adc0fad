"""Find and replace."""

import pytest

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
