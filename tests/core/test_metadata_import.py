"""What is offered to the metadata of a file, and what of it is taken unless told otherwise."""

import base64
import json
from dataclasses import replace

import pytest

from ckpt_studio.core.editing.metadata_import import (
    edits,
    from_generation,
    from_json,
    from_metadata,
    thumbnail,
)
from ckpt_studio.core.editing.modelspec import check_value
from ckpt_studio.core.generation import GenerationInfo
from ckpt_studio.core.metadata import apply_all
from tests.making.graphs import API, WINDOW


def ticks(proposals):
    return {proposal.key: proposal.ticked for proposal in proposals}


def test_of_a_picture_of_comfyui_the_graphs_are_ticked():
    info = GenerationInfo(
        workflow="{}", prompt="[]", extra={"layout": "1"}, infotext="a\nSteps: 1", positive="a"
    )
    assert ticks(from_generation(info, {})) == {
        "workflow": True,
        "prompt": True,
        "layout": True,
        "parameters": False,
        "modelspec.usage_hint": False,
    }


def test_without_a_graph_the_text_is_ticked():
    info = GenerationInfo(infotext="a\nSteps: 1", positive="a")
    assert ticks(from_generation(info, {})) == {"parameters": True, "modelspec.usage_hint": False}


def test_nothing_offers_nothing():
    assert from_generation(GenerationInfo(), {}) == ()


def test_a_proposal_says_its_size_and_what_it_replaces():
    first, second = from_generation(
        GenerationInfo(workflow='{"a":1}', prompt="{}"), {"workflow": "old", "prompt": "{}"}
    )
    assert first.replaces == "old"
    assert first.changes
    assert not second.changes
    assert first.size == len(json.dumps({"workflow": '{"a":1}'}, separators=(",", ":"))) - 1


def test_the_ticked_ones_are_one_step_that_keeps_the_order():
    metadata = {"prompt": "old", "title": "x"}
    offered = from_generation(GenerationInfo(workflow="{}", prompt="[]", positive="a"), metadata)
    (edit,) = edits(offered, "Import from a.png")
    assert edit.title == "Import from a.png"
    assert list(apply_all((edit,), metadata).items()) == [
        ("prompt", "[]"),
        ("title", "x"),
        ("workflow", "{}"),
    ]
    assert edits([replace(one, ticked=False) for one in offered]) == ()
    assert edits(from_metadata(metadata, metadata)) == ()


def test_of_another_file_what_describes_its_tensors_is_not_ticked():
    other = {
        "format": "pt",
        "modelspec.title": "Other",
        "modelspec.hash_sha256": "0x1",
        "modelspec.architecture": "flux-1-dev",
        "prompt": "",
        "author": "me",
    }
    assert ticks(from_metadata(other, {})) == {
        "format": False,
        "modelspec.title": True,
        "modelspec.hash_sha256": False,
        "modelspec.architecture": False,
        "author": True,
    }


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (WINDOW, {"workflow": WINDOW}),
        (API, {"prompt": API}),
        ({"prompt": API, "workflow": WINDOW}, {"prompt": API, "workflow": WINDOW}),
        ({"prompt": json.dumps(API), "other": 1}, {"prompt": API}),
        (
            {"prompt": API, "extra_data": {"extra_pnginfo": {"workflow": WINDOW, "seen": [1]}}},
            {"prompt": API, "workflow": WINDOW, "seen": [1]},
        ),
    ],
)
def test_graphs_in_json_are_taken_from_wherever_they_are(value, wanted):
    found = {one.key: json.loads(one.value) for one in from_json(json.dumps(value), {})}
    assert found == wanted


def test_metadata_in_json_are_taken_as_they_are():
    header = {"__metadata__": {"a": "1", "b": ""}, "layer": {"dtype": "F32"}}
    assert {one.key: one.value for one in from_json(json.dumps(header), {})} == {"a": "1"}
    plain = '{"a": "x", "n": 5, "list": [1, 2], "": "no key"}'
    found = {one.key: one.value for one in from_json(plain, {})}
    assert found == {"a": "x", "n": "5", "list": "[1,2]"}


@pytest.mark.parametrize(
    "text", ["[1]", "5", "{}", '{"a": null}', "{", "[" * 9999, '{"\\ud83d": "a"}']
)
def test_other_json_is_refused_with_half_a_sentence(text):
    with pytest.raises(ValueError, match=r"^(holds neither|is not valid JSON)"):
        from_json(text, {})


def test_a_thumbnail_is_written_as_the_specification_asks():
    proposal = thumbnail(b"\xff\xd8jpeg", {"modelspec.thumbnail": "old"})
    assert proposal.key == "modelspec.thumbnail"
    assert proposal.ticked
    assert proposal.replaces == "old"
    head, _, data = proposal.value.partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == b"\xff\xd8jpeg"
    assert check_value(proposal.key, proposal.value) == ""
