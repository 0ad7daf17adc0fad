"""What can be imported is known by its content, whatever its name."""

import json

import pytest

from ckpt_studio.core.errors import FormatError
from ckpt_studio.engine import import_media, read_import
from tests.cli.files import small_file
from tests.making.graphs import API, WINDOW
from tests.making.pictures import chunk, jpeg, png, text, webp


def keys(imported):
    return [proposal.key for proposal in imported.proposals]


def test_pictures_texts_and_models_are_told_apart_by_content(tmp_path):
    path = tmp_path / "anything"
    for data, wanted in (
        (png(text("prompt", json.dumps(API))), "prompt"),
        (b"\xef\xbb\xbf \n" + json.dumps(WINDOW).encode(), "workflow"),
        (b"a cat\nSteps: 1, Sampler: b, Seed: 2", "parameters"),
    ):
        path.write_bytes(data)
        assert keys(read_import(path, {}))[0] == wanted
    model = small_file(tmp_path / "model.safetensors", {"license": "free"})
    assert keys(read_import(model, {"license": "old"})) == ["license"]
    assert read_import(model, {"license": "old"}).proposals[0].replaces == "old"


def test_a_picture_from_the_clipboard_has_no_name():
    imported = read_import(png(text("prompt", json.dumps(API))), {})
    assert imported.name == "the picture"
    assert imported.info.program == "ComfyUI"
    assert imported.media.places["prompt"] == "tEXt"


@pytest.mark.parametrize("data", [png(), jpeg(), webp()])
def test_a_picture_without_texts_offers_nothing_and_can_be_a_thumbnail(data):
    imported = import_media(data, {})
    assert imported.proposals == ()
    assert imported.media.width > 0


def test_prompts_without_settings_are_offered_as_they_are():
    said = "a cat\nNegative prompt: bad"
    offered = import_media(png(text("parameters", said)), {}).proposals
    assert (offered[0].key, offered[0].value, offered[0].ticked) == ("parameters", said, True)
    assert "builds a graph" not in offered[0].note


def test_what_is_wrong_with_a_picture_is_passed_on():
    damaged = png(text("prompt", json.dumps(API)), text("workflow", "{"), chunk(b"zTXt", b"x"))
    sentences = " ".join(problem.message for problem in import_media(damaged, {}).problems)
    assert "zTXt" in sentences
    assert "‘workflow’ cannot be used" in sentences


A1111 = "a cat\nNegative prompt: x\nSteps: 1, Sampler: b, Seed: 2"


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("x.gif", b"GIF89a\1\0\1\0\0\0\0;", "a GIF picture"),
        ("x.avi", b"RIFF\x24\0\0\0AVI LIST", "an AVI video"),
        ("x.wav", b"RIFF\x24\0\0\0WAVEfmt ", "a WAV sound"),
        ("x.mp4", b"\1\2\3\0" * 9, "no picture, video or sound that can be read"),
        ("x.bmp", b"BM" + bytes(60), "a BMP picture"),
        ("x.tif", b"II*\0" + bytes(60), "a TIFF picture"),
        ("x.xml", b'<?xml version="1.0"?>\n<a></a>', "an XML text"),
        ("x.jpg", b"\n<!DOCTYPE html><html></html>", "a web page"),
        ("x.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:aa", "Git LFS pointer"),
        ("x.png", b"", "empty"),
        ("x.png", bytes(600), "filled with zeros"),
        ("x.png", b"\x01\x02\x03\0" * 9, "no picture, video or sound that can be read"),
        ("x.txt", b"just a prompt", "a text without prompts or settings"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_content(tmp_path, name, data, what):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FormatError) as refused:
        read_import(path, {})
    assert refused.value.message.startswith(f"{name} is ")
    assert what in refused.value.message
    assert "Choose" in refused.value.hint or "itself" in refused.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("said", [A1111, '{"license": "free"}'])
def test_texts_are_read_in_the_ways_that_editors_store_them(tmp_path, encoding, said):
    path = tmp_path / "said.txt"
    path.write_bytes(said.encode(encoding))
    assert keys(read_import(path, {}))[0] == ("parameters" if said is A1111 else "license")


def test_a_model_with_the_name_of_a_picture_is_read(tmp_path):
    model = small_file(tmp_path / "model.png", {"license": "free"})
    assert keys(read_import(model, {})) == ["license"]


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "file"
    for data in (b"", b"\0" * 99, b"just words", b"\xff\xfe\xfa", b"{" * (17 << 20)):
        path.write_bytes(data)
        with pytest.raises(FormatError):
            read_import(path, {})
    with pytest.raises(FormatError, match="does not exist"):
        read_import(tmp_path / "nothing", {})
