"""All metadata as one JSON text: what stands for long values, and what is read back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.metadata_document import (
    LONG,
    long_values,
    read_document,
    shown_document,
)

PICTURE = "data:image/png;base64," + "A" * 300
METADATA = {"a": "x" * (LONG + 1), "b": "y" * (LONG + 1), "modelspec.thumbnail": PICTURE, "c": "1"}
values = st.sampled_from([*METADATA.values(), "2", "⟨5 characters, not changed, 12345678⟩"])


@given(st.dictionaries(st.text("abc", min_size=1), values))
def test_what_is_shown_is_read_back(metadata):
    text = shown_document(metadata)
    assert len(text) < LONG
    assert read_document(text, metadata) == metadata


def test_a_long_value_goes_with_its_sign_under_any_key():
    shown = json.loads(shown_document(METADATA))
    moved = {"first": shown["b"], "second": shown["a"], "third": shown["modelspec.thumbnail"]}
    assert read_document(json.dumps(moved), METADATA) == {
        "first": METADATA["b"],
        "second": METADATA["a"],
        "third": PICTURE,
    }


def test_a_sign_whose_value_is_gone_is_refused_unless_it_was_shown_before():
    text = shown_document(METADATA)
    with pytest.raises(ValueError, match="“a”: nothing is known of the value that ⟨20,001"):
        read_document(text, {"c": "1"})
    assert read_document(text, {"c": "1"}, long_values(METADATA)) == METADATA


def test_a_sign_is_no_part_of_a_longer_value():
    shown = json.loads(shown_document(METADATA))
    for value in (shown["a"] + " v2", {"inside": shown["a"]}):
        with pytest.raises(ValueError, match="cannot be a part of a longer value"):
            read_document(json.dumps({"a": value}), METADATA)
