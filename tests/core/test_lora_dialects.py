"""LoRAs reach their tensors: names are written out here as each program writes them."""

import pytest

from ckpt_studio.core.lora.matching import match
from ckpt_studio.core.lora.modules import Target
from ckpt_studio.core.lora.reading import modules_of, unknown_in
from tests.making.loras import KOHYA, PEFT, lora, model, reached
from tests.models import checkpoint, unet

CLIP = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"]
CLIP += ["mlp.fc1", "mlp.fc2"]
ATTENTION = [f"attn{n}.{name}" for n in (1, 2) for name in ("to_q", "to_k", "to_v", "to_out.0")]
LINEARS = [*ATTENTION, "ff.net.0.proj", "ff.net.2"]


def clip(layers, start="text_model."):
    return [f"{start}encoder.layers.{n}.{name}" for n in range(layers) for name in CLIP]


def transformer(start, depth=1):
    blocks = [f"transformer_blocks.{n}.{name}" for n in range(depth) for name in LINEARS]
    return [f"{start}.{name}" for name in ("proj_in", *blocks, "proj_out")]


def sd1_attentions():
    """Name each attention of SD 1 in diffusers' names, with ComfyUI's."""
    for i in range(3):
        for j in range(2):
            yield f"down_blocks.{i}.attentions.{j}", f"input_blocks.{1 + 3 * i + j}.1"
    yield "mid_block.attentions.0", "middle_block.1"
    for i in range(1, 4):
        for j in range(3):
            yield f"up_blocks.{i}.attentions.{j}", f"output_blocks.{3 * i + j}.1"


def sd1_modules():
    for theirs, ours in sd1_attentions():
        yield from zip(transformer(theirs), transformer(ours), strict=True)


def kohya(head, names):
    return [head + name.replace(".", "_") for name in names]


def test_kohya_sd1():
    theirs, ours = zip(*sd1_modules(), strict=True)
    file = lora([*kohya("lora_unet_", theirs), *kohya("lora_te_", clip(12))])
    targets = reached(file, "sd15", "clip_l")
    assert len(targets) == 264
    for name, key in zip(kohya("lora_unet_", theirs), ours, strict=True):
        assert targets[name] == Target("unet", f"{key}.weight")
    for name, key in zip(kohya("lora_te_", clip(12)), clip(12), strict=True):
        assert targets[name] == Target("clip_l", f"{key}.weight")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("conv_in", "input_blocks.0.0"),
        ("conv_out", "out.2"),
        ("time_embedding.linear_1", "time_embed.0"),
        ("down_blocks.1.downsamplers.0.conv", "input_blocks.6.0.op"),
        ("down_blocks.2.resnets.0.conv_shortcut", "input_blocks.7.0.skip_connection"),
        ("mid_block.resnets.1.time_emb_proj", "middle_block.2.emb_layers.1"),
        ("up_blocks.0.upsamplers.0.conv", "output_blocks.2.1.conv"),
        ("up_blocks.2.upsamplers.0.conv", "output_blocks.8.2.conv"),
        ("up_blocks.3.resnets.2.conv2", "output_blocks.11.0.out_layers.3"),
    ],
)
def test_locon_of_sd1(theirs, ours):
    name = "lora_unet_" + theirs.replace(".", "_")
    file = lora([name], ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "alpha"))
    assert reached(file, "sd15")[name] == Target("unet", f"{ours}.weight")


def test_diffusers_of_old_for_sd1():
    names = [f"{theirs}.transformer_blocks.0" for theirs, _ in sd1_attentions()]
    words = [f"attn{n}.processor.to_{x}_lora" for n in (1, 2) for x in ("q", "k", "v", "out")]
    ours = [f"self_attn.to_{x}_lora" for x in ("q", "k", "v", "out")]
    modules = [f"unet.{name}.{word}" for name in names for word in words]
    modules += [
        f"text_encoder.text_model.encoder.layers.{n}.{word}" for n in range(12) for word in ours
    ]
    targets = reached(lora(modules, ("up.weight", "down.weight")), "sd15", "clip_l")
    assert len(targets) == 128 + 48
    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_out"
    assert targets[name].key == "middle_block.1.transformer_blocks.0.attn2.to_out.0.weight"
    name = "text_encoder.text_model.encoder.layers.3.self_attn.to_k"
    assert targets[name].key == "text_model.encoder.layers.3.self_attn.k_proj.weight"


@pytest.mark.parametrize(
    "ends",
    [
        PEFT,
        ("lora_A.default.weight", "lora_B.default.weight"),
        ("lora.down.weight", "lora.up.weight"),
        ("lora_linear_layer.down.weight", "lora_linear_layer.up.weight"),
        ("lora_A", "lora_B"),
        ("lora_A.weight", "lora_B.weight", "lora_magnitude_vector"),
    ],
)
def test_peft_sd1(ends):
    names = [f"unet.{theirs}" for theirs, _ in sd1_modules()]
    names += [f"text_encoder.{name}" for name in clip(12)]
    targets = reached(lora(names, ends), "sd15", "clip_l")
    assert len(targets) == 264
    assert (
        targets["unet.up_blocks.3.attentions.2.proj_in"].key == "output_blocks.11.1.proj_in.weight"
    )


def test_a_model_that_peft_wraps():
    names = [f"base_model.model.{theirs}" for theirs, _ in sd1_modules()]
    assert len(reached(lora(names, PEFT), "sd15")) == 192


SDXL = {
    **{f"input_blocks.{n}.1": 2 for n in (4, 5)},
    **{f"input_blocks.{n}.1": 10 for n in (7, 8)},
    "middle_block.1": 10,
    **{f"output_blocks.{n}.1": 10 for n in (0, 1, 2)},
    **{f"output_blocks.{n}.1": 2 for n in (3, 4, 5)},
}


def test_kohya_sdxl():
    ours = [name for start, depth in SDXL.items() for name in transformer(start, depth)]
    te1, te2 = kohya("lora_te1_", clip(12)), kohya("lora_te2_", clip(32))
    file = lora([*kohya("lora_unet_", ours), *te1, *te2])
    targets = reached(file, "sdxl", "clip_l", "clip_g")
    assert len(targets) == 722 + 72 + 192
    for name, key in zip(kohya("lora_unet_", ours), ours, strict=True):
        assert targets[name] == Target("unet", f"{key}.weight")
    # CLIP-G has ComfyUI's names, even where the file holds all three in one
    last = clip(32)[-6]
    assert targets[te2[-6]] == Target("clip_g", f"{last}.weight")
    assert {target.part for name, target in targets.items() if name in te1} == {"clip_l"}


def test_the_second_encoder_is_no_first_one():
    file = lora(kohya("lora_te1_", clip(12)))
    found = match(modules_of(file), model("sdxl", "clip_g"), "sdxl")
    assert found.targets == ()
    assert len(found.unmatched) == 72


def test_the_refiner_has_the_second_encoder_only():
    targets = reached(lora(kohya("lora_te2_", clip(32))), "sdxl_refiner", "clip_g")
    assert {target.part for target in targets.values()} == {"clip_g"}


def test_diffusers_and_onetrainer_sdxl():
    down = [f"down_blocks.{i}.attentions.{j}" for i in (1, 2) for j in (0, 1)]
    up = [f"up_blocks.{i}.attentions.{j}" for i in (0, 1) for j in (0, 1, 2)]
    depths = [2, 2, 10, 10, 10, 10, 10, 2, 2, 2, 10]
    starts = [*down, *up, "mid_block.attentions.0"]
    names = [
        name
        for start, depth in zip(starts, depths, strict=True)
        for name in transformer(start, depth)
    ]
    assert len(reached(lora([f"unet.{name}" for name in names], PEFT), "sdxl")) == 722
    trained = [*kohya("lora_unet_", names), "lora_te1_text_model_encoder_layers_0_mlp_fc1"]
    targets = reached(lora([*trained, "lora_te2_text_projection"]), "sdxl", "clip_l", "clip_g")
    assert targets["lora_te2_text_projection"] == Target("clip_g", "text_projection.weight")
    assert (
        targets["lora_unet_up_blocks_1_attentions_2_proj_in"].key
        == "output_blocks.5.1.proj_in.weight"
    )


def flux():
    for n in range(19):
        for side in ("img", "txt"):
            for name in ("attn.qkv", "attn.proj", "mlp.0", "mlp.2", "mod.lin"):
                yield f"double_blocks.{n}.{side}_{name}"
    for n in range(38):
        for name in ("linear1", "linear2", "modulation.lin"):
            yield f"single_blocks.{n}.{name}"


def flux_diffusers():
    double = ["attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "attn.to_add_out"]
    double += ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "norm1.linear"]
    double += ["norm1_context.linear", "ff.net.0.proj", "ff.net.2"]
    double += ["ff_context.net.0.proj", "ff_context.net.2"]
    single = ["attn.to_q", "attn.to_k", "attn.to_v", "norm.linear", "proj_mlp", "proj_out"]
    yield from (f"transformer_blocks.{n}.{name}" for n in range(19) for name in double)
    yield from (f"single_transformer_blocks.{n}.{name}" for n in range(38) for name in single)


T5 = [f"layer.0.SelfAttention.{x}" for x in "qkvo"]
T5 += [f"layer.1.DenseReluDense.{x}" for x in ("wi_0", "wi_1", "wo")]
T5 = [f"encoder.block.{n}.{name}" for n in range(24) for name in T5]


@pytest.mark.parametrize("number", [2, 3])
def test_kohya_and_onetrainer_number_the_t5_of_flux_in_their_own_ways(number):
    names = kohya("lora_unet_", flux())
    te1, t5 = kohya("lora_te1_", clip(12)), kohya(f"lora_te{number}_", T5)
    targets = reached(lora([*names, *te1, *t5]), "flux_dev", "clip_l", "t5xxl")
    assert sum(target.part == "unet" for target in targets.values()) == 304
    for name, key in zip(names, flux(), strict=True):
        assert targets[name] == Target("unet", f"{key}.weight")
    assert {targets[name].part for name in t5} == {"t5xxl"}


HIDDEN = 3072
FLUX_ROWS = {
    "transformer_blocks.7.attn.to_q": ("double_blocks.7.img_attn.qkv", (0, HIDDEN)),
    "transformer_blocks.7.attn.to_v": ("double_blocks.7.img_attn.qkv", (2 * HIDDEN, 3 * HIDDEN)),
    "transformer_blocks.7.attn.add_k_proj": ("double_blocks.7.txt_attn.qkv", (HIDDEN, 2 * HIDDEN)),
    "transformer_blocks.7.ff_context.net.2": ("double_blocks.7.txt_mlp.2", None),
    "transformer_blocks.7.norm1_context.linear": ("double_blocks.7.txt_mod.lin", None),
    "single_transformer_blocks.9.attn.to_k": ("single_blocks.9.linear1", (HIDDEN, 2 * HIDDEN)),
    "single_transformer_blocks.9.proj_mlp": ("single_blocks.9.linear1", (3 * HIDDEN, 7 * HIDDEN)),
    "single_transformer_blocks.9.proj_out": ("single_blocks.9.linear2", None),
}


@pytest.mark.parametrize(
    ("head", "ends", "dots"),
    [
        ("transformer.", PEFT, True),
        ("lycoris_", ("lokr_w1", "lokr_w2", "alpha"), False),
        ("lora_transformer_", KOHYA, False),
        ("base_model.model.", PEFT, True),
    ],
    ids=["AI-Toolkit", "SimpleTuner", "OneTrainer", "PEFT"],
)
def test_diffusers_names_of_flux(head, ends, dots):
    def spelled(name):
        return head + (name if dots else name.replace(".", "_"))

    targets = reached(lora(map(spelled, flux_diffusers()), ends), "flux_dev")
    assert len(targets) == 494
    for name, (key, rows) in FLUX_ROWS.items():
        assert targets[spelled(name)] == Target("unet", f"{key}.weight", rows)
    last = lora([spelled("norm_out.linear"), spelled("proj_out")], ends)
    targets = reached(last, "flux_dev")
    assert targets[spelled("norm_out.linear")] == Target(
        "unet", "final_layer.adaLN_modulation.1.weight", swapped=True
    )
    assert targets[spelled("proj_out")] == Target("unet", "final_layer.linear.weight")


def test_xlabs_flux():
    words = [f"{x}_lora{n}" for x in ("qkv", "proj") for n in (1, 2)]
    names = [f"double_blocks.{n}.processor.{word}" for n in range(19) for word in words]
    names += [f"single_blocks.{n}.processor.{x}_lora" for n in range(38) for x in ("qkv", "proj")]
    targets = reached(lora(names, ("down.weight", "up.weight")), "flux_dev")
    assert len(targets) == 19 * 4 + 38 * 2
    assert (
        targets["double_blocks.3.processor.qkv_lora2"].key == "double_blocks.3.txt_attn.qkv.weight"
    )
    assert (
        targets["double_blocks.3.processor.proj_lora1"].key
        == "double_blocks.3.img_attn.proj.weight"
    )
    fused = next(target for name, target in targets.items() if "single_blocks.3." in name)
    assert fused == Target("unet", "single_blocks.3.linear1.weight", (0, 3 * HIDDEN))


def test_bfl_control():
    names = [*flux(), "img_in", "final_layer.linear"]
    table = {f"{name}.{end}": ("F32", (4, 4)) for name in names for end in PEFT}
    table |= {f"{name}.lora_B.bias": ("F32", (4,)) for name in names}
    norms = [f"single_blocks.{n}.norm.{x}_norm.scale" for n in range(38) for x in ("query", "key")]
    table |= dict.fromkeys(norms, ("F32", (128,)))
    file = checkpoint(table)
    found = match(modules_of(file), model("flux_dev"), "flux_dev")
    assert found.unmatched == unknown_in(file) == ()
    kinds = [module.kind for _, module in found.targets]
    assert (kinds.count("lora"), kinds.count("diff_b"), kinds.count("set")) == (306, 306, 76)
    keys = {target.key: module.kind for target, module in found.targets}
    assert keys["img_in.bias"] == "diff_b"
    assert keys["single_blocks.5.norm.key_norm.scale"] == "set"


def test_kohya_and_diffusers_sd3():
    names = [
        f"joint_blocks.{n}.{side}.{name}"
        for n in range(23)
        for side in ("x_block", "context_block")
        for name in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "adaLN_modulation.1")
    ]
    file = lora([*kohya("lora_unet_", names), *kohya("lora_te3_", T5)])
    targets = reached(file, "sd3_medium", "clip_l", "clip_g", "t5xxl")
    assert targets["lora_unet_joint_blocks_4_x_block_mlp_fc1"].key == names[42] + ".weight"
    words = ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj"]
    names = [f"transformer.transformer_blocks.{n}.attn.{x}" for n in range(24) for x in words]
    targets = reached(lora(names, PEFT), "sd3_medium")
    assert targets["transformer.transformer_blocks.2.attn.add_v_proj"] == Target(
        "unet", "joint_blocks.2.context_block.attn.qkv.weight", (3072, 4608)
    )
    last = "transformer.transformer_blocks.23.norm1_context.linear"
    assert reached(lora([last], PEFT), "sd3_medium")[last].swapped


@pytest.mark.parametrize(
    ("head", "ends", "dots"),
    [
        ("diffusion_model.", PEFT, True),
        ("diffusion_model.", KOHYA[:2], True),
        ("lora_unet_", KOHYA, False),
        ("lora_unet__", KOHYA, False),
    ],
)
def test_wan(head, ends, dots):
    words = [f"{x}_attn.{y}" for x in ("self", "cross") for y in "qkvo"] + ["ffn.0", "ffn.2"]
    names = [f"blocks.{n}.{word}" for n in range(30) for word in words]
    spelled = {head + (name if dots else name.replace(".", "_")): name for name in names}
    targets = reached(lora(spelled, ends), "wan21_1.3b_t2v")
    for name, key in spelled.items():
        assert targets[name] == Target("unet", f"{key}.weight")


def test_wan_in_diffusers_names():
    words = [f"attn{n}.{x}" for n in (1, 2) for x in ("to_q", "to_k", "to_v", "to_out.0")]
    words += ["ffn.net.0.proj", "ffn.net.2"]
    names = [f"transformer.blocks.{n}.{word}" for n in range(30) for word in words]
    targets = reached(lora(names, PEFT), "wan21_1.3b_t2v")
    assert targets["transformer.blocks.8.attn2.to_out.0"].key == "blocks.8.cross_attn.o.weight"


def test_full_differences_of_wan():
    table = {
        "diffusion_model.patch_embedding.diff": ("F32", (1536, 16, 1, 2, 2)),
        "diffusion_model.patch_embedding.diff_b": ("F32", (1536,)),
        "diffusion_model.blocks.0.norm3.diff": ("F32", (1536,)),
        "diffusion_model.blocks.0.norm3.diff_b": ("F32", (1536,)),
        "diffusion_model.blocks.0.modulation.diff": ("F32", (1, 6, 1536)),
    }
    file = checkpoint(table)
    found = match(modules_of(file), model("wan21_1.3b_t2v"), "wan21_1.3b_t2v")
    assert found.unmatched == ()
    assert sorted(target.key for target, _ in found.targets) == [
        "blocks.0.modulation",
        "blocks.0.norm3.bias",
        "blocks.0.norm3.weight",
        "patch_embedding.bias",
        "patch_embedding.weight",
    ]


@pytest.mark.parametrize(
    "family", ["sdxl", "flux_dev", "z_image", "qwen_image", "hunyuan_video", "lumina2", "ltxv_2b"]
)
def test_comfyui_names_are_those_of_the_model(family):
    keys = [
        key
        for key, (_, shape) in unet(family).items()
        if len(shape) == 2 and key.endswith(".weight")
    ]
    names = [f"diffusion_model.{key.removesuffix('.weight')}" for key in keys]
    targets = reached(lora(names, ("lora_up.weight", "lora_down.weight")), family)
    assert [target.key for target in targets.values()] == keys


def test_comfyui_names_of_text_encoders():
    names = [f"text_encoders.t5xxl.transformer.{name}" for name in T5]
    names += [f"text_encoders.clip_l.transformer.{name}" for name in clip(12)]
    targets = reached(lora(names, PEFT), "flux_dev", "clip_l", "t5xxl")
    assert {target.part for target in targets.values()} == {"clip_l", "t5xxl"}
