"""Links of a graph are followed through subgraphs, names and nodes that are off."""

import json
import time

import pytest

from ckpt_studio.core.generation import read_generation, read_graph
from tests.making.graphs import api_node, drawn, joined, named_links, promoted, typed, window


def info(prompt=None, workflow=None):
    texts = {"prompt": prompt, "workflow": workflow}
    return read_generation({key: json.dumps(value) for key, value in texts.items() if value})


def sampler(positive, negative):
    return api_node("KSampler", positive=positive, negative=negative, steps=20)


def encode(text):
    return api_node("CLIPTextEncode", text=text, clip=["4", 1])


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        (promoted(["shown outside"]), "shown outside"),
        (promoted([]), "inner default"),
        (promoted(["not this"], link_number=51), "from a primitive"),
        (
            promoted([5, "shown"], properties={"proxyWidgets": [["11", "seed"], ["-1", "text"]]}),
            "shown",
        ),
    ],
)
def test_a_subgraph_shows_the_text_of_a_node_inside(graph, text):
    found = read_graph(json.dumps(graph))
    assert (info(workflow=graph).positive, info(workflow=graph).negative) == (text, "no")
    assert found.nodes["2"].title == "Prompting"
    assert "uuid" not in found.nodes["2"].kind
    if text != "from a primitive":
        assert found.nodes["2:11"].values == {"text": text}


def test_a_subgraph_keeps_the_title_that_its_node_was_given():
    found = read_graph(json.dumps(promoted([], title="My words")))
    assert found.nodes["2"].title == "My words"
    assert found.nodes["2:11"].place == "Prompting"


@pytest.mark.parametrize(("mode", "positive"), [(2, ""), (4, "before it")])
def test_a_subgraph_that_is_off_has_nothing_in_it_that_runs(mode, positive):
    graph = promoted(["shown outside"], mode=mode)
    found = read_graph(json.dumps(graph))
    assert not found.nodes["2"].active
    assert not found.nodes["2:11"].active
    assert info(workflow=graph).positive == positive


@pytest.mark.parametrize(
    ("modes", "positive"),
    [
        ((0, 0), "yes\nand more"),
        ((2, 0), "yes"),
        ((4, 0), "yes"),
        ((0, 4), "yes"),
        ((0, 2), ""),
    ],
)
def test_nodes_that_are_off_add_nothing_to_a_prompt(modes, positive):
    found = info(workflow=joined(modes))
    assert (found.positive, found.negative) == (positive, "no")


def test_a_bypassed_node_passes_on_the_input_of_the_type_of_its_output():
    loads = typed(1, "CheckpointLoaderSimple", ["xl"], (), ["MODEL", "CLIP"])
    inputs = [("clip", "CLIP", 1, False), ("cond", "CONDITIONING", 2, False)]
    off = typed(10, "Own", ["words"], inputs, ["CONDITIONING"], mode=4)
    encodes = typed(6, "CLIPTextEncode", ["yes"], (), ["CONDITIONING"])
    links = [[1, 1, 1, 10, 0, "CLIP"], [2, 6, 0, 10, 1, "CONDITIONING"]]
    assert (
        info(workflow=drawn(loads, off, encodes, positive=(10, 0), links=links)).positive == "yes"
    )


def test_names_of_links_are_followed():
    found = info(workflow=named_links("A", "A"))
    assert (found.positive, found.negative) == ("yes", "no")
    assert info(workflow=named_links("A", "B")).positive == ""


@pytest.mark.parametrize("kind", ["Reroute", "Reroute (rgthree)"])
def test_links_are_followed_round_their_bends(kind):
    words = typed(8, "PrimitiveStringMultiline", ["yes"], (), ["STRING"])
    reads = typed(6, "CLIPTextEncode", [""], [("text", "STRING", 2, True)], ["CONDITIONING"])
    bends = [typed(n, kind, [], [("", "*", n, False)], ["*"]) for n in (1, 4)]
    links = [[1, 8, 0, 1, 0, "*"], [2, 1, 0, 6, 0, "*"], [4, 6, 0, 4, 0, "*"]]
    found = info(workflow=drawn(words, reads, *bends, positive=(4, 0), links=links))
    assert (found.positive, found.negative) == ("yes", "no")


@pytest.mark.parametrize(
    ("populated", "mode", "text"),
    [
        ("a cat", "populate", "a cat"),
        ("a cat", "fixed", "a cat"),
        ("", "fixed", "__pets__"),
        ("", "populate", ""),
        ("a cat", True, "a cat"),
    ],
)
@pytest.mark.parametrize("window_format", [True, False])
def test_what_wildcards_became_is_the_prompt(populated, mode, text, window_format):
    values = {"wildcard_text": "__pets__", "populated_text": populated, "mode": mode}
    if window_format:
        outputs = ["MODEL", "CLIP", "CONDITIONING", "STRING"]
        encodes = typed(6, "ImpactWildcardEncode", [*values.values(), "", ""], (), outputs)
        processes = typed(8, "ImpactWildcardProcessor", [*values.values(), 5], (), ["STRING"])
        reads = typed(9, "CLIPTextEncode", [""], [("text", "STRING", 1, True)], ["CONDITIONING"])
        links = [[1, 8, 0, 9, 0, "STRING"]]
        found = info(workflow=drawn(encodes, positive=(6, 2)))
        also = info(workflow=drawn(processes, reads, positive=(9, 0), links=links))
    else:
        graph = {
            "1": sampler(["2", 2], ["3", 0]),
            "2": api_node("ImpactWildcardEncode", **values),
            "3": encode("no"),
            "4": encode(["5", 0]),
            "5": api_node("ImpactWildcardProcessor", **values),
        }
        found = info(graph)
        also = info(graph | {"1": sampler(["4", 0], ["3", 0])})
    assert (found.positive, found.negative) == (text, "no")
    assert (also.positive, also.negative) == (text, "no")


def test_a_hostile_chain_of_bypassed_nodes_is_read_at_once():
    many = 4000
    inputs = [("in", "A", 1 + n, False) for n in range(many)]
    off = [typed(1, "Off", [], inputs, ["B"] * many, mode=4)]
    off += [typed(n, "Off", [], [("in", "A", n, False)], ["A"], mode=4) for n in range(2, many)]
    on = typed(many, "On", [], inputs)
    links = [[n, n - 1 or 1, n, n, 0, "A"] for n in range(1, many + 1)]
    text = json.dumps(window(*off, on, links=links))
    begun = time.thread_time()
    assert len(read_graph(text).nodes) == many
    assert time.thread_time() - begun < 4  # below 1 s on a machine with nothing else to do
