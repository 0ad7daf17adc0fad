"""Diffusers folders on the disk: written from a checkpoint, and opened again as what they are."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.architecture import use_families_from
from ckpt_studio.core.recipe import Assemble, Convert, EditMetadata, Layout, Output
from ckpt_studio.engine import open_checkpoint, plan, write
from ckpt_studio.formats.tokenizers import tokenizer_texts
from tests.core.test_diffusers_folder import folder, tables_of
from tests.making.sparse import sparse_file

DOCS = Path(__file__).parents[2] / "docs"


def made_folder(place, name):
    """Write the diffusers folder of a family, without the bytes of its tensors."""
    planned = folder(name)
    for file, table in tables_of(planned).items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        sparse_file(place / file, table)
    for file, text in planned.texts.items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(text)
    return place


@pytest.mark.parametrize(
    "name", ["sdxl", "sdxl_vpred_zsnr", "sdxl_edm_vpred", "sdxl_playground25", "sd21_v", "sd20"]
)
def test_how_a_model_predicts_is_in_the_folder(tmp_path, name):
    opened = open_checkpoint(made_folder(tmp_path / "model", name))
    assert opened.recognition.architecture == name
    assert "the scheduler of the folder is that of" in opened.recognition.evidence[-1]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"prediction_type": ["v"]}', '{"prediction_type": "of its own"}', "[" * 9999],
)
def test_a_scheduler_that_says_nothing_tells_nothing(tmp_path, text):
    place = made_folder(tmp_path / "model", "sdxl_vpred")
    (place / "scheduler/scheduler_config.json").write_text(text)
    assert open_checkpoint(place).recognition.architecture == "sdxl"


@pytest.fixture
def tiny(tmp_path):
    page = (DOCS / "adding-a-family.md").read_text(encoding="utf-8")
    text = re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]
    (tmp_path / "families").mkdir()
    (tmp_path / "families/tiny_dit.toml").write_text(text, encoding="utf-8")
    use_families_from(tmp_path / "families")
    yield sparse_file(tmp_path / "tiny.safetensors", tiny_table())
    use_families_from(None)


def tiny_table(blocks=2):
    made = {"patch_in.weight": (64, 16), "patch_in.bias": (64,)}
    made |= {"patch_out.weight": (16, 64), "patch_out.bias": (16,)}
    for block in range(blocks):
        head = f"blocks.{block}."
        made |= {f"{head}attn.{name}.weight": (64, 64) for name in "qkvo"}
        made |= {f"{head}attn.{name}.bias": (64,) for name in "qkvo"}
        made |= {f"{head}mlp.{name}.weight": (256, 64) for name in ("up", "gate")}
        made |= {f"{head}mlp.down.weight": (64, 256), f"{head}scale": (6, 64)}
    return {name: ("F32", shape) for name, shape in made.items()}


def values(path):
    """The values of every tensor of a file."""
    made = open_checkpoint(path).checkpoint
    data = path.read_bytes()
    return {
        name: np.frombuffer(data, "<f4", tensor.parameters, tensor.offset)
        for name, tensor in made.tensors.items()
    }


def fill(path):
    """Give every number of a sparse file a value of its own."""
    start = min(tensor.offset for tensor in open_checkpoint(path).checkpoint.tensors.values())
    count = (path.stat().st_size - start) // 4
    with path.open("r+b") as file:
        file.seek(start)
        file.write(np.arange(count, dtype="<f4").tobytes())
    return path


def test_a_folder_is_written_and_gives_every_value_back(tiny, tmp_path):
    fill(tiny)
    place = tmp_path / "model"
    report = write(plan(Convert(tiny, output=Output(path=place, layout=Layout.DIFFUSERS))))
    weights = place / "transformer/diffusion_pytorch_model.safetensors"
    assert weights in {file.path for file in report.files}
    config = json.loads((place / "transformer/config.json").read_text())
    assert (config["num_layers"], config["in_channels"]) == (2, 16)
    index = json.loads((place / "model_index.json").read_text())
    assert index["transformer"] == ["diffusers", "TinyTransformer2DModel"]
    back = tmp_path / "back.safetensors"
    recipe = Assemble(base=place, allow_missing=True, output=Output(path=back))
    write(plan(recipe))
    again = {name.removeprefix("model.diffusion_model."): v for name, v in values(back).items()}
    before = values(tiny)
    assert again.keys() == before.keys()
    assert all((again[name] == value).all() for name, value in before.items())
    assert (values(weights)["layers.1.attn.to_q.weight"] == before["blocks.1.attn.q.weight"]).all()


def test_only_whole_models_become_folders(tiny, tmp_path):
    output = Output(path=tmp_path / "model", layout=Layout.DIFFUSERS)
    with pytest.raises(PlanError, match="Only a whole model"):
        plan(EditMetadata(tiny, output=output))


@pytest.fixture
def tokenizer(tmp_path):
    place = tmp_path / "model/tokenizer"
    place.mkdir(parents=True)
    (place / "vocab.json").write_bytes(b'{"\xc3\xa9": 1}\r\n')
    (place / "merges.txt").write_text("#version: 0.2\n")
    return place


def test_the_texts_of_a_tokenizer_come_along_byte_by_byte(tmp_path, tokenizer):
    (tokenizer / "spiece.model").write_bytes(b"\x00\xff")
    (tokenizer / "notes.txt").write_bytes(b"\xff")
    (tmp_path / "secret.json").write_text("{}")
    (tokenizer / "link.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(tokenizer / "pipe.json")
    with (tokenizer / "large.json").open("wb") as file:
        file.truncate(33 << 20)
    texts = tokenizer_texts(tmp_path / "model", "tokenizer")
    assert {name: text.encode() for name, text in texts.items()} == {
        "vocab.json": b'{"\xc3\xa9": 1}\r\n',
        "merges.txt": b"#version: 0.2\n",
    }


@pytest.mark.parametrize("name", ["tokenizer_2", "../model/tokenizer", "", "text\0"])
def test_no_tokenizer_is_none(tmp_path, tokenizer, name):
    assert tokenizer_texts(tmp_path / "model", name) == {}


def test_a_tokenizer_without_vocabulary_is_none(tmp_path, tokenizer):
    (tokenizer / "vocab.json").unlink()
    assert tokenizer_texts(tmp_path / "model", "tokenizer") == {}


def test_a_tokenizer_goes_with_its_text_encoder(tmp_path):
    place = made_folder(tmp_path / "model", "sdxl")
    for name in ("tokenizer", "tokenizer_2"):
        (place / name).mkdir()
        (place / name / "vocab.json").write_text(json.dumps({name: 0}))
    output = Output(path=tmp_path / "copy", layout=Layout.DIFFUSERS)
    planned = plan(Convert(place, output=output))
    assert not planned.problems
    assert json.loads(planned.texts["tokenizer_2/vocab.json"]) == {"tokenizer_2": 0}
