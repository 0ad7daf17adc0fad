import pytest

from ckpt_studio.core.blocks import block_of


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight", "IN04"),
        ("model.diffusion_model.middle_block.1.norm.weight", "MID"),
        ("model.diffusion_model.output_blocks.11.0.in_layers.0.bias", "OUT11"),
        ("double_blocks.3.img_attn.qkv.weight", "DOUBLE03"),
        ("model.diffusion_model.joint_blocks.23.x_block.attn.qkv.weight", "JOINT23"),
        ("down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q.weight", "DOWN00"),
        ("first_stage_model.decoder.up.2.block.1.conv1.weight", "UP02"),
        ("first_stage_model.encoder.mid.block_1.conv1.weight", "MID"),
        ("cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.bias", "LAYER11"),
        ("encoder.block.3.layer.0.SelfAttention.k.weight", "LAYER03"),
        ("conditioner.embedders.1.model.transformer.resblocks.31.ln_1.bias", "LAYER31"),
        ("model.diffusion_model.time_embed.0.weight", None),
        ("up", None),
    ],
)
def test_a_tensor_belongs_to_its_outermost_block(name, block):
    assert block_of(name) == block
