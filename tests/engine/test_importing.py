"""What can be imported is known by its content, whatever its name."""

import json

import pytest

from ckpt_studio.core.errors import FormatError
from ckpt_studio.engine import import_picture, read_import
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
    assert imported.picture.places["prompt"] == "tEXt"


@pytest.mark.parametrize("data", [png(), jpeg(), webp()])
def test_a_picture_without_texts_offers_nothing_and_can_be_a_thumbnail(data):
    imported = import_picture(data, {})
    assert imported.proposals == ()
    assert imported.picture.width > 0


def test_prompts_without_settings_are_offered_as_they_are():
    said = "a cat\nNegative prompt: bad"
    offered = import_picture(png(text("parameters", said)), {}).proposals
    assert (offered[0].key, offered[0].value, offered[0].ticked) == ("parameters", said, True)
    assert "builds a graph" not in offered[0].note


def test_what_is_wrong_with_a_picture_is_passed_on():
    damaged = png(text("prompt", json.dumps(API)), text("workflow", "{"), chunk(b"zTXt", b"x"))
    sentences = " ".join(problem.message for problem in import_picture(damaged, {}).problems)
    assert "zTXt" in sentences
    assert "‘workflow’ cannot be used" in sentences


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "file"
    for data in (b"", b"\0" * 99, b"just words", b"\xff\xfe\xfa", b"{" * (17 << 20)):
        path.write_bytes(data)
        with pytest.raises(FormatError):
            read_import(path, {})
    with pytest.raises(FormatError, match="does not exist"):
        read_import(tmp_path / "nothing", {})
