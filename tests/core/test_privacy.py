"""What is private in metadata, and that cleaning takes just that out."""

import json
import time

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
        (r"C:\Users\O'Brien\x.pt", "x.pt"),
        ("/home/o'brien/x.pt", "x.pt"),
        (r"C:\my, models\secret client\x.pt", "x.pt"),
        (r"from C:\my, models\secret client\x.pt today", "from x.pt today"),
        ("/home/ana/secret client/training set", "training set"),
        ("from '/home/ana/secret client, the 2nd/set' on", "from 'set' on"),
        ("made from /home/ana/secret client/x.pt today", "made from x.pt today"),
        ("//nas/share/x.pt", "x.pt"),
        ("file:///home/ana/x.pt", "x.pt"),
        ("file:///C:/Users/ana/x.pt", "x.pt"),
        ("/c/Users/ana/x.pt", "x.pt"),
        ("/cygdrive/c/models/x.pt", "x.pt"),
        ("/private/var/folders/zz", "zz"),
        ("/Applications/ComfyUI/models/x.pt", "x.pt"),
        ("/Library/Client/x", "x"),
        ("/nix/store/abc/x", "x"),
        ("/ssd/client/models/x.pt", "x.pt"),
        ("/storage/client/x.pt", "x.pt"),
        ("/runpod-volume/x.pt", "x.pt"),
        ("path:/home/ana/out", "path:out"),
        ("--outdir=/home/ana/out --x", "--outdir=out --x"),
        ("%USERPROFILE%\\models\\x.pt", "x.pt"),
        ("$HOME/models/x.pt", "x.pt"),
        ("~ana/models/x.pt", "x.pt"),
        ("/home/ana/a.pt;/home/ana/b.pt, /ssd/c/d.pt", "a.pt;b.pt, d.pt"),
        ("see (/home/ana/x.pt).", "see (x.pt)."),
        (
            "I trained on /home/ana/data and then on Kaggle with 1/2 rate",
            "I trained on data and then on Kaggle with 1/2 rate",
        ),
        (
            "/home/ana/data and then on Kaggle with 1/2 rate",
            "data and then on Kaggle with 1/2 rate",
        ),
        (r"C:\Users\ana\x.pt and C:\Users\bob\y.pt", "x.pt and y.pt"),
        ("home is /home/ana", "home is user"),
        (r"C:\Users\ana and more text", "user and more text"),
        ("/home/ana/models are in a/b", "models are in a/b"),
        ("/home/ana/ana.pt", "user.pt"),
        ("client A\n/ssd/secret client/x.pt\nend", "client A\nx.pt\nend"),
        ("write to ana@example.org please", "write to  please"),
        (
            "made from /home/ana/secret client/training set one/x.safetensors today",
            "made from x.safetensors today",
        ),
        ("on /home/ana/My Secret Client Project/lora.pt and more", "on lora.pt and more"),
        ("see /mnt/big disk/Secret Client GmbH/set/a.png, then rest", "see a.png, then rest"),
        ("from /Users/Ana Maria Smith/loras/x.safetensors.", "from x.safetensors."),
        ("from /media/ana/My Passport/secret client/set one.", "from set one."),
        ("from /Volumes/My Disk/secret client/set.\nThe end", "from set.\nThe end"),
        ("I used /home/ana/data and config in conf/x.txt", "I used data and config in conf/x.txt"),
        (
            "I used /home/ana/data, like notes or more/x.txt",
            "I used data, like notes or more/x.txt",
        ),
        ("my /mnt/data supports read/write", "my data supports read/write"),
        ("I use /mnt/data on Linux/Windows", "I use data on Linux/Windows"),
        (
            "I use /mnt/data under Linux/Windows today again",
            "I use data under Linux/Windows today again",
        ),
        ("I used /home/ana/data for 1/2 of it", "I used data for 1/2 of it"),
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
        "http://localhost:8188/view/a/b.png",
        "// a comment about a/b",
        "//example.com/images/a/b.png",
        "<lora:people/ana:1> __clothes/hats__",
        "12/05/2024, image/png, 10/20 steps",
        r"\\d+\\w+ and ^/(a|b)/c/d$",
        "data:image/png;base64,/9j/4AAQ/SkZJRgABAQ/AAAQ==",
        "/9j/4AAQSkZJRgABAQ/AAAQ/abc",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert find_private({"note": text}) == ()


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("modelspec.usage_hint", PrivateKind.PROMPT),
        ("Comment", PrivateKind.PROMPT),
        ("ss_training_comment", PrivateKind.PROMPT),
        ("ss_bucket_info", PrivateKind.DATASET),
    ],
)
def test_keys_that_hold_prompts_and_datasets_under_other_names_are_found(key, kind):
    assert [(f.key, f.kind) for f in find_private({key: "a cat"})] == [(key, kind)]


NAMES = (
    st.text("abcXYZ09 ,'éß-_()", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda name: name[:1].isalnum() and name[-1:].isalnum())
)


@given(
    user=st.from_regex("[q][a-z' ]{2,8}[q]", fullmatch=True),
    folders=st.lists(NAMES, max_size=4),
    style=st.sampled_from(["C:\\Users\\{}", "D:/Users/{}", "/home/{}", "/c/Users/{}", "~/home/{}"]),
    frame=st.sampled_from(["{}", '{{"a b": {}}}', "one\n{}\ntwo", "trained on “{}”, 1/2 of it"]),
)
def test_no_user_or_folder_is_left_of_a_path_and_the_text_around_it_stays(
    user, folders, style, frame
):
    separator = "\\" if "\\" in style else "/"
    path = separator.join((style.format(user), *folders, "model.safetensors"))
    as_text, name = path, "model.safetensors"
    if "{{" in frame:
        as_text, name = json.dumps(path), json.dumps(name)
    assert cleaned({"note": frame.format(as_text)}) == {"note": frame.format(name)}


@given(
    user=st.from_regex("q[a-z]{1,4}'?[a-z]{1,4}q", fullmatch=True),
    before=st.sampled_from(["", "from ", "a=", "1/2 of (", "path:"]),
    after=st.sampled_from(["", " and then 1/2", ") is it", ", or b/c", ". End"]),
)
def test_a_path_in_prose_goes_and_the_prose_stays(user, before, after):
    text = f"see {before}/home/{user}/set{after}"
    assert cleaned({"note": text}) == {"note": f"see {before}set{after}"}


@pytest.mark.parametrize(
    "unit",
    [
        "/home/a ",
        "=/a",
        "'/a'b",
        "“/a/b/c ",
        "C:\\a b",
        "\\\\",
        "/home/a)))",
        "a/",
        "~a",
        "/x y.pt\n",
        "/home/a b c d e f/",
        "/home/A b c d e f ",
        "/mnt/A B/c ",
        ", (",
    ],
)
def test_long_texts_made_to_be_slow_take_about_a_second(unit):
    started = time.perf_counter()
    find_private({"note": unit * (200_000 // len(unit)) + "!"})
    assert time.perf_counter() - started < 5


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
