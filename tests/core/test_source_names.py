from pathlib import Path

import pytest

from ckpt_studio.core.assembly.source_names import generic, plain_stem, stem


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("photon_v1.safetensors", "photon_v1"),
        ("old.ckpt", "old"),
        ("flux1-dev.safetensors.index.json", "flux1-dev"),
        ("flux1-dev.safetensors.index.fp16.json", "flux1-dev"),
        ("qwen-00002-of-00009.safetensors", "qwen"),
        ("FLUX.1-dev", "FLUX.1-dev"),
        ("repo/model.safetensors.index.json", "repo"),
        ("repo/vae/diffusion_pytorch_model.fp16.safetensors", "repo_vae"),
        ("repo/text_encoder_2/model-00001-of-00002.safetensors", "repo_text_encoder_2"),
        ("repo/transformer", "repo_transformer"),
        ("model.safetensors", "model"),
    ],
)
def test_a_source_is_called_after_its_model(path, name):
    assert stem(Path(path)) == name


def test_words_for_what_is_in_a_file_are_left_out():
    assert plain_stem(Path("photon_v1-fp16_unet.safetensors")) == "photon_v1"
    assert plain_stem(Path("fp16.safetensors")) == "fp16"


def test_names_that_any_model_could_have():
    assert generic(Path("model-00001-of-00002.safetensors"))
    assert generic(Path("diffusion_pytorch_model.fp16.safetensors"))
    assert not generic(Path("mymodel.safetensors"))
