"""A file is recognised by its content, whatever its name, and an unknown one is never refused."""

import pytest

from ckpt_studio.core.assembly.single_file import convert
from ckpt_studio.core.recipe import Convert, Precision
from tests.models import encoder, opened, other_spelling, plan_table, unet, vae
from tests.planning import assembled


def test_a_whole_checkpoint():
    found = opened(plan_table(assembled("sdxl"))).recognition
    assert (found.architecture, found.kind, found.prediction) == ("sdxl", "checkpoint", "epsilon")
    assert [part.part for part in found.parts] == ["unet", "clip_g", "clip_l", "vae"]
    assert found.other == ()
    assert any("label_emb.0.0.weight is [1280, 2816]" in line for line in found.evidence)


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model.", "diffusion_model."])
def test_a_unet_behind_any_prefix(prefix):
    found = opened(unet("sdxl", prefix=prefix)).recognition
    part = found.find("unet")
    assert found.architecture == "sdxl"
    assert (part.prefix, len(part.names)) == (prefix, 1680)
    assert part.form == ("checkpoint" if prefix else "native")


def test_markers_beside_a_bare_unet():
    found = opened(unet("sdxl") | {"v_pred": ("F32", (0,))}).recognition
    assert (found.architecture, found.prediction) == ("sdxl_vpred", "v")
    assert found.markers == ("v_pred",)
    assert found.other == ()


def test_a_controlnet_is_not_a_unet():
    table = {key.replace("input", "input"): value for key, value in unet("sd15").items()}
    found = opened({f"control_model.{key}": value for key, value in table.items()}).recognition
    assert (found.architecture, found.kind) == (None, "controlnet")


def test_a_vision_tower_is_not_a_text_encoder():
    tower = {
        f"visual.{k}": v for k, v in other_spelling("openclip 1280 32").items() if "token" not in k
    }
    assert opened(tower).recognition.find("clip_g") is None


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("lora_unet_input_blocks_1.lora_up.weight", "lora"),
        ("transformer.blocks.0.lora_A.weight", "lora"),
        ("controlnet_cond_embedding.conv_in.weight", "controlnet"),
        ("emb_params", "embedding"),
    ],
)
def test_other_kinds_of_model(key, kind):
    found = opened({key: ("F16", (4, 4))}).recognition
    assert (found.kind, found.architecture) == (kind, None)
    assert [part.part for part in found.parts] == [kind]


def test_umt5_is_not_t5():
    table = encoder("t5xxl")
    for block in range(1, 24):
        name = f"encoder.block.{block}.layer.0.SelfAttention.relative_attention_bias.weight"
        table[name] = ("F16", (32, 64))
    assert opened(table).recognition.find("t5xxl") is None


def test_t5_with_a_second_copy_of_its_embedding():
    table = encoder("t5xxl") | {"encoder.embed_tokens.weight": ("F16", (32128, 4096))}
    part = opened(table).recognition.find("t5xxl")
    assert part.missing == ()
    del table["shared.weight"]
    part = opened(table).recognition.find("t5xxl")
    assert part.missing == ()
    assert part.tensors["shared.weight"].tensor.name == "encoder.embed_tokens.weight"


def test_long_clip_is_clip_l():
    table = encoder("clip_l")
    table["text_model.embeddings.position_embedding.weight"] = ("F16", (248, 768))
    assert not assembled("flux_dev", {"clip_l": table}).errors


def test_several_parts_in_one_bare_file_do_not_mix():
    table = encoder("clip_l") | {"something.else": ("F32", (1,))}
    found = opened(table).recognition
    assert found.other == ("something.else",)
    assert found.find("clip_l").unexpected == ()


def test_an_unknown_model_says_what_it_looks_like():
    found = opened({f"blocks.{n}.w": ("F16", (4,)) for n in range(7)}).recognition
    assert (found.kind, found.name) == ("unknown", "Unknown model")
    assert found.evidence == ("no known model has these keys: blocks (7)",)
    assert opened({}).recognition.kind == "unknown"


def test_a_vae_with_a_loss_in_it():
    table = vae("sdxl") | {"loss.discriminator.main.0.weight": ("F32", (64, 3, 4, 4))}
    found = opened(table).recognition
    assert found.find("vae").unexpected == ()
    assert found.other == ("loss.discriminator.main.0.weight",)


def test_position_ids_are_nothing_unexpected():
    table = encoder("clip_l") | {"text_model.embeddings.position_ids": ("I64", (1, 77))}
    part = opened(table).recognition.find("clip_l")
    assert (part.unexpected, part.ignored) == ((), ("text_model.embeddings.position_ids",))
    assert set(part.names) == table.keys()


def test_pile_t5_mt5_and_t5_of_one_shape_are_told_by_what_they_have():
    for name in ("t5xxl", "umt5xxl", "pile_t5xl", "mt5xl", "umt5base", "t5base", "t5xxl_old"):
        found = opened(encoder(name)).recognition
        assert [part.component for part in found.parts] == [name]


def test_an_encoder_with_the_words_of_another_does_not_fit():
    words = {"shared.weight": ("F16", (32128, 2048))}
    found = opened(encoder("mt5xl") | words).recognition
    assert found.find("mt5xl") is None
    words = {"shared.weight": ("F16", (32128, 4096))}
    plan = assembled("wan21_14b_t2v", {"umt5xxl": encoder("umt5xxl") | words})
    assert [problem.code for problem in plan.errors] == ["wrong-shape:umt5xxl"]


NEW_DIT = {
    f"model.diffusion_model.stages.{stage}.mixer.{kind}.weight": ("BF16", (2048, 2048))
    for stage in range(12)
    for kind in ("wq", "wk", "wv", "gate")
}
NEW_ENCODER = {
    f"text_model_2.layers.{layer}.mixer.{kind}.weight": ("BF16", (1024, 1024))
    for layer in range(6)
    for kind in ("in", "out")
}


def test_a_model_that_is_too_new_to_be_known_is_opened_all_the_same():
    for table in (NEW_DIT, NEW_ENCODER, NEW_DIT | vae("flux_dev")):
        found = opened(table)
        assert set(found.checkpoint.tensors) == table.keys()
        assert found.recognition.architecture is None
        assert found.recognition.find("unet") is None
        plan = convert(Convert(found.checkpoint.path, precision={"*": Precision.FP16}), found)
        assert not plan.errors
        assert {row.dtype.label for row in plan.tensors} == {"F16"}
    assert opened(NEW_DIT | vae("flux_dev")).recognition.find("vae").component == "vae_kl16"


def test_a_known_model_beside_a_new_text_encoder_keeps_its_parts():
    found = opened({**unet("sdxl", prefix="model.diffusion_model."), **NEW_ENCODER}).recognition
    assert found.architecture == "sdxl"
    assert set(found.other) == NEW_ENCODER.keys()
