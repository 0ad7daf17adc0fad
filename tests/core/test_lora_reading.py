"""What the keys and the header of a LoRA file say, and what it looks like to people."""

import json

import pytest

from ckpt_studio.core.lora.looks import looks_like
from ckpt_studio.core.lora.matching import match
from ckpt_studio.core.lora.reading import modules_of, unknown_in
from tests.making.loras import KOHYA, PEFT, lora, model
from tests.models import checkpoint


def test_oft_boft_ia3_glora_and_norms():
    name = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"
    tables = {
        "oft": {
            f"oft_unet_{name[10:]}.oft_blocks": (4, 160, 160),
            f"oft_unet_{name[10:]}.alpha": (),
        },
        "boft": {f"{name}.oft_blocks": (2, 4, 160, 160)},
        "ia3": {f"{name}.weight": (640,), f"{name}.on_input": ()},
        "glora": {f"{name}.{x}.weight": (4, 4) for x in ("a1", "a2", "b1", "b2")},
        "diff": {"lora_unet_out_0.w_norm": (320,)},
        "diff_b": {"lora_unet_out_0.b_norm": (320,)},
    }
    for kind, shapes in tables.items():
        file = checkpoint({key: ("F32", shape) for key, shape in shapes.items()})
        found = match(modules_of(file), model("sdxl"), "sdxl")
        ((target, module),) = found.targets
        assert module.kind == kind
        assert len(module.tensors) == len(shapes)
        wanted = {"diff": "out.0.weight", "diff_b": "out.0.bias"}
        assert target.key == wanted.get(
            kind, "input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight"
        )


def test_dora_magnitudes_of_peft_are_one_for_each_row():
    table = {"unet.conv_in.lora_A.weight": ("F32", (4, 4, 3, 3))}
    table |= {"unet.conv_in.lora_B.weight": ("F32", (320, 4, 1, 1))}
    table |= {"unet.conv_in.lora_magnitude_vector": ("F32", (1, 320, 1, 1))}
    (module,) = modules_of(checkpoint(table))
    assert dict(module.tensors)["dora_scale"].shape[0] == 320


@pytest.mark.parametrize(
    ("settings", "alpha"),
    [
        ({"unet.lora_alpha": 8}, 8.0),
        ({"lora_alpha": 8, "use_rslora": True}, 16.0),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {"conv_in": 2}}, 2.0),
        ({"text_encoder.lora_alpha": 8}, None),
        ({"lora_alpha": "eight"}, None),
        ([1], None),
    ],
)
def test_alpha_from_the_header(settings, alpha):
    metadata = {"lora_adapter_metadata": json.dumps(settings)}
    (module,) = modules_of(lora(["unet.conv_in"], PEFT, metadata))
    found = dict(module.tensors).get("alpha")
    assert (None if found is None else memoryview(found.data).cast("f")[0]) == alpha


def test_what_is_no_factor_is_named():
    file = checkpoint(
        {"a.lora_up.weight": ("F32", (4, 4)), "b.alpha": ("F32", ()), "emb": ("F32", (4, 768))}
    )
    assert modules_of(file) == ()
    assert set(unknown_in(file)) == {"a.lora_up.weight", "b.alpha", "emb"}


@pytest.mark.parametrize(
    "table",
    [
        {"x.lora_up.weight": ("F32", ()), "x.lora_down.weight": ("F32", ())},
        {"x.lora_A.weight": ("F32", (4, 4)), "x.lora_B.weight": ("F32", ())},
        {"x.oft_blocks": ("F32", ())},
    ],
)
def test_factors_without_rows_are_none(table):
    file = checkpoint(table)
    assert modules_of(file) == ()
    assert set(unknown_in(file)) == set(table)


def test_an_alpha_of_many_numbers_is_none():
    file = checkpoint({f"x.{end}": ("F32", (4, 4)) for end in KOHYA})
    (module,) = modules_of(file)
    assert [role for role, _ in module.tensors] == ["down", "up"]
    assert unknown_in(file) == ("x.alpha",)


@pytest.mark.parametrize(
    ("name", "down", "words"),
    [
        (
            "lora_unet_double_blocks_0_img_attn_qkv",
            (4, 3072),
            "Flux or HunyuanVideo, named as kohya's",
        ),
        (
            "transformer.transformer_blocks.0.attn.add_k_proj",
            (4, 3072),
            "Stable Diffusion 3, Qwen-Image",
        ),
        (
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k",
            (4, 2048),
            "Stable Diffusion XL,",
        ),
        (
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k",
            (4, 768),
            "Stable Diffusion 1,",
        ),
        ("diffusion_model.blocks.0.self_attn.q", (4, 1536), "Wan, named as ComfyUI"),
        ("what_is_this", (4, 4), "another model"),
    ],
)
def test_what_a_lora_looks_like(name, down, words):
    file = checkpoint({f"{name}.lora_down.weight": ("F16", down)})
    assert words in looks_like(file)


def test_the_header_says_what_a_lora_is_for():
    metadata = {"modelspec.architecture": "flux-1-dev/lora"}
    assert "flux-1-dev" in looks_like(lora(["x"], KOHYA, metadata))
