"""Graphs of ComfyUI become rows that people can read, and prompts are found in them."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.generation import Link, read_generation, read_graph
from tests.making.graphs import API, SUBGRAPH, WINDOW, api_node, node, window


def info(prompt=None, workflow=None):
    texts = {"prompt": prompt, "workflow": workflow}
    return read_generation({key: json.dumps(value) for key, value in texts.items() if value})


def prompts(prompt):
    found = info(prompt)
    return found.positive, found.negative


def sampler(positive, negative, **more):
    return api_node("KSampler", positive=positive, negative=negative, steps=20, **more)


def encode(text):
    return api_node("CLIPTextEncode", text=text, clip=["4", 1])


def test_an_api_graph_becomes_rows():
    graph = read_graph(json.dumps(API))
    assert list(graph.nodes) == ["3", "4", "5", "6", "7", "10"]
    drawing = graph.nodes["3"]
    assert (drawing.title, drawing.kind) == ("Sample", "KSampler")
    assert drawing.values["steps"] == 20
    assert drawing.inputs["positive"] == Link("6", 0)
    assert graph.nodes["4"].title == "CheckpointLoaderSimple"


def test_a_graph_of_the_window_becomes_the_same_rows():
    graph = read_graph(json.dumps(WINDOW))
    drawing = graph.nodes["3"]
    assert drawing.title == "Sample"
    assert drawing.values == {
        "seed": 42,
        "control_after_generate": "randomize",
        "steps": 20,
        "cfg": 7.5,
        "sampler_name": "euler",
        "scheduler": "karras",
        "denoise": 1,
    }
    assert drawing.inputs["latent_image"] == Link("5", 0)
    assert drawing.place == "Drawing"
    assert graph.nodes["4"].place == ""


def test_widgets_are_named_by_the_inputs_where_those_list_them():
    listed = [{"name": name, "widget": {"name": name}, "link": None} for name in ("seed", "mood")]
    graph = read_graph(
        json.dumps(
            window(
                {
                    "id": 1,
                    "type": "Own",
                    "inputs": listed,
                    "widgets_values": [7, "fixed", "calm", 5],
                },
                {"id": 2, "type": "Other", "widgets_values": {"speed": 3}},
            )
        )
    )
    assert graph.nodes["1"].values == {
        "seed": 7,
        "control_after_generate": "fixed",
        "mood": "calm",
        "value 4": 5,
    }
    assert graph.nodes["2"].values == {"speed": 3}


def test_muted_and_bypassed_nodes_are_not_active():
    graph = read_graph(json.dumps(window(*(node(n, "Any", mode=n) for n in (0, 2, 4)))))
    assert [one.active for one in graph.nodes.values()] == [True, False, False]


def test_a_subgraph_is_taken_apart():
    graph = read_graph(json.dumps(SUBGRAPH))
    assert list(graph.nodes) == ["1", "2", "2:11", "2:12", "8", "9"]
    assert graph.nodes["2:11"].place == "Encoders"
    assert graph.nodes["1"].inputs["negative"] == Link("2:12", 0)
    assert graph.nodes["2:11"].inputs == {"clip": Link("8", 1), "text": Link("9", 0)}
    found = info(workflow=SUBGRAPH)
    assert (found.positive, found.negative) == ("from outside", "bad hands")


def test_prompts_and_parameters_are_those_of_the_sampler():
    for found in (info(API), info(workflow=WINDOW)):
        assert found.program == "ComfyUI"
        assert (found.positive, found.negative) == ("a cat", "blurry")
        rows = dict(found.parameters)
        assert rows["Steps"] == "20"
        assert rows["Sampler"] == "euler"
        assert rows["Schedule type"] == "karras"
        assert rows["CFG scale"] == "7.5"
        assert rows["Seed"] == "42"
        assert rows["Size"] == "512x768"
        assert rows["Model"] == "sd.safetensors"
    assert dict(info(API).parameters)["LoRA"] == "paws.safetensors: 0.8"


def test_conditioning_keeps_its_side_through_nodes_with_both():
    graph = {
        "1": sampler(["2", 0], ["2", 1]),
        "2": api_node("ControlNetApplyAdvanced", positive=["3", 0], negative=["4", 0], strength=1),
        "3": api_node("ConditioningCombine", conditioning_1=["5", 0], conditioning_2=["6", 0]),
        "4": encode("no"),
        "5": encode("yes"),
        "6": encode("and also"),
    }
    assert prompts(graph) == ("yes\nand also", "no")


def test_texts_are_followed_to_where_they_are_written():
    graph = {
        "1": sampler(["2", 0], ["3", 0], seed=["9", 0]),
        "2": encode(["4", 0]),
        "3": encode(["7", 0]),
        "4": api_node("StringConcatenate", string_a=["5", 0], string_b=["6", 0], delimiter=", "),
        "5": api_node("PrimitiveString", value="first"),
        "6": api_node("Text Multiline", text="second"),
        "7": api_node("String Literal", string="no"),
        "9": api_node("PrimitiveInt", value=99),
    }
    assert prompts(graph) == ("first\nsecond", "no")
    assert dict(info(graph).parameters)["Seed"] == "99"


def test_the_prompts_of_flux_come_through_its_guider():
    graph = {
        "1": api_node("SamplerCustomAdvanced", guider=["2", 0], noise=["5", 0], sigmas=["6", 0]),
        "2": api_node("BasicGuider", model=["7", 0], conditioning=["3", 0]),
        "3": api_node("FluxGuidance", conditioning=["4", 0], guidance=3.5),
        "4": api_node("CLIPTextEncodeFlux", clip_l="a cat", t5xxl="a cat on a mat", guidance=3.5),
        "5": api_node("RandomNoise", noise_seed=11),
        "6": api_node("BasicScheduler", scheduler="simple", steps=28, denoise=1),
        "7": api_node("UNETLoader", unet_name="flux.safetensors"),
    }
    found = info(graph)
    assert (found.positive, found.negative) == ("a cat\na cat on a mat", "")
    wanted = {"Guidance": "3.5", "Seed": "11", "Steps": "28", "Model": "flux.safetensors"}
    assert wanted.items() <= dict(found.parameters).items()


def test_a_prompt_that_is_zeroed_out_is_no_negative_prompt():
    graph = {
        "1": sampler(["2", 0], ["3", 0]),
        "2": encode("yes"),
        "3": api_node("ConditioningZeroOut", conditioning=["2", 0]),
    }
    assert prompts(graph) == ("yes", "")


def test_a_node_with_both_prompts_gives_each_to_its_side():
    graph = {
        "1": sampler(["2", 1], ["2", 2]),
        "2": api_node("Efficient Loader", ckpt_name="a", positive="yes", negative="no"),
    }
    assert prompts(graph) == ("yes", "no")


def test_the_first_sampling_counts_not_the_one_that_refines():
    graph = {
        "1": sampler(["2", 0], ["3", 0], latent_image=["5", 0]),
        "2": encode("a face"),
        "3": encode("no"),
        "5": api_node("LatentUpscale", samples=["6", 0]),
        "6": sampler(["7", 0], ["3", 0], latent_image=["8", 0]),
        "7": encode("a street"),
        "8": api_node("EmptyLatentImage", width=64, height=64),
    }
    assert prompts(graph) == ("a street", "no")


def test_cycles_end():
    graph = {
        "1": sampler(["1", 0], ["2", 0], model=["1", 0]),
        "2": api_node("Any", conditioning=["3", 0]),
        "3": encode(["4", 0]),
        "4": api_node("Concat", text_a=["4", 0], text_b=["3", 0], string="here"),
    }
    graph["3"]["inputs"]["conditioning"] = ["2", 0]
    assert prompts(graph) == ("", "here")


def test_a_subgraph_that_holds_itself_ends():
    inner = {"id": "x", "name": "X", "nodes": [node(n, "x") for n in range(3)], "links": []}
    graph = read_graph(json.dumps(window(node(1, "x"), definitions={"subgraphs": [inner]})))
    assert 0 < len(graph.nodes) <= 20_000
    assert graph.oddities


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", "5", '{"nodes": 5}', '{"1": {}}', "[" * 9999]
)
def test_what_is_no_graph_is_none(text):
    assert read_graph(text) is None


def test_numbers_that_are_none_become_null():
    text = '{"nodes": [{"id": 1, "type": "A", "x": NaN, "y": -Infinity, "z": 1e999}], "links": []}'
    stored = json.loads(read_generation({"workflow": text}).workflow, parse_constant=pytest.fail)
    assert [stored["nodes"][0][key] for key in "xyz"] == [None] * 3


def test_half_a_surrogate_pair_can_be_stored():
    found = read_generation({"prompt": '{"1": {"class_type": "\\ud83d", "inputs": {}}}'})
    assert found.prompt.encode()
    assert json.loads(found.prompt)["1"]["class_type"] == "\ud83d"


def test_other_json_beside_the_graph_is_kept_and_other_texts_are_not():
    texts = {
        "prompt": json.dumps(API),
        "layout": '{ "a": NaN }',
        "mood": '"calm"',
        "quote": '"half',
        "note": "plain",
        "Comment": "{}",
    }
    assert read_generation(texts).extra == {"layout": '{"a":null}', "mood": '"calm"'}


def test_a_damaged_graph_is_said_and_the_other_one_is_used():
    found = read_generation({"prompt": json.dumps(API), "workflow": '{"nodes": ['})
    assert found.workflow == ""
    assert found.positive == "a cat"
    assert "‘workflow’ cannot be used" in found.problems[0].message


def test_both_graphs_may_be_in_the_comment():
    both = json.dumps({"prompt": API, "workflow": json.dumps(WINDOW)})
    found = read_generation({"UserComment": both})
    assert json.loads(found.workflow) == WINDOW
    assert json.loads(found.prompt) == API


def test_a_large_workflow_is_read_at_once():
    nodes = [
        node(n, "KSampler", [1, "fixed", 20, 7, "euler", "normal", 1], {"positive": n}, pos=[n, n])
        | {"properties": {"Node name for S&R": "KSampler", "text": "word " * 60}}
        for n in range(2500)
    ]
    links = [[n, n - 1, 0, n, 0, "CONDITIONING"] for n in range(1, 2500)]
    text = json.dumps(window(*nodes, links=links))
    assert len(text) > 1_300_000
    begun = time.thread_time()
    graph = read_graph(text)
    assert time.thread_time() - begun < 0.5  # 0.05 s on a machine with nothing else to do
    assert len(graph.nodes) == 2500


LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(["1", 0])
)
KEYS = st.sampled_from(
    [
        "id",
        "type",
        "inputs",
        "class_type",
        "nodes",
        "links",
        "widgets_values",
        "definitions",
        "subgraphs",
        "positive",
        "negative",
        "text",
        "groups",
        "pos",
        "bounding",
        "mode",
        "name",
    ]
)
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6)
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_json_is_read_as_some_graph_or_none(value):
    read_graph(json.dumps(value))
    read_graph(
        json.dumps({"nodes": [value, {"id": 1, "type": "x", "inputs": value}], "links": value})
    )
    read_generation({"workflow": json.dumps({"nodes": [value], "definitions": value})})


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(KEYS, LEAF | st.lists(LEAF, max_size=3), max_size=6), max_size=6))
def test_any_inputs_of_nodes_are_followed_to_an_end(inputs):
    kinds = ("KSampler", "CLIPTextEncode", "SamplerCustom")
    graph = {
        str(n): api_node(kinds[n % 3], **{"positive": ["2", 0], "negative": ["1", 0]} | one)
        for n, one in enumerate(inputs)
    }
    assert isinstance(info(graph).positive, str)
