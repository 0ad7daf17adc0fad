"""Block labels in the words of the people who use them."""

import pytest

from ckpt_studio.core.blocks import block_of


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight", "IN04"),
        ("model.diffusion_model.middle_block.1.proj_in.weight", "MID"),
        ("model.diffusion_model.output_blocks.11.0.out_layers.3.bias", "OUT11"),
        ("down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_k.weight", "down 1"),
        ("mid_block.resnets.0.conv1.weight", "mid"),
        ("up_blocks.2.resnets.1.norm1.bias", "up 2"),
        ("model.diffusion_model.double_blocks.3.img_attn.qkv.weight", "double 3"),
        ("single_blocks.12.linear1.weight", "single 12"),
        ("model.diffusion_model.joint_blocks.5.x_block.attn.qkv.weight", "joint 5"),
        ("text_model.encoder.layers.11.self_attn.q_proj.weight", "layer 11"),
        ("conditioner.embedders.1.model.transformer.resblocks.30.mlp.c_fc.bias", "layer 30"),
        ("encoder.block.7.layer.0.SelfAttention.q.weight", "layer 7"),
        ("first_stage_model.encoder.down.2.block.0.conv1.weight", "down 2"),
        ("first_stage_model.decoder.up.1.block.0.conv1.weight", "up 1"),
        ("first_stage_model.decoder.mid.attn_1.k.bias", "mid"),
        ("decoder.up_blocks.3.resnets.0.conv1.weight", "up 3"),
    ],
)
def test_the_outermost_block_is_named(name: str, block: str) -> None:
    assert block_of(name) == block


@pytest.mark.parametrize(
    "name",
    ["", "time_embed.0.weight", "img_in.weight", "lora_down.weight", "x.down.weight", "blocks.x.y"],
)
def test_other_tensors_are_in_no_block(name: str) -> None:
    assert block_of(name) is None
