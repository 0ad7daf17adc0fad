"""Prompts are found where graphs of newer models and of services keep them."""

import json
import time

import pytest

from ckpt_studio.core.generation import read_generation, read_graph
from tests.making.graphs import api_node, node, window

WISH = "a red fox in the snow"


def prompts(graph):
    found = read_generation({"workflow" if "nodes" in graph else "prompt": json.dumps(graph)})
    return found.positive, found.negative


def sampled(encoder, **more):
    """A graph whose sampler gets what an encoder gives, and nothing against it."""
    return {
        "1": encoder,
        "2": api_node("ConditioningZeroOut", conditioning=["1", 0]),
        "3": api_node("KSampler", positive=["1", 0], negative=["2", 0], steps=4),
        **more,
    }


def slot(name, kind, link=None):
    return {"name": name, "type": kind, "widget": {"name": name}, "link": link}


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("linked", [True, False])
def test_only_the_case_that_a_switch_hands_on_counts(on, linked):
    switch = ["6", 0] if linked else on
    graph = sampled(
        api_node("CLIPTextEncode", text=["4", 0]),
        **{
            "4": api_node("ComfySwitchNode", on_true=["5", 0], on_false="typed", switch=switch),
            "5": api_node("PrimitiveStringMultiline", value="made by a model"),
            "6": api_node("PrimitiveBoolean", value=on),
        },
    )
    assert prompts(graph) == ("made by a model" if on else "typed", "")


def test_a_switch_of_conditioning_is_followed_the_same_way():
    graph = sampled(
        api_node("ComfySwitchNode", on_true=["4", 0], on_false=["5", 0], switch=False),
        **{
            "4": api_node("CLIPTextEncode", text="not this"),
            "5": api_node("CLIPTextEncode", text=WISH),
        },
    )
    assert prompts(graph) == (WISH, "")


def test_a_text_goes_through_what_shows_it():
    graph = sampled(
        api_node("CLIPTextEncode", text=["4", 0]),
        **{
            "4": api_node("PreviewAny", source=["5", 0]),
            "5": api_node("PrimitiveString", value=WISH),
        },
    )
    assert prompts(graph) == (WISH, "")


def test_songs_have_tags_and_lyrics():
    graph = sampled(api_node("TextEncodeAceStepAudio1.5", tags="pop, calm", lyrics="la la"))
    assert prompts(graph) == ("pop, calm\nla la", "")


def test_what_both_sides_get_is_wanted():
    both = api_node("TextEncodeQwenImageEdit", prompt=WISH)
    graph = {"1": both, "2": api_node("KSampler", positive=["1", 0], negative=["1", 0])}
    assert prompts(graph) == (WISH, "")


def test_the_node_of_a_service_is_asked_without_a_sampler():
    graph = {
        "1": api_node("SaveImage", images=["2", 0]),
        "2": api_node(
            "SomeImageApi",
            **{"model.prompt": ["3", 0], "negative_prompt": "blurry", "system_prompt": "You draw"},
        ),
        "3": api_node("StringConcatenate", string_a=WISH, string_b="at night", delimiter=" "),
    }
    assert prompts(graph) == (f"{WISH}\nat night", "blurry")


def test_a_result_that_is_saved_goes_before_a_text_that_is_shown():
    graph = {
        "1": api_node("PreviewAny", source=["2", 0]),
        "2": api_node("SomeChat", prompt="describe the picture"),
        "3": api_node("SaveVideo", video=["4", 0]),
        "4": api_node("SomeVideoApi", prompt=WISH),
    }
    assert prompts(graph) == (WISH, "")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["Model Name 2 (Big One Pro)", WISH, "another long text for the model"], WISH),
        ([7, "fixed", "雪の中の赤い狐が走っている"], "雪の中の赤い狐が走っている"),
        (["Model Name 2 (Big One Pro)", "index_timestep_zero", "16:9"], ""),
    ],
)
def test_a_value_without_a_name_is_a_prompt_when_it_reads_like_one(values, found):
    graph = window(
        node(1, "SomeNewApi", values),
        node(2, "SaveImage", ["ComfyUI"], {"images": 1}),
        links=[[1, 1, 0, 2, 0, "IMAGE"]],
    )
    assert prompts(graph) == (found, "")


def test_notes_and_formulas_are_no_prompts():
    kinds = ("ComfyMathExpression", "RegexExtractNew", "GLSLShader", "OwnConfig")
    for kind in kinds:
        graph = window(
            node(1, kind, ["please do not take this for a prompt"]),
            node(2, "SaveImage", ["ComfyUI"], {"images": 1}),
            links=[[1, 1, 0, 2, 0, "IMAGE"]],
        )
        assert prompts(graph) == ("", ""), kind


def subgraph_use(listed):
    """A subgraph with three values, used by a node that lists some of its inputs."""
    inner = window(
        node(5, "CLIPTextEncode", ["", "x"], {"text": 11}),
        node(6, "KSampler", [0, "fixed", 20, 7.5, "euler", "karras", 1], {"positive": 12}),
        links=[
            {"id": 11, "origin_id": -10, "origin_slot": 1, "target_id": 5, "target_slot": 0},
            {"id": 12, "origin_id": 5, "origin_slot": 0, "target_id": 6, "target_slot": 0},
        ],
        id="inside",
        name="Text to picture",
        inputs=[
            {"name": "image", "type": "IMAGE"},
            {"name": "text", "type": "STRING"},
            {"name": "lora_name", "type": "COMBO"},
            {"name": "strength", "type": "FLOAT"},
        ],
    )
    outer = {
        "id": 9,
        "type": "inside",
        "widgets_values": [WISH, "paws.safetensors", 0.5],
        "inputs": [slot(name, kind) for name, kind in listed],
    }
    return window(outer, definitions={"subgraphs": [inner]})


@pytest.mark.parametrize(
    "listed",
    [(), [("lora_name", "COMBO"), ("strength", "FLOAT")], [("text", "STRING")]],
    ids=["none", "not the first", "the first"],
)
def test_values_of_a_subgraph_are_named_by_its_inputs(listed):
    graph = subgraph_use(listed)
    assert read_graph(json.dumps(graph)).nodes["9"].values == {
        "text": WISH,
        "lora_name": "paws.safetensors",
        "strength": 0.5,
    }
    assert prompts(graph) == (WISH, "")


def test_an_input_that_is_listed_names_no_value_of_another_type():
    own = {
        "id": 1,
        "type": "Own",
        "inputs": [slot("steps", "INT", 4)],
        "widgets_values": ["euler", 20],
    }
    values = read_graph(json.dumps(window(own))).nodes["1"].values
    assert values == {"value 1": "euler", "value 2": 20}


def test_a_graph_made_to_be_slow_is_not():
    chain = {str(at): api_node("Text", text=[str(at + 1), 0]) for at in range(10_000)}
    inputs = {f"text_{at}_text": [str(at % 100), 0] for at in range(3000)}
    ends = {f"end{at}": api_node("SaveImage", **inputs) for at in range(5)}
    started = time.process_time()
    read_generation({"prompt": json.dumps({**ends, **chain})})
    assert time.process_time() - started < 5
