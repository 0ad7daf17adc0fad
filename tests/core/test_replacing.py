"""Find and replace."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_rules import checked
from ckpt_studio.core.editing.replacing import (
    Found,
    Search,
    count,
    matching_keys,
    replaced,
)
from ckpt_studio.core.metadata import RemoveKeys, apply_all

METADATA = {"author": "Ana", "path": "C:\\Users\\ana\\x, C:\\Users\\ana", "banana": "fruit"}


def after(search: Search, replacement: str) -> dict[str, str]:
    return dict(apply_all(replaced(search, replacement, METADATA).edits, METADATA))


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
    for edit in replaced(search, replacement, metadata).edits:
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
    edits = replaced(Search("fruit", keys=False), "", METADATA).edits
    assert edits == (RemoveKeys(frozenset({"banana"})),)


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
    assert replaced(Search(""), "x", METADATA).edits == ()
    assert count(Search(""), METADATA).matches == 0


INNER = json.dumps({"text": "日本 cat", "path": "C:\\Users\\ana"})
GRAPH = json.dumps(
    {"1": {"text": "日本 cat", "path": "C:\\Users\\ana", "seed": 123}, "inner": INNER}
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [("日本", 2), ("C:\\Users", 2), ("cat", 2), ("123", 1), ('"seed": 12', 1), ('"text": "日', 2)],
)
def test_json_is_searched_as_it_is_shown(text: str, matches: int) -> None:
    assert count(Search(text), {"prompt": GRAPH}).matches == matches


def in_json(text: str, replacement: str, value: str = GRAPH) -> str:
    done = replaced(Search(text), replacement, {"prompt": value})
    assert done.unfit == ()
    return apply_all(done.edits, {"prompt": value})["prompt"]


def test_what_is_put_into_a_string_of_json_is_escaped() -> None:
    result = json.loads(in_json("cat", '"big"\n\\cat'))
    assert result["1"]["text"] == '日本 "big"\n\\cat'
    assert json.loads(result["inner"])["text"] == '日本 "big"\n\\cat'
    assert result["1"]["path"] == "C:\\Users\\ana"


def test_what_is_replaced_across_strings_is_put_in_as_it_is() -> None:
    assert json.loads(in_json('"text": "日', '"words": 1, "is": "'))["1"] == {
        "words": 1,
        "is": "本 cat",
        "path": "C:\\Users\\ana",
        "seed": 123,
    }
    assert json.loads(in_json("123", "4.50"))["1"]["seed"] == 4.5


def test_json_around_a_match_stays_to_the_letter() -> None:
    value = '{ "a\\u0062c" :1.50, "n": "\\/ x",\n "z": "y\\u65e5x" }'
    assert in_json("y", "q", value) == '{ "a\\u0062c" :1.50, "n": "\\/ x",\n "z": "q\\u65e5x" }'


def test_json_that_would_be_json_no_more_is_left_and_named() -> None:
    metadata = {"prompt": GRAPH, "note": "123"}
    done = replaced(Search("123"), "one", metadata)
    assert done.unfit == ("prompt",)
    assert (done.found.matches, done.found.rows) == (1, 1)
    assert apply_all(done.edits, metadata) == {"prompt": GRAPH, "note": "one"}


@given(
    st.recursive(
        st.text('ab"\\ 日\n') | st.integers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text("ab"), inner) | inner.map(json.dumps)
        ),
    ),
    st.text('b"\\日\n{'),
)
def test_replacing_in_json_does_what_the_count_says(value: object, replacement: str) -> None:
    text = json.dumps([value])
    metadata = {"graph": text}
    done = replaced(Search("日", match_case=True), replacement, metadata)
    after = apply_all(done.edits, metadata)["graph"]
    assert done.found == count(Search("日"), metadata)
    assert json.loads(after) is not None
    assert count(Search("日"), {"graph": after}).matches == done.found.matches * (
        replacement.count("日")
    )


def test_long_values_are_searched_with_patterns_that_cannot_be_slow_and_else_told() -> None:
    metadata = {"long": "wo.d word " * 5_000, "short": "wordd"}
    assert count(Search("wo[r]d", regex=True), metadata).matches == 5_001
    assert count(Search("wo[r]d+", regex=True), metadata) == Found(1, 1, left_out=1)
    assert count(Search(r"\d+x", regex=True), metadata) == Found(0, 0, left_out=1)
    done = replaced(Search("wo[r]d+", regex=True), "x", metadata)
    assert done.found == Found(1, 1, left_out=1)
    assert apply_all(done.edits, metadata) == {**metadata, "short": "x"}


def test_a_long_graph_is_counted_while_somebody_types() -> None:
    node = {"type": "CLIPTextEncode", "pos": [0.5, 1], "widgets_values": ["word \n日" * 10, 1]}
    graph = json.dumps({"nodes": [node] * 8_000})
    started = time.perf_counter()
    assert count(Search("日本"), {"workflow": graph}).matches == 0
    assert time.perf_counter() - started < 0.5
