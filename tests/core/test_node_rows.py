"""Graphs as lists of nodes, and values as an editor shows them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.generation import as_lines, graph_reading, matching, may_be_graph
from ckpt_studio.core.json_values.json_text import formatted
from ckpt_studio.core.json_values.value_layout import LONGEST_LINE, layout, stored
from ckpt_studio.core.plain_text import deceives, lines, one_line

GRAPH = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["xl.safetensors"]},
        {"id": 2, "type": "CLIPTextEncode", "title": "Cat", "widgets_values": ["a cat\non a mat"]},
        {"id": 3, "type": "CLIPTextEncode", "widgets_values": ["blurry"]},
        {
            "id": 4,
            "type": "KSampler",
            "pos": [10, 10],
            "inputs": [
                {"name": "model", "link": 1},
                {"name": "positive", "link": 2},
                {"name": "negative", "link": 3},
            ],
            "widgets_values": [5, "fixed", 20, 8.0, "euler", "normal", 1.0],
        },
        {"id": 5, "type": "LoraLoader", "mode": 4, "widgets_values": ["\u202ex", 1, 1]},
    ],
    "links": [[1, 1, 0, 4, 0, "MODEL"], [2, 2, 0, 4, 1, "C"], [3, 3, 0, 4, 2, "C"]],
    "groups": [{"title": "Sampling", "bounding": [0, 0, 100, 100]}],
}
TEXT = json.dumps(GRAPH)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_nodes_prompts_and_settings_are_read():
    reading = graph_reading(TEXT)
    assert [row.title for row in reading.rows] == [
        "CheckpointLoaderSimple",
        "Cat",
        "CLIPTextEncode",
        "KSampler",
        "LoraLoader",
    ]
    assert reading.positive == "a cat\non a mat"
    assert reading.negative == "blurry"
    assert ("Seed", "5") in reading.parameters
    sampler, lora = reading.rows[3:]
    assert sampler.place == "Sampling"
    assert "steps: 20 · cfg: 8 · sampler_name: euler" in sampler.values
    assert not lora.active
    assert lora.values.startswith("lora_name: ⟨202E⟩x")


def test_every_word_has_to_be_somewhere_in_a_node():
    rows = graph_reading(TEXT).rows
    assert matching(rows, "clip") == [1, 2, 4]
    assert matching(rows, "CLIP mat") == [1]
    assert matching(rows, "cat sampler") == []


def test_nodes_are_copied_with_whole_values():
    rows = graph_reading(TEXT).rows
    assert as_lines(rows[1:3]) == (
        "2: Cat (CLIPTextEncode)\n  text: a cat\non a mat\n3: CLIPTextEncode\n  text: blurry"
    )


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"nodes": 3}', '{"class_type": "x"}', '{"nodes": [', "x" + TEXT]
)
def test_other_texts_are_no_graphs(text):
    assert graph_reading(text) is None


def test_what_may_be_a_graph_is_told_without_reading_it():
    assert may_be_graph(TEXT)
    assert may_be_graph(' {"1": {"class_type": "X", "inputs": {}}}')
    assert not may_be_graph('{"a": 1}')
    assert not may_be_graph("nodes")


@given(st.dictionaries(st.text(), json_values), st.booleans(), st.booleans())
def test_json_on_a_line_is_laid_out_and_stored_as_it_was(value, spaced, ascii_only):
    separators = (", ", ": ") if spaced else (",", ":")
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    laid = layout(text)
    assert not deceives(laid.shown)
    assert laid.editable
    if laid.style:
        assert stored(laid.shown, laid.style).value == text
    assert json.loads(formatted(text)) == value


@given(st.text(max_size=60))
def test_nothing_deceives_in_what_is_shown(text):
    laid = layout(text)
    assert not deceives(laid.shown)
    assert laid.escaped == (laid.shown != text) or laid.style
    assert not deceives(lines(text))
    assert not deceives(one_line(text))


def test_a_long_line_is_shown_in_pieces():
    value = "x" * (LONGEST_LINE + 1)
    laid = layout(value)
    assert laid.broken
    assert not laid.editable
    assert laid.shown.replace("\n", "") == value
    assert layout("x" * LONGEST_LINE).editable


def test_what_is_as_it_is_stays():
    assert layout("a\u202eb", as_it_is=True).shown == "a\u202eb"


@pytest.mark.parametrize("depth", [100, 500, 990, 5_000, 100_000])
def test_deep_json_is_no_error(depth):
    text = "[" * depth + "]" * depth
    assert layout(text).shown
    assert stored(text, None).value == text
