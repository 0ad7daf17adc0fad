"""Metadata out of pictures, JSON files and other models, and what ComfyUI makes of them."""

import json
import struct

import pytest
from safetensors import safe_open

from tests.cli.files import small_file
from tests.making import media
from tests.making.graphs import API, WINDOW
from tests.making.pictures import comment, jpeg, png, text, tiff, webp

INFOTEXT = "a cat\nSteps: 20, Sampler: Euler a, Seed: 1"


@pytest.fixture
def model(tmp_path):
    return small_file(tmp_path / "model.safetensors", {"author": "me"})


@pytest.fixture
def picture(tmp_path):
    """A picture as ComfyUI saves it."""
    path = tmp_path / "picture.png"
    path.write_bytes(png(text("prompt", json.dumps(API)), text("workflow", json.dumps(WINDOW))))
    return path


def stored(path):
    with safe_open(path, "np") as file:
        return file.metadata()


def dropped(path):
    """Return the metadata as ComfyUI's window reads them from a dropped file."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 0)
    return json.loads(data[8 : 8 + length])["__metadata__"]


def test_a_graph_comes_from_a_picture_and_comfyui_opens_it(cli, model, picture):
    result = cli("meta", "import", model, "--image", picture, "--json")
    assert result.code == 0, result.err
    assert result.json["metadata"].keys() == {"author", "workflow", "prompt"}
    for metadata in (stored(model), dropped(model)):
        assert json.loads(metadata["workflow"]) == WINDOW
        nodes = json.loads(metadata["prompt"])
        assert nodes == API
        assert all(
            node["class_type"] and isinstance(node["inputs"], dict) for node in nodes.values()
        )
        assert metadata["author"] == "me"


GRAPHS = {"prompt": json.dumps(API), "workflow": json.dumps(WINDOW)}
BOTH = json.dumps({"prompt": GRAPHS["prompt"], "workflow": WINDOW})


@pytest.mark.parametrize(
    "data",
    [
        media.mp4(media.mdta(GRAPHS)),
        media.mp4(media.box(b"udta", media.itunes((b"\xa9cmt", [media.data_box(BOTH)])))),
        media.mkv(media.tags({"COMMENT": BOTH})),
        media.flac(GRAPHS),
        media.svg(json.dumps({"prompt": API, "workflow": WINDOW})),
    ],
    ids=["SaveVideo", "VideoHelperSuite mp4", "VideoHelperSuite mkv", "SaveAudio", "SaveSVG"],
)
def test_a_graph_comes_from_a_video_a_sound_or_a_drawing(cli, model, tmp_path, data):
    path = tmp_path / "made"
    path.write_bytes(data)
    result = cli("meta", "import", model, "--image", path, "--json")
    assert result.code == 0, result.err
    assert json.loads(stored(model)["workflow"]) == WINDOW
    assert json.loads(stored(model)["prompt"]) == API


def test_a_video_without_a_graph_is_refused_with_a_reason(cli, model, tmp_path):
    path = tmp_path / "holiday.mp4"
    path.write_bytes(media.mp4())
    refused = cli("meta", "import", model, "--image", path)
    assert refused.code == 1
    assert "holiday.mp4 does not say how it was made" in refused.err


def test_the_tensors_stay(cli, model, picture):
    with safe_open(model, "np") as file:
        before = file.get_tensor("layer.weight").tobytes()
    assert cli("meta", "import", model, "--image", picture).code == 0
    with safe_open(model, "np") as file:
        assert file.get_tensor("layer.weight").tobytes() == before


@pytest.mark.parametrize(
    "data",
    [
        png(text("parameters", INFOTEXT)),
        jpeg(exif=comment(INFOTEXT)),
        webp(comment(INFOTEXT, b"ASCII\0\0\0", "utf-8")),
    ],
    ids=["png", "jpeg", "webp"],
)
def test_a_text_of_a1111_is_stored_as_comfyui_reads_it(cli, model, tmp_path, data):
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert cli("meta", "import", model, "--image", path).code == 0
    parameters = dropped(model)["parameters"]
    assert "\nNegative prompt:" in parameters
    assert "\nSteps:" in parameters


def test_only_some_keys_or_all_of_them(cli, model, picture):
    assert cli("meta", "import", model, "--image", picture, "--only", "prompt").code == 0
    assert stored(model).keys() == {"author", "prompt"}
    hint = "modelspec.usage_hint"
    assert cli("meta", "import", model, "--image", picture, "--only", hint).code == 0
    assert stored(model)[hint] == "a cat"
    assert cli("meta", "import", model, "--image", picture, "--all").code == 0
    assert stored(model).keys() == {"author", "prompt", "workflow", "parameters", hint}
    refused = cli("meta", "import", model, "--image", picture, "--only", "nothing")
    assert refused.code == 1
    assert "offers no key ‘nothing’" in refused.err


def test_what_is_taken_only_when_it_is_named_is_said(cli, model, tmp_path):
    path = tmp_path / "prompt.png"
    path.write_bytes(png(text("parameters", "just a prompt")))
    before = model.read_bytes()
    refused = cli("meta", "import", model, "--image", path)
    assert refused.code == 1
    assert "offers modelspec.usage_hint, which is taken only when it is named" in refused.err
    assert model.read_bytes() == before
    hint = ("--only", "modelspec.usage_hint")
    assert cli("meta", "import", model, "--image", path, *hint).code == 0
    assert stored(model)["modelspec.usage_hint"] == "just a prompt"


def test_json_files_and_texts(cli, model, tmp_path):
    path = tmp_path / "file"
    path.write_text(json.dumps(WINDOW), "utf-8-sig")
    assert cli("meta", "import", model, "--json-file", path).code == 0
    assert json.loads(stored(model)["workflow"]) == WINDOW
    path.write_text(INFOTEXT, "utf-8")
    assert cli("meta", "import", model, "--json-file", path).code == 0
    assert stored(model)["parameters"].startswith("a cat\n")
    path.write_text('{"license": "free"}', "utf-8")
    assert cli("meta", "import", model, "--json-file", path).code == 0
    assert stored(model)["license"] == "free"


def test_what_another_model_says_of_its_own_tensors_stays_there(cli, model, tmp_path):
    metadata = {"format": "pt", "license": "free", "modelspec.architecture": "flux-1-dev"}
    other = small_file(tmp_path / "other.safetensors", metadata)
    assert cli("meta", "import", model, "--from", other).code == 0
    assert stored(model) == {"author": "me", "license": "free"}
    assert cli("meta", "import", model, "--from", other, "--all").code == 0
    assert stored(model) == {"author": "me", **metadata}


def test_a_dry_run_shows_it_and_writes_nothing(cli, model, picture):
    before = model.read_bytes()
    result = cli("meta", "import", model, "--image", picture, "--dry-run", "--json")
    assert json.loads(result.json["metadata"]["workflow"]) == WINDOW
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "source", "word"),
    [
        ("--image", b"GIF89a", "GIF"),
        ("--image", png(), "does not say how it was made"),
        ("--image", jpeg(exif=tiff([(0x010F, 2, b"Nikon\0")])), "does not say how it was made"),
        ("--json-file", b"[1]", "holds neither"),
        ("--json-file", b"{", "not valid JSON"),
        ("--json-file", b"\xff\xfe\xfa", "no text in UTF-8"),
        ("--json-file", b"", "empty"),
        ("--json-file", b" \n", "empty"),
        ("--json-file", b"<!doctype html>", "web page"),
        ("--from", b"junk", "file"),
    ],
)
def test_what_has_nothing_to_offer_is_refused(cli, model, option, source, word):
    path = model.with_name("file")
    path.write_bytes(source)
    result = cli("meta", "import", model, option, path, "--json")
    assert result.code == 1
    assert result.json["error"]["kind"] == "format"
    assert word in result.json["error"]["message"]
    assert result.json["error"]["hint"]
    assert stored(model) == {"author": "me"}


def test_what_is_wrong_with_a_picture_is_said(cli, model, tmp_path):
    path, out = tmp_path / "damaged.png", tmp_path / "new.safetensors"
    path.write_bytes(png(text("prompt", json.dumps(API)), text("workflow", '{"nodes": [')))
    for call in (("meta", "import", model), ("convert", model, "-o", out)):
        result = cli(*call, "--image", path, "--json")
        assert result.code == 0
        (problem,) = (one for one in result.json["problems"] if "damaged.png" in one["message"])
        assert problem["severity"] == "warning"
        assert "‘workflow’ cannot be used" in problem["message"]
    assert "‘workflow’ cannot be used" in cli("meta", "import", model, "--image", path).out


def test_exactly_one_source_has_to_be_named(cli, model, picture):
    assert cli("meta", "import", model).code == 2
    assert cli("meta", "import", model, "--image", picture, "--from", model).code == 2


def test_a_new_checkpoint_gets_the_graph_of_a_picture(cli, sd15_parts, picture, tmp_path):
    out = tmp_path / "new.safetensors"
    call = ("save", *sd15_parts.options, "-o", out, "--image", picture, "--dry-run", "--json")
    metadata = cli(*call).json["metadata"]
    assert json.loads(metadata["prompt"]) == API
    assert json.loads(metadata["workflow"]) == WINDOW
    own = cli(*call, "--prompt", "{}", "--set", "workflow=").json["metadata"]
    assert own["prompt"] == "{}"
    assert "workflow" not in own
    assert (
        json.loads(cli(*call, "--extra-pnginfo", '{"a": 1}').json["metadata"]["workflow"]) == WINDOW
    )


def test_a_converted_file_gets_them_too(cli, model, picture, tmp_path):
    out = tmp_path / "new.safetensors"
    assert cli("convert", model, "-o", out, "--image", picture).code == 0
    assert json.loads(dropped(out)["workflow"]) == WINDOW
    assert stored(out)["author"] == "me"


def test_a_picture_that_says_nothing_stops_a_save(cli, model, tmp_path):
    path, out = tmp_path / "empty.png", tmp_path / "new.safetensors"
    path.write_bytes(png())
    result = cli("convert", model, "-o", out, "--image", path)
    assert result.code == 1
    assert "does not say how it was made" in result.err
    assert not out.exists()
