"""What other programs will read."""

import json

import pytest

from ckpt_studio.core.editing.metadata_readers import (
    CANVAS,
    CIVITAI,
    LIBRARY,
    WEBUI,
    Reading,
    readings,
)
from ckpt_studio.core.header_size import MIB

GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {}}})


def told(metadata: dict[str, str], program: str, size: int = 1000) -> list[Reading]:
    return [each for each in readings(metadata, size) if each.program == program]


def test_the_library_takes_the_first_key_with_the_right_end():
    found = told({"my_title": "One", "modelspec.title": "Two"}, LIBRARY)
    assert [(each.what, each.key, each.value) for each in found] == [("title", "my_title", "One")]


def test_the_library_reads_nothing_over_one_mebibyte():
    assert told({"modelspec.title": "x"}, LIBRARY)[0].problem == ""
    assert told({"modelspec.title": "x"}, LIBRARY, MIB + 1)[0].problem != ""


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        ({"workflow": '{"nodes": []}', "prompt": GRAPH}, "workflow"),
        ({"workflow": "broken", "prompt": GRAPH}, "prompt"),
        ({"prompt": '{"3": {"inputs": {}}}'}, ""),
        ({"prompt": ""}, ""),
        ({"parameters": "a cat\nNegative prompt: \nSteps: 20"}, "parameters"),
        ({"parameters": "a cat\nSteps: 20"}, "parameters"),
        ({"parameters": "a cat. Steps: 20"}, ""),
        ({"workflow": "[" * 100_000}, ""),
    ],
)
def test_the_canvas_opens_the_first_that_works(metadata, key):
    assert [each.key for each in told(metadata, CANVAS)] == [key]


@pytest.mark.parametrize(
    ("size", "word"), [(4 * MIB, ""), (4 * MIB + 1, "up to 1.58"), (9 * MIB, "8 MiB")]
)
def test_the_canvas_says_from_which_size_on_it_stops(size, word):
    problem = told({"workflow": '{"nodes": []}'}, CANVAS, size)[0].problem
    assert word in problem
    assert bool(problem) == bool(word)


def test_the_canvas_says_what_only_newer_front_ends_open():
    assert "older" in told({"parameters": "a cat\nSteps: 20"}, CANVAS)[0].problem
    whole = {"parameters": "a cat\nNegative prompt: \nSteps: 20"}
    assert told(whole, CANVAS)[0].problem == ""


def test_broken_json_is_told():
    assert told({"workflow": "{"}, CANVAS)[0].problem == "It is not valid JSON"
    assert told({}, CANVAS)[0].problem == ""


def test_web_programs_and_civitai():
    metadata = {"modelspec.thumbnail": "data:", "x": "1", "sshs_model_hash": "ab"}
    assert [each.key for each in told(metadata, WEBUI)] == [
        "modelspec.thumbnail",
        "sshs_model_hash",
        "",
    ]
    assert told(metadata, CIVITAI)[1].key == "sshs_model_hash"
