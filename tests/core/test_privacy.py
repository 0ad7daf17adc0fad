"""What is private in metadata, and that cleaning takes just that out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.editing.privacy import PrivateKind, cleaning, find_private
from ckpt_studio.core.json_values.json_strings import replace_in_strings, strings_in
from ckpt_studio.core.metadata import Metadata, apply_all


def cleaned(metadata: Metadata) -> Metadata:
    return apply_all(cleaning(metadata, find_private(metadata)), metadata)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (r"C:\Users\ana\models\sdxl.safetensors", "sdxl.safetensors"),
        ("D:/models/My Model.safetensors", "My Model.safetensors"),
        (r"\\nas\share\sd\vae.pt", "vae.pt"),
        ("/home/ana/ComfyUI/models/x.ckpt", "x.ckpt"),
        ("~/models/x.ckpt", "x.ckpt"),
        ("/Volumes/Disk/train/", "train"),
        ("made from /mnt/a/b.safetensors", "made from b.safetensors"),
        ("write to ana@example.org please", "write to  please"),
    ],
)
def test_paths_and_addresses_are_shortened(text, left):
    assert cleaned({"note": text}) == {"note": left}


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/data/model",
        "a (red:1.2) car, 1/2, and/or",
        "ratio 16:9",
        "model.diffusion_model.input_blocks",
        "v1.0@beta",
        "and/home/or",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert find_private({"note": text}) == ()


def test_a_user_name_is_known_from_paths_and_found_in_other_keys():
    metadata = {"ss_vae_name": "/home/marta/vae.pt", "author": "Marta", "about": "martagon lily"}
    found = find_private(metadata)
    assert [(f.key, f.kind) for f in found] == [
        ("ss_vae_name", PrivateKind.PATH),
        ("author", PrivateKind.USER),
    ]
    assert cleaned(metadata) == {
        "ss_vae_name": "vae.pt",
        "author": "user",
        "about": "martagon lily",
    }


def test_datasets_and_prompts_go_as_a_whole_and_only_when_ticked():
    metadata = {"ss_dataset_dirs": '{"10_ana": {}}', "prompt": "{}", "ss_epoch": "3"}
    prompt_only = [f for f in find_private(metadata) if f.kind is PrivateKind.PROMPT]
    assert apply_all(cleaning(metadata, prompt_only), metadata) == {
        "ss_dataset_dirs": '{"10_ana": {}}',
        "ss_epoch": "3",
    }
    assert cleaned(metadata) == {"ss_epoch": "3"}


def test_json_around_a_path_is_kept_to_the_letter():
    inner = json.dumps({"file": "C:\\Users\\ana\\x.png\nnext", "n": 1.0})
    value = (
        '{ "a":1.50,  "big": 123456789012345678901234567890, "inner": ' + json.dumps(inner) + "}"
    )
    result = cleaned({"graph": value})["graph"]
    assert result.startswith('{ "a":1.50,  "big": 123456789012345678901234567890, "inner": ')
    assert json.loads(json.loads(result)["inner"]) == {"file": "x.png\nnext", "n": 1.0}


def test_keys_that_loaders_need_and_pictures_are_kept():
    metadata = {
        "config": '{"path": "/home/ana/x"}',
        "modelspec.thumbnail": "data:image/png;base64,/home/ana/",
    }
    assert find_private(metadata) == ()


def test_a_value_of_which_nothing_is_left_goes_with_its_key():
    assert cleaned({"contact": "ana@example.org"}) == {}


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_unchanged_strings_leave_the_value_to_the_letter(value):
    text = json.dumps([value])
    assert replace_in_strings(text, lambda part: part) == text
    assert all(isinstance(part, str) for part in strings_in(text))
