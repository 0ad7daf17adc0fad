"""Rows of the metadata table, and how values look in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_rows import State, preview, removed_with, rows_of, summary
from ckpt_studio.core.json_values.json_text import check, compact, describe, formatted
from ckpt_studio.core.metadata import Edit, RemoveKeys, RenameKey, SetValue, apply_all
from ckpt_studio.core.plain_text import one_line

ORIGINAL = {"a": "1", "b": "2", "config": "{}"}


def states(*edits: Edit) -> list[tuple[str, State]]:
    rows = rows_of(ORIGINAL, apply_all(edits, ORIGINAL), edits)
    return [(row.key, row.state) for row in rows]


def test_states_follow_the_edits() -> None:
    assert states() == [("a", State.SAME), ("b", State.SAME), ("config", State.SAME)]
    assert states(SetValue("a", "x"), SetValue("n", "y")) == [
        ("a", State.CHANGED),
        ("b", State.SAME),
        ("config", State.SAME),
        ("n", State.ADDED),
    ]


def test_a_removed_key_stays_where_it_was() -> None:
    assert states(RemoveKeys(frozenset({"b"})))[1] == ("b", State.REMOVED)


def test_a_renamed_key_keeps_its_original_value() -> None:
    edits = (RenameKey("a", "z"), SetValue("z", "9"))
    first = rows_of(ORIGINAL, apply_all(edits, ORIGINAL), edits)[0]
    assert (first.key, first.origin, first.original, first.new) == ("z", "a", "1", "9")
    assert first.state is State.RENAMED


def test_a_key_that_takes_the_name_of_a_removed_one_is_told_apart() -> None:
    assert states(RemoveKeys(frozenset({"a"})), RenameKey("b", "a")) == [
        ("a", State.REMOVED),
        ("a", State.RENAMED),
        ("config", State.SAME),
    ]


def test_a_key_removed_and_set_again_has_its_original() -> None:
    assert ("a", State.CHANGED) in states(RemoveKeys(frozenset({"a"})), SetValue("a", "new"))


KEYS = st.sampled_from("abcd")
EDITS = st.lists(
    st.builds(SetValue, KEYS, st.sampled_from(["", "1", "2"]))
    | st.builds(RemoveKeys, st.frozensets(KEYS))
    | st.builds(RenameKey, KEYS, KEYS)
)


@given(st.dictionaries(KEYS, st.sampled_from(["", "1"])), EDITS)
def test_rows_that_are_used_again_are_those_that_would_be_made(
    original: dict[str, str], edits: list[Edit]
) -> None:
    before = rows_of(original, original, ())
    for count in range(1, len(edits) + 1):
        done = tuple(edits[:count])
        try:
            metadata = apply_all(done, original)
        except ValueError:
            return
        rows = rows_of(original, metadata, done, before)
        assert rows == rows_of(original, metadata, done)
        assert [row.key for row in rows if row.new is not None] == list(metadata)
        before = rows


def test_what_did_not_change_is_used_again() -> None:
    original = {"a": "1", "b": "2"}
    before = rows_of(original, original, ())
    edits = (SetValue("a", "3"),)
    after = rows_of(original, apply_all(edits, original), edits, before)
    assert after[0] != before[0]
    assert after[1] is before[1]


def test_needed_keys_say_what_breaks() -> None:
    rows = rows_of(ORIGINAL, ORIGINAL, ())
    assert rows[2].needed.startswith("LTX")
    assert removed_with(frozenset({"a", "config"})) == [f"config: {rows[2].needed}."]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain é 漢", "plain é 漢"),
        ("one\ntwo\tthree", "one↵two⇥three"),
        ("a\u202egnp.exe", "a⟨202E⟩gnp.exe"),
        ("\x00\x1b[31m", "⟨0000⟩⟨001B⟩[31m"),
        ("\ud800", "⟨D800⟩"),
        ("x" * 500, "x" * 160 + "…"),
    ],
)
def test_nothing_hides_in_a_preview(value: str, shown: str) -> None:
    assert preview(value) == shown
    assert "\n" not in one_line(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"nodes": [1, 2], "links": []}', "2 nodes"),
        ('{"3": {"class_type": "KSampler"}}', "1 node"),
        ('{"a": 1, "b": 2}', "2 entries"),
        ("[]", "0 items"),
        ("{broken", ""),
        ("plain", ""),
        ("[" * 100_000, ""),
    ],
)
def test_json_is_recognised(value: str, said: str) -> None:
    assert summary(value) == said
    assert describe(value) == said


def test_json_is_checked_with_line_and_column() -> None:
    mistake = check('{\n "a": 1,\n}')
    assert mistake is not None
    assert (mistake.line, mistake.column) == (3, 1) or (mistake.line, mistake.column) == (2, 8)
    assert check('{"a": [1]}') is None
    assert check("[" * 100_000) is not None
    assert check("1" * 10_000) is not None


def test_json_is_laid_out_without_changing_it() -> None:
    assert formatted('{"b":"é","a":1}') == '{\n  "b": "é",\n  "a": 1\n}'
    assert compact(formatted('{"b":"é","a":1}')) == '{"b":"é","a":1}'
    with pytest.raises(ValueError, match="Line 1, column"):
        formatted("{")
