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
