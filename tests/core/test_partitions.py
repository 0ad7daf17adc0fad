"""Every model is divided into blocks, as the presets of other programs expect it."""

import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.architecture import families, family
from ckpt_studio.core.merging.partitions import partition, partitions_for


def keys_of(name):
    return {"unet": tuple(family(name).unet.component.specs())}


def usual(name):
    return partitions_for(name, keys_of(name))[0]


@pytest.mark.parametrize("name", [item.id for item in families()])
def test_every_tensor_of_every_diffusion_model_has_a_block(name):
    keys = keys_of(name)
    for found in partitions_for(name, keys):
        assert len(set(found.blocks)) == len(found.blocks) > 5
        held = {found.index("unet", key) for key in keys["unet"]}
        assert None not in held
        assert held <= set(range(len(found.blocks)))
        stacked = {index for indices in found.stacks.values() for index in indices}
        assert len(held & stacked) >= len(stacked) - 1  # a KOALA has no middle


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("sd15", 26, "BASE", "OUT11"),
        ("sd21_v", 26, "BASE", "OUT11"),
        ("sdxl", 20, "BASE", "OUT08"),
        ("flux_dev", 61, "CLIP", "OUT"),
        ("flux_schnell", 61, "CLIP", "OUT"),
        ("sd35_large", 44, "pos_embed", "final_layer"),
        ("auraflow", 43, "init_x_linear", "final_linear"),
        ("mochi", 53, "pos_frequencies", "final_layer"),
        ("ltxv_2b", 33, "patchify_proj", "proj_out"),
        ("cosmos_7b_t2v", 34, "pos_embedder", "final_layer"),
        ("wan21_14b_t2v", 46, "patch_embedding", "head"),
        ("cosmos_predict2_14b_t2i", 41, "pos_embedder", "final_layer"),
        ("qwen_image", 66, "pos_embeds", "proj_out"),
        ("z_image", 36, "IN", "OUT"),
    ],
)
def test_the_usual_partition(name, count, first, last):
    found = usual(name)
    assert (len(found.blocks), found.blocks[0], found.blocks[-1]) == (count, first, last)


@pytest.mark.parametrize(
    ("name", "part", "key", "block"),
    [
        ("sd15", "unet", "time_embed.0.weight", "IN00"),
        ("sd15", "unet", "input_blocks.1.0.in_layers.0.weight", "IN01"),
        ("sd15", "unet", "input_blocks.11.0.in_layers.0.weight", "IN11"),
        ("sd15", "unet", "middle_block.2.in_layers.0.weight", "M00"),
        ("sd15", "unet", "out.2.bias", "OUT11"),
        ("sd15", "clip_l", "text_model.final_layer_norm.bias", "BASE"),
        ("sd15", "vae", "decoder.conv_in.bias", "BASE"),
        ("sdxl", "unet", "label_emb.0.0.weight", "IN00"),
        ("sdxl", "unet", "out.0.bias", "OUT08"),
        ("sdxl", "clip_g", "text_projection", "BASE"),
        ("flux_dev", "clip_l", "text_projection", "CLIP"),
        ("flux_dev", "t5xxl", "shared.weight", "T5"),
        ("flux_dev", "unet", "guidance_in.in_layer.weight", "IN"),
        ("flux_dev", "unet", "double_blocks.18.img_mod.lin.bias", "D18"),
        ("flux_dev", "unet", "single_blocks.37.linear1.bias", "S37"),
        ("flux_dev", "unet", "final_layer.linear.bias", "OUT"),
        ("chroma", "unet", "distilled_guidance_layer.layers.0.in_layer.bias", "IN"),
        ("sd3_medium", "unet", "pos_embed", "pos_embed"),
        ("z_image", "unet", "layers.7.attention.out.weight", "L07"),
        ("z_image", "unet", "cap_pad_token", "IN"),
    ],
)
def test_a_tensor_belongs_to_the_block_that_presets_mean(name, part, key, block):
    found = usual(name)
    assert found.blocks[found.index(part, key)] == block


def test_what_is_outside_has_no_block():
    assert usual("flux_dev").index("vae", "decoder.conv_in.bias") is None
    assert usual("z_image").index("qwen3_4b", "model.norm.weight") is None


def test_sdxl_with_its_vae_as_a_block():
    found = partition("mbw_vae", "sdxl", keys_of("sdxl"))
    assert len(found.blocks) == 21
    assert found.blocks[found.index("vae", "decoder.conv_in.bias")] == "VAE"
    assert found.blocks[found.index("clip_l", "text_projection")] == "BASE"


def test_a_model_of_no_known_family_is_divided_by_its_keys():
    keys = [f"stem.layers.{n}.mlp.weight" for n in range(12)] + ["patch_in.weight", "head.bias"]
    (found,) = partitions_for(None, {"unet": keys})
    assert found.blocks == ("IN", *(f"L{n:02}" for n in range(12)), "OUT")
    assert [found.index("unet", key) for key in keys] == [*range(1, 13), 0, 13]


def test_stacks_with_one_letter_have_names_of_their_own():
    keys = [f"{stack}.0.weight" for stack in ("vision_layers", "video_layers", "output_layers")]
    (found,) = partitions_for(None, {"unet": keys})
    assert len(found.blocks) == len(set(found.blocks)) == 5


def test_a_unet_needs_no_family():
    assert len(partition("", None, keys_of("sd15")).blocks) == 26


def test_a_partition_that_the_model_does_not_have():
    with pytest.raises(PlanError) as caught:
        partition("flux", "sdxl", keys_of("sdxl"))
    assert "“flux”" in caught.value.message
    assert "mbw_vae" in caught.value.hint
