"""Graphs of ComfyUI, in the format of its API and in that of its window."""

from typing import Any

API: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "_meta": {"title": "Sample"},
        "inputs": {
            "seed": 42,
            "steps": 20,
            "cfg": 7.5,
            "sampler_name": "euler",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd.safetensors"}},
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 512, "height": 768, "batch_size": 1},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["10", 1]}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {
            "lora_name": "paws.safetensors",
            "strength_model": 0.8,
            "strength_clip": 1,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
    },
}


def api_node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def window(*nodes, links=(), **more):
    return {"nodes": list(nodes), "links": list(links), "version": 0.4, **more}


def node(number, kind, values=(), inputs=None, **more):
    """Return a node of the window; ``inputs`` maps names to numbers of links."""
    listed = [{"name": name, "type": "*", "link": link} for name, link in (inputs or {}).items()]
    return {"id": number, "type": kind, "widgets_values": values, "inputs": listed, **more}


WINDOW = window(
    node(
        3,
        "KSampler",
        [42, "randomize", 20, 7.5, "euler", "karras", 1],
        {"model": 1, "positive": 2, "negative": 3, "latent_image": 4},
        title="Sample",
        pos=[10, 10],
    ),
    node(4, "CheckpointLoaderSimple", ["sd.safetensors"], pos=[500, 500]),
    node(5, "EmptyLatentImage", [512, 768, 1]),
    node(6, "CLIPTextEncode", ["a cat"], {"clip": 5}),
    node(7, "CLIPTextEncode", ["blurry"], {"clip": 6}),
    links=[
        [1, 4, 0, 3, 0, "MODEL"],
        [2, 6, 0, 3, 1, "CONDITIONING"],
        [3, 7, 0, 3, 2, "CONDITIONING"],
        [4, 5, 0, 3, 3, "LATENT"],
        [5, 4, 1, 6, 0, "CLIP"],
        [6, 4, 1, 7, 0, "CLIP"],
    ],
    groups=[{"title": "Drawing", "bounding": [0, 0, 100, 100]}],
)


def link(number, origin, output, target, slot):
    return {
        "id": number,
        "origin_id": origin,
        "origin_slot": output,
        "target_id": target,
        "target_slot": slot,
        "type": "*",
    }


SUBGRAPH = window(
    node(
        1,
        "KSampler",
        [42, "fixed", 20, 7, "euler", "karras", 1],
        {"model": 1, "positive": 2, "negative": 3},
    ),
    node(2, "uuid-of-encoders", [], {"clip": 4, "words": 5}),
    node(8, "CheckpointLoaderSimple", ["sd.safetensors"]),
    node(9, "PrimitiveStringMultiline", ["from outside"]),
    links=[
        [1, 8, 0, 1, 0, "MODEL"],
        [2, 2, 0, 1, 1, "CONDITIONING"],
        [3, 2, 1, 1, 2, "CONDITIONING"],
        [4, 8, 1, 2, 0, "CLIP"],
        [5, 9, 0, 2, 1, "STRING"],
    ],
    definitions={
        "subgraphs": [
            {
                "id": "uuid-of-encoders",
                "name": "Encoders",
                "inputs": [{"id": "a", "name": "clip"}, {"id": "b", "name": "words"}],
                "outputs": [{"id": "c", "name": "yes"}, {"id": "d", "name": "no"}],
                "nodes": [
                    node(11, "CLIPTextEncode", ["hidden"], {"clip": 21, "text": 22}),
                    node(12, "CLIPTextEncode", ["bad hands"], {"clip": 23}),
                ],
                "links": [
                    link(21, -10, 0, 11, 0),
                    link(22, -10, 1, 11, 1),
                    link(23, -10, 0, 12, 0),
                    link(24, 11, 0, -20, 0),
                    link(25, 12, 0, -20, 1),
                ],
            }
        ]
    },
)


def typed(number, kind, values=(), inputs=(), outputs=(), **more):
    """Return a node of the window with types; ``inputs`` are (name, type, link, is set here)."""
    listed = [
        {"name": name, "type": of, "link": link} | ({"widget": {"name": name}} if widget else {})
        for name, of, link, widget in inputs
    ]
    given = [{"name": of, "type": of} for of in outputs]
    stored = {"inputs": listed, "outputs": given, "widgets_values": list(values)}
    return {"id": number, "type": kind, **stored, **more}


def encoder(number, text, clip=None, **more):
    inputs = [("clip", "CLIP", clip, False), ("text", "STRING", None, True)]
    return typed(number, "CLIPTextEncode", [text], inputs, ["CONDITIONING"], **more)


def drawn(*nodes, positive, negative=(7, 0), links=(), **more):
    """Return a graph with a sampler, whose prompts come from outputs of nodes, and a negative."""
    pairs = [("positive", "CONDITIONING", 90, False), ("negative", "CONDITIONING", 91, False)]
    sampler = typed(3, "KSampler", [42, "fixed", 20, 7, "euler", "karras", 1], pairs, ["LATENT"])
    own = [
        [90, *positive, 3, 0, "CONDITIONING"],
        [91, *negative, 3, 1, "CONDITIONING"],
    ]
    return window(sampler, encoder(7, "no"), *nodes, links=[*own, *links], **more)


def promoted(values, link_number=None, mode=0, **more):
    """Return a graph whose prompts come from a subgraph, which shows the text of its encoder."""
    inputs = [
        ("text", "STRING", link_number, True),
        ("before", "CONDITIONING", 50, False),
    ]
    outer = typed(2, "a-uuid", values, inputs, ["CONDITIONING"], mode=mode, **more)
    encodes = encoder(11, "inner default")
    encodes["inputs"][1]["link"] = 21
    inner = {
        "id": "a-uuid",
        "name": "Prompting",
        "inputs": [{"name": "text"}, {"name": "before"}],
        "outputs": [{"name": "CONDITIONING"}],
        "nodes": [encodes],
        "links": [link(21, -10, 0, 11, 1), link(22, 11, 0, -20, 0)],
    }
    return drawn(
        outer,
        encoder(6, "before it"),
        typed(9, "PrimitiveNode", ["from a primitive", "fixed"], (), ["STRING"]),
        positive=(2, 0),
        links=[[50, 6, 0, 2, 1, "CONDITIONING"], [51, 9, 0, 2, 0, "STRING"]],
        definitions={"subgraphs": [inner]},
    )


def named_links(*names):
    """Return a graph whose positive prompt goes through SetNode and GetNode of these names."""
    sends, gets = names
    return drawn(
        encoder(6, "yes"),
        typed(60, "SetNode", [sends], [("CONDITIONING", "CONDITIONING", 1, False)], ["*"]),
        typed(61, "GetNode", [gets], (), ["CONDITIONING"]),
        positive=(61, 0),
        links=[[1, 6, 0, 60, 0, "CONDITIONING"]],
    )


def joined(mode, kind="ConditioningConcat"):
    """Return a graph that joins two prompts, the second encoder and the joining in a mode each."""
    encodes, joins = mode
    inputs = [("to", "CONDITIONING", 1, False), ("from", "CONDITIONING", 2, False)]
    return drawn(
        encoder(6, "yes"),
        encoder(8, "and more", mode=encodes),
        typed(10, kind, [], inputs, ["CONDITIONING"], mode=joins),
        positive=(10, 0),
        links=[[1, 6, 0, 10, 0, "CONDITIONING"], [2, 8, 0, 10, 1, "CONDITIONING"]],
    )
