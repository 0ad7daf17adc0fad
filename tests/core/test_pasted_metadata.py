"""Pasted metadata, and copying it so that it can be pasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.pasted_metadata import as_json, as_pasted, parse_pasted

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


def test_lines_with_a_colon_and_a_space() -> None:
    pasted = parse_pasted("title: My: model\nmodelspec.date: 2026\ncell:a\tb: c")
    assert pasted.values == {"title": "My: model", "modelspec.date": "2026", "cell:a": "b: c"}


def test_keys_are_copied_to_be_read_and_pasted() -> None:
    assert as_pasted({"title": "My: model", "a:b": "c"}) == "title: My: model\na:b: c"
    assert as_pasted({"two words": "x"}) == "two words\tx"
    assert as_pasted({"a": "b\nc\u202e"}) == '{\n  "a": "b\\nc\\u202e"\n}\n'


def test_lines_with_tabs() -> None:
    pasted = parse_pasted("title\tMy model\n\nurl\thttps://x/a\tb\nempty\t\n")
    assert pasted.values == {"title": "My model", "url": "https://x/a\tb"}
    assert pasted.encoded == ()


def test_an_object_whose_values_are_no_text_is_encoded_and_said_so() -> None:
    pasted = parse_pasted('{"t": "x", "n": 3, "o": {"é": [1, true]}, "gone": null, "e": ""}')
    assert pasted.values == {"t": "x", "n": "3", "o": '{"é":[1,true]}'}
    assert pasted.encoded == ("n", "o")


def test_a_header_gives_its_metadata() -> None:
    assert parse_pasted('{"__metadata__": {"format": "pt"}}').values == {"format": "pt"}


@pytest.mark.parametrize(
    "text", ["", "no tab here", "[1]", "{broken", "{}", "\tvalue", '{"": "x"}', '{"a": "\\ud800"}']
)
def test_other_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_pasted(text)


@given(st.dictionaries(texts, texts, min_size=1))
def test_what_is_copied_can_be_pasted(metadata: dict[str, str]) -> None:
    assert parse_pasted(as_json(metadata)).values == metadata
    assert parse_pasted(as_pasted(metadata)).values == metadata


@pytest.mark.parametrize(
    "text", ['{"a": "1", "b": {"c": 1, "c": 2}, "a": "2"}', "a: 1\nb: 3\na: 2", "a\t1\na\t2"]
)
def test_a_key_that_is_there_twice_is_named(text):
    pasted = parse_pasted(text)
    assert pasted.values["a"] == "2"
    assert pasted.repeated == ("a",)
