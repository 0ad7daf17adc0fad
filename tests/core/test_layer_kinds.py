"""Kinds of layers, as the names of many models tell them."""

import pytest

from ckpt_studio.core.comparison.layer_kinds import KINDS, OTHER, kind_of
from ckpt_studio.core.families.architecture import families


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight", "attn1"),
        ("input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", "attn2"),
        ("input_blocks.4.1.transformer_blocks.0.ff.net.0.proj.weight", "ff"),
        ("input_blocks.4.1.transformer_blocks.0.norm3.bias", "norm"),
        ("input_blocks.4.1.proj_in.weight", "proj"),
        ("input_blocks.4.0.in_layers.0.weight", "norm"),
        ("input_blocks.4.0.in_layers.2.weight", "conv"),
        ("input_blocks.4.0.out_layers.3.bias", "conv"),
        ("input_blocks.4.0.emb_layers.1.weight", "embed"),
        ("input_blocks.3.0.op.weight", "conv"),
        ("input_blocks.0.0.bias", "conv"),
        ("out.0.weight", "norm"),
        ("out.2.weight", "conv"),
        ("time_embed.0.weight", "embed"),
        ("decoder.up.3.block.0.nin_shortcut.weight", "conv"),
        ("decoder.mid.attn_1.q.weight", "attn"),
        ("decoder.mid.attn_1.norm.weight", "norm"),
        ("text_model.encoder.layers.3.self_attn.q_proj.weight", "attn1"),
        ("text_model.encoder.layers.3.mlp.fc1.weight", "ff"),
        ("text_model.embeddings.token_embedding.weight", "embed"),
        ("encoder.block.3.layer.1.DenseReluDense.wi_0.weight", "ff"),
        ("encoder.block.3.layer.0.SelfAttention.q.weight", "attn1"),
        ("shared.weight", "embed"),
        ("double_blocks.3.img_attn.qkv.weight", "attn"),
        ("double_blocks.3.img_attn.norm.query_norm.scale", "norm"),
        ("double_blocks.3.txt_mlp.0.weight", "ff"),
        ("double_blocks.3.img_mod.lin.weight", "mod"),
        ("single_blocks.12.linear1.weight", "attn + ff"),
        ("single_blocks.12.modulation.lin.weight", "mod"),
        ("joint_blocks.3.x_block.adaLN_modulation.1.weight", "mod"),
        ("blocks.3.cross_attn.k.weight", "attn2"),
        ("blocks.3.self_attn.norm_q.weight", "norm"),
        ("blocks.3.ffn.0.weight", "ff"),
        ("model.layers.3.self_attn.q_proj.weight", "attn1"),
        ("final_layer.linear.weight", "proj"),
        ("img_in.weight", "embed"),
        ("logit_scale", OTHER),
    ],
)
def test_names_tell_the_kind(name, kind):
    assert kind_of(name) == kind


def test_a_weight_of_many_dimensions_is_a_convolution():
    assert kind_of("decoder.middle.0.residual.2.weight", 5) == "conv"
    assert kind_of("decoder.middle.0.residual.2.weight", 2) == OTHER


def test_little_of_any_known_model_has_no_kind():
    for family in families():
        specs = family.unet.component.specs()
        kinds = [kind_of(name, len(spec.usual_shape)) for name, spec in specs.items()]
        assert set(kinds) <= {*KINDS, OTHER}
        assert kinds.count(OTHER) < 0.35 * len(kinds), family.id
