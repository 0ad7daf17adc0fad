"""Each program's way to tell how a picture was made."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.generation import read_generation
from tests.making.graphs import API, WINDOW

A1111 = (
    "a cat, <lora:paws:0.8>\non a mat\nNegative prompt: blurry, bäd\nworse\n"
    "Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x768, "
    'Model hash: 6ce0161689, Model: v1-5, Lora hashes: "paws: 1a, claws: 2b", '
    'Hashes: {"vae": "x", "model": "y"}, Version: v1.6.0'
)


def read(**texts):
    return read_generation(texts)


def rows(**texts):
    return dict(read(**texts).parameters)


def test_nothing_known_is_an_empty_value():
    found = read(Title="Holidays", Software="Camera 5")
    assert not found.found
    assert found.program == ""
    assert found.texts == {"Title": "Holidays", "Software": "Camera 5"}


def test_a1111():
    found = read(parameters=A1111)
    assert found.program == "A1111"
    assert found.positive == "a cat, <lora:paws:0.8>\non a mat"
    assert found.negative == "blurry, bäd\nworse"
    assert found.parameters == (
        ("Steps", "20"),
        ("Sampler", "Euler a"),
        ("Schedule type", "Karras"),
        ("CFG scale", "7"),
        ("Seed", "1"),
        ("Size", "512x768"),
        ("Model hash", "6ce0161689"),
        ("Model", "v1-5"),
        ("Lora hashes", "paws: 1a, claws: 2b"),
        ("Hashes", '{"vae": "x", "model": "y"}'),
        ("Version", "v1.6.0"),
    )
    assert found.infotext == A1111


def test_a1111_in_the_comment_of_a_jpeg():
    assert read(UserComment=A1111).positive == read(parameters=A1111).positive
    assert not read(UserComment="Taken in Rome").found


@pytest.mark.parametrize(
    ("version", "program"),
    [
        ("Version: f2.0.1v1.10.1", "Forge"),
        ("Version: ComfyUI", "ComfyUI"),
        ("App: SD.Next", "SD.Next"),
        ("Civitai resources: []", "Civitai"),
    ],
)
def test_relatives_of_a1111(version, program):
    text = f"a cat\nSteps: 2, Sampler: Euler, Seed: 3, {version}"
    assert read(parameters=text).program == program


def test_comfyui_goes_before_the_text_that_some_of_its_nodes_add():
    found = read(prompt=json.dumps(API), parameters=A1111)
    assert (found.program, found.positive) == ("ComfyUI", "a cat")
    assert found.infotext == A1111


@pytest.mark.parametrize("place", ["parameters", "UserComment", "comment"])
def test_swarmui(place):
    found = read_generation(
        {
            place: json.dumps(
                {
                    "sui_image_params": {
                        "prompt": "a cat",
                        "negativeprompt": "blurry",
                        "model": "xl",
                        "seed": 12345678901234,
                        "steps": "20",
                        "cfgscale": 7.0,
                        "width": 64,
                        "height": 32,
                        "loras": ["a", "b"],
                    },
                    "sui_extra_data": {"date": "2026-01-01"},
                }
            )
        }
    )
    assert (found.program, found.positive, found.negative) == ("SwarmUI", "a cat", "blurry")
    wanted = {"Steps": "20", "CFG scale": "7", "Seed": "12345678901234", "Size": "64x32"}
    assert wanted.items() <= dict(found.parameters).items()
    assert dict(found.parameters)["loras"] == '["a","b"]'
    assert dict(found.parameters)["date"] == "2026-01-01"


@pytest.mark.parametrize("kind", ["WanGP v8.1", "Wan2.1GP"])
def test_wangp(kind):
    settings = {
        "prompt": "a cat\na dog",
        "negative_prompt": "blurry",
        "resolution": "832x480",
        "num_inference_steps": 30,
        "guidance_scale": 5.0,
        "seed": 7,
        "model_type": "t2v",
        "type": f"{kind} by DeepBeepMeep - Wan2.1 Text2video 14B",
    }
    found = read_generation({"comment": json.dumps(settings)})
    assert (found.program, found.positive, found.negative) == ("WanGP", "a cat\na dog", "blurry")
    wanted = {"Steps": "30", "CFG scale": "5", "Seed": "7", "Size": "832x480", "Model": "t2v"}
    assert wanted.items() <= dict(found.parameters).items()
    assert (found.prompt, found.problems) == ("", ())


def test_invokeai():
    found = read(
        invokeai_metadata=json.dumps(
            {
                "positive_prompt": "a cat",
                "negative_prompt": "blurry",
                "seed": 7,
                "steps": 30,
                "cfg_scale": 7.5,
                "scheduler": "euler",
                "width": 64,
                "height": 32,
                "model": {"name": "xl", "hash": "blake3:1", "base": "sdxl"},
                "vae": None,
                "loras": [],
            }
        )
    )
    assert (found.program, found.positive, found.negative) == ("InvokeAI", "a cat", "blurry")
    wanted = {"Model": "xl", "Model hash": "blake3:1", "Sampler": "euler", "Size": "64x32"}
    assert wanted.items() <= dict(found.parameters).items()
    assert "vae" not in dict(found.parameters)


def test_invokeai_of_version_2():
    image = {"prompt": [{"prompt": "a cat [blurry]", "weight": 1}], "steps": 50, "sampler": "k_lms"}
    found = read(**{"sd-metadata": json.dumps({"model_weights": "sd-1.4", "image": image})})
    assert (found.program, found.positive, found.negative) == ("InvokeAI", "a cat", "blurry")
    wanted = {"Steps": "50", "Sampler": "k_lms", "Model": "sd-1.4"}
    assert wanted.items() <= dict(found.parameters).items()


def test_invokeai_of_its_beginnings():
    found = read(Dream='"a \\"cat\\" [blurry]" -s50 -S123 -W512 -H768 -C7.5 -A k_lms')
    assert (found.positive, found.negative) == ('a \\"cat\\"', "blurry")
    assert dict(found.parameters) == {
        "Steps": "50",
        "Size": "512x768",
        "Seed": "123",
        "CFG scale": "7.5",
        "Sampler": "k_lms",
    }


NOVELAI = {
    "prompt": "a cat",
    "uc": "blurry",
    "steps": 28,
    "scale": 5.5,
    "sampler": "k_euler",
    "seed": 3,
    "width": 832,
    "height": 1216,
}


def test_novelai_in_texts_and_hidden_in_pixels():
    texts = {
        "Title": "AI generated image",
        "Description": "a cat",
        "Software": "NovelAI",
        "Source": "NovelAI Diffusion V3",
        "Comment": json.dumps(NOVELAI),
    }
    found = read_generation(texts)
    assert (found.program, found.positive, found.negative) == ("NovelAI", "a cat", "blurry")
    wanted = {"CFG scale": "5.5", "Size": "832x1216", "Model": "NovelAI Diffusion V3"}
    assert wanted.items() <= dict(found.parameters).items()
    hidden = read_generation({"stealth_pngcomp": json.dumps(texts)})
    assert hidden.parameters == found.parameters
    assert hidden.positive == "a cat"


def test_novelai_of_version_4_has_a_prompt_for_each_character():
    caption = {"base_caption": "two cats", "char_captions": [{"char_caption": "a black one"}]}
    values = {"uc": "x", "v4_prompt": {"caption": caption}, "v4_negative_prompt": {"caption": 5}}
    found = read(Software="NovelAI", Comment=json.dumps(values))
    assert (found.positive, found.negative) == ("two cats\na black one", "x")


def test_a1111_hidden_in_pixels():
    assert read(stealth_rgbinfo=A1111).negative == "blurry, bäd\nworse"


@pytest.mark.parametrize("stored", [json.dumps, lambda graph: graph])
def test_graphs_hidden_in_pixels_are_texts_or_objects(stored):
    hidden = {"prompt": stored(API), "workflow": stored(WINDOW), "layout": stored({"zoom": 2})}
    found = read(stealth_pngcomp=json.dumps(hidden))
    assert json.loads(found.prompt) == API
    assert json.loads(found.workflow) == WINDOW
    assert found.positive == "a cat"
    assert dict(found.extra) == {"layout": '{"zoom":2}'}


FOOOCUS = {
    "prompt": "a cat",
    "negative_prompt": "blurry",
    "resolution": "(896, 1152)",
    "base_model": "xl",
    "base_model_hash": "abc",
    "steps": 30,
    "metadata_scheme": "fooocus",
}


@pytest.mark.parametrize(
    "texts",
    [
        {"fooocus_scheme": "fooocus", "parameters": json.dumps(FOOOCUS)},
        {
            "Software": "Fooocus v2.5",
            "MakerNote": "fooocus",
            "UserComment": json.dumps(FOOOCUS),
        },
    ],
)
def test_fooocus(texts):
    found = read_generation(texts)
    assert (found.program, found.positive, found.negative) == ("Fooocus", "a cat", "blurry")
    assert dict(found.parameters) == {
        "Steps": "30",
        "Size": "896x1152",
        "Model": "xl",
        "Model hash": "abc",
    }


def test_fooocus_in_the_way_of_a1111():
    found = read(fooocus_scheme="a1111", parameters=A1111)
    assert (found.program, found.negative) == ("Fooocus", "blurry, bäd\nworse")


@pytest.mark.parametrize(
    "keys",
    [
        ("prompt", "negative_prompt", "num_inference_steps", "use_stable_diffusion_model"),
        ("Prompt", "Negative Prompt", "Steps", "Stable Diffusion model"),
    ],
)
def test_easy_diffusion(keys):
    values = dict(zip(keys, ("a cat", "blurry", "25", "sd-v1-5"), strict=True))
    for texts in (values, {"UserComment": json.dumps(values)}):
        found = read_generation(texts)
        assert (found.program, found.positive) == ("Easy Diffusion", "a cat")
        assert found.negative == "blurry"
        assert dict(found.parameters) == {"Steps": "25", "Model": "sd-v1-5"}
        assert found.prompt == ""


def test_halves_of_surrogate_pairs_are_replaced():
    comment = '{"uc": "\\ud83d", "prompt": "\\ude00 \\ud83d\\ude00"}'
    found = read(Comment=comment, Software="NovelAI")
    assert (found.positive, found.negative) == ("\ufffd 😀", "\ufffd")


NAMES = st.sampled_from(
    [
        "parameters",
        "UserComment",
        "prompt",
        "workflow",
        "Comment",
        "Description",
        "Software",
        "invokeai_metadata",
        "sd-metadata",
        "Dream",
        "fooocus_scheme",
        "MakerNote",
        "negative_prompt",
        "stealth_pnginfo",
    ]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = st.sampled_from(
    [
        "prompt",
        "uc",
        "sui_image_params",
        "image",
        "model",
        "width",
        "height",
        "v4_prompt",
        "caption",
        "char_captions",
        "vae",
        "resolution",
        "positive_prompt",
        "num_inference_steps",
        "sui_extra_data",
    ]
)
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5)
)
INFOTEXTS = st.text(
    st.sampled_from('ab1:,"{[]}\\\n ') | st.characters(codec="utf-8"), max_size=80
).map(lambda text: f"x\nSteps: 1, {text}")


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, VALUES.map(json.dumps) | INFOTEXTS | st.just("NovelAI"), max_size=6))
def test_any_texts_are_read_and_can_be_stored(texts):
    found = read_generation(texts)
    for text in (found.positive, found.negative, found.infotext, found.workflow, found.prompt):
        assert text.encode() is not None
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in found.parameters)


@pytest.mark.parametrize("place", ["UserComment", "comment", "metadata"])
@pytest.mark.parametrize("form", [json.dumps, lambda graph: graph], ids=["texts", "objects"])
def test_both_graphs_in_one_text(place, form):
    said = json.dumps({"prompt": form(API), "workflow": form(WINDOW), "CreationTime": "now"})
    found = read(**{place: said, "description": said})
    assert (json.loads(found.prompt), json.loads(found.workflow)) == (API, WINDOW)
    assert found.extra == {}
