"""``hash``: taken once, remembered until the file changes, and read again on request."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": torch.ones(64)}, path)
    return path


def read(cli, *arguments):
    """Take hashes; return whether the file was read for that."""
    return "100%" in cli("hash", *arguments, "--json", "--progress").err


def test_hashes_that_are_known_are_not_taken_again(cli, model):
    assert read(cli, model)
    assert not read(cli, model)
    assert cli("hash", model, "--json").json == cli("hash", model, "--json", "--no-cache").json


def test_a_file_that_changed_is_read_again(cli, model):
    assert read(cli, model)
    save_file({"w": torch.zeros(64)}, model)
    assert read(cli, model)
    found = cli("hash", model, "--json").json
    assert found["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()


def test_hashes_can_be_taken_anew(cli, model):
    assert read(cli, model)
    assert read(cli, model, "--no-cache")


def test_the_hashes_of_a_folder_are_those_of_its_files(cli, tmp_path, model):
    (tmp_path / "whole" / "vae").mkdir(parents=True)
    (tmp_path / "whole" / "model_index.json").write_text('{"vae": ["diffusers", "AutoencoderKL"]}')
    inside = tmp_path / "whole" / "vae" / "diffusion_pytorch_model.safetensors"
    model.rename(inside)
    (tmp_path / "whole" / "vae" / "config.json").write_text("{}")
    found = cli("hash", tmp_path / "whole", "--json").json
    assert found["file"] == str(inside)
    assert found["sha256"] == hashlib.sha256(inside.read_bytes()).hexdigest()
