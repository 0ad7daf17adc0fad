"""LoRAs in the expressions of a model: what is computed, in which order, and what is said of it."""

import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import AddAdapter, Cast, Concat, Read, read, reads, rows
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.lora.adding import LoraFile, with_adapters
from ckpt_studio.core.recognise import recognise
from ckpt_studio.core.tensors import DType, TensorInfo
from tests.models import checkpoint, encoder, opened, unet

HIDDEN = 3072


def expressions(table):
    return {
        key: read(0, TensorInfo(key, DType.F16, shape, 0, DType.F16.nbytes(shape)))
        for key, (_, shape) in table.items()
    }


def parts(family, *encoders):
    return {"unet": expressions(unet(family))} | {
        name: expressions(encoder(name)) for name in encoders
    }


def pair(name, out, inputs, rank=4, ends=("lora_up.weight", "lora_down.weight")):
    return {f"{name}.{ends[0]}": ("F16", (out, rank)), f"{name}.{ends[1]}": ("F16", (rank, inputs))}


PEFT = ("lora_B.weight", "lora_A.weight")


def lora(table, source=1, strength=0.5, name="lora.safetensors"):
    give = strength if callable(strength) else lambda part, key: strength
    return LoraFile(checkpoint(table, name), source, give)


Q = "single_blocks.3.linear1.weight"


def test_a_changed_tensor_is_computed_in_fp32_and_rounded_once():
    given = parts("flux_dev")
    key = "single_blocks.3.linear2.weight"
    one = lora(pair("lora_unet_single_blocks_3_linear2", HIDDEN, 5 * HIDDEN))
    two = lora(pair("diffusion_model.single_blocks.3.linear2", HIDDEN, 5 * HIDDEN), 2, -1.0)
    changed, coverage = with_adapters(given, "flux_dev", (one, two))
    match changed["unet"][key]:
        case Cast(AddAdapter(AddAdapter(Read() as of, first), second), DType.F16):
            assert of == given["unet"][key]
        case other:
            pytest.fail(repr(other))
    assert (first.kind, first.strength, second.strength) == ("lora", 0.5, -1.0)
    assert [role for role, _ in first.tensors] == ["down", "up"]
    assert {leaf.source for _, factor in first.tensors for leaf in reads(factor)} == {1}
    assert {leaf.source for _, factor in second.tensors for leaf in reads(factor)} == {2}
    others = {name: expr for name, expr in changed["unet"].items() if name != key}
    assert others == {name: expr for name, expr in given["unet"].items() if name != key}
    assert [item.touched for item in coverage] == [1, 1]


def test_a_fused_weight_is_changed_in_its_rows():
    given = parts("flux_dev")
    name = "transformer.single_transformer_blocks.3.attn.to_k"
    changed, _ = with_adapters(given, "flux_dev", [lora(pair(name, HIDDEN, HIDDEN, ends=PEFT))])
    before, middle, after = changed["unet"][Q].parts
    whole = given["unet"][Q]
    assert before == rows(whole, 0, HIDDEN)
    assert after == rows(whole, 2 * HIDDEN, 7 * HIDDEN)
    assert isinstance(middle, Cast)
    assert middle.dtype is DType.F16
    assert middle.of.of == rows(whole, HIDDEN, 2 * HIDDEN)
    assert changed["unet"][Q].shape == whole.shape


def test_rows_of_a_weight_that_was_changed_whole_are_not_computed_again():
    given = parts("flux_dev")
    whole = lora(pair("lora_unet_single_blocks_3_linear1", 7 * HIDDEN, HIDDEN))
    name = "transformer.single_transformer_blocks.3.attn.to_k"
    sliced = lora(pair(name, HIDDEN, HIDDEN, ends=PEFT), 2)
    changed, _ = with_adapters(given, "flux_dev", (whole, sliced))
    pieces = [piece.of for piece in changed["unet"][Q].parts]
    assert [piece.shape[0] for piece in pieces] == [HIDDEN, HIDDEN, 5 * HIDDEN]
    match pieces[1]:
        case AddAdapter(AddAdapter(of, first), _):
            assert of == rows(given["unet"][Q], HIDDEN, 2 * HIDDEN)
            up = dict(first.tensors)["up"]
            assert (up.start, up.stop) == (HIDDEN, 2 * HIDDEN)
        case other:
            pytest.fail(repr(other))


def test_a_whole_weight_after_its_rows_sees_all_of_them():
    name = "transformer.single_transformer_blocks.3.attn.to_k"
    sliced = lora(pair(name, HIDDEN, HIDDEN, ends=PEFT))
    whole = lora(pair("lora_unet_single_blocks_3_linear1", 7 * HIDDEN, HIDDEN), 2)
    changed, _ = with_adapters(parts("flux_dev"), "flux_dev", (sliced, whole))
    match changed["unet"][Q]:
        case Cast(AddAdapter(Concat() as joined, _), DType.F16):
            assert joined.dtype is DType.F32
            assert isinstance(joined.parts[1], AddAdapter)
        case other:
            pytest.fail(repr(other))


def test_exchanged_halves_exchange_the_rows_of_the_lora():
    key = "final_layer.adaLN_modulation.1.weight"
    file = lora(pair("transformer.norm_out.linear", 2 * HIDDEN, HIDDEN, ends=PEFT))
    changed, _ = with_adapters(parts("flux_dev"), "flux_dev", [file])
    up = dict(changed["unet"][key].of.adapter.tensors)["up"]
    assert [(piece.start, piece.stop) for piece in up.parts] == [
        (HIDDEN, 2 * HIDDEN),
        (0, HIDDEN),
    ]


def test_exchanged_halves_of_what_has_no_rows_are_exchanged_there_and_back():
    key = "final_layer.adaLN_modulation.1.weight"
    table = {
        "lycoris_norm_out_linear.lokr_w1": ("F16", (4, 4)),
        "lycoris_norm_out_linear.lokr_w2": ("F16", (1536, 768)),
    }
    changed, _ = with_adapters(parts("flux_dev"), "flux_dev", [lora(table)])
    one, two = (piece.of for piece in changed["unet"][key].parts)
    assert (one.start, one.stop, two.start, two.stop) == (HIDDEN, 2 * HIDDEN, 0, HIDDEN)
    assert [(piece.start, piece.stop) for piece in one.of.of.parts] == [
        (HIDDEN, 2 * HIDDEN),
        (0, HIDDEN),
    ]


def test_the_fused_projections_of_openclip_are_rows_of_one_tensor():
    made = {
        "conditioner.embedders.1.model." + key: value
        for key, value in {
            "transformer.resblocks.0.attn.in_proj_weight": ("F16", (3840, 1280)),
            "transformer.resblocks.0.mlp.c_fc.weight": ("F16", (5120, 1280)),
            "token_embedding.weight": ("F16", (49408, 1280)),
        }.items()
    }
    found = recognise(checkpoint(made)).find("clip_g")
    key = "text_model.encoder.layers.0.self_attn.k_proj.weight"
    file = lora(pair("lora_te2_text_model_encoder_layers_0_self_attn_k_proj", 1280, 1280))
    changed, _ = with_adapters({"clip_g": found.tensors}, "sdxl", [file])
    of = changed["clip_g"][key].of.of
    assert (of.start, of.stop) == (1280, 2560)
    assert of.of.tensor.name.endswith("in_proj_weight")


def test_strength_is_asked_for_each_tensor_and_zero_leaves_it():
    table = pair("lora_unet_single_blocks_3_linear2", HIDDEN, 5 * HIDDEN)
    table |= pair("lora_unet_single_blocks_4_linear2", HIDDEN, 5 * HIDDEN)
    given = parts("flux_dev")
    file = lora(table, strength=lambda part, key: 0.75 if "blocks.3." in key else 0.0)
    changed, (coverage,) = with_adapters(given, "flux_dev", [file])
    assert changed["unet"]["single_blocks.3.linear2.weight"].of.adapter.strength == 0.75
    key = "single_blocks.4.linear2.weight"
    assert changed["unet"][key] is given["unet"][key]
    assert coverage.touched == 2


def test_what_has_no_place_or_another_shape_is_listed():
    table = pair("lora_unet_single_blocks_3_linear2", HIDDEN, 5 * HIDDEN)
    table |= pair("lora_unet_single_blocks_4_linear2", HIDDEN, 4 * HIDDEN)
    table |= pair("lora_unet_single_blocks_99_linear2", HIDDEN, 5 * HIDDEN)
    table |= {
        "surprise": ("F16", (3,)),
        "lora_unet_single_blocks_5_linear2.diff_b": ("F16", (3072,)),
    }
    _, (coverage,) = with_adapters(parts("flux_dev"), "flux_dev", [lora(table)])
    assert coverage.touched == 2
    assert coverage.kinds == ("diff_b", "lora")
    assert coverage.skipped == ("lora_unet_single_blocks_4_linear2",)
    assert coverage.unmatched == ("lora_unet_single_blocks_99_linear2", "surprise")
    assert coverage.source.name == "lora.safetensors"


@pytest.mark.parametrize(("channels", "control"), [(128, True), (64, False), (32, False)])
def test_a_control_lora_is_told_from_one_that_does_not_fit(channels, control):
    table = pair("img_in", HIDDEN, channels, ends=PEFT)
    table |= pair("double_blocks.0.img_attn.proj", HIDDEN, HIDDEN, ends=PEFT)
    _, (coverage,) = with_adapters(parts("flux_dev"), "flux_dev", [lora(table)])
    assert coverage.control is control
    assert coverage.skipped == (() if channels == 64 else ("img_in",))


def test_codes_of_a_quantised_weight_are_not_changed():
    given = parts("flux_dev")
    scale = TensorInfo("s", DType.F32, (), 0, 4)
    given["unet"]["single_blocks.3.linear2.weight_scale"] = read(0, scale)
    table = pair("lora_unet_single_blocks_3_linear2", HIDDEN, 5 * HIDDEN)
    table |= pair("lora_unet_single_blocks_4_linear2", HIDDEN, 5 * HIDDEN)
    changed, (coverage,) = with_adapters(given, "flux_dev", [lora(table)])
    assert coverage.skipped == ("lora_unet_single_blocks_3_linear2",)
    key = "single_blocks.3.linear2.weight"
    assert changed["unet"][key] is given["unet"][key]


@pytest.mark.parametrize(
    ("table", "family", "words"),
    [
        (
            pair("lora_unet_double_blocks_0_img_attn_qkv", 9216, HIDDEN),
            "sdxl",
            "Flux or HunyuanVideo",
        ),
        (
            pair("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 320, 768),
            "sd20",
            "fits no tensor",
        ),
        ({"emb_params": ("F32", (4, 768))}, "sdxl", "is no LoRA"),
    ],
)
def test_a_lora_that_changes_nothing_is_refused(table, family, words):
    with pytest.raises(PlanError, match="lora") as caught:
        with_adapters(parts(family), family, [lora(table)])
    assert words in caught.value.message
    assert caught.value.hint


def in_pieces(name, dims, inputs, rank=4):
    table = {f"{name}.alpha": ("F32", ())}
    for number, out in enumerate(dims):
        table[f"{name}.lora_up.{number}.weight"] = ("F16", (out, rank))
        table[f"{name}.lora_down.{number}.weight"] = ("F16", (rank, inputs))
    return table


def test_a_fused_weight_that_is_trained_in_pieces_is_changed_piece_by_piece():
    given = parts("flux_dev")
    dims = (*[HIDDEN] * 3, 4 * HIDDEN)
    file = lora(in_pieces("lora_unet_single_blocks_3_linear1", dims, HIDDEN))
    changed, (coverage,) = with_adapters(given, "flux_dev", [file])
    pieces = changed["unet"][Q].parts
    assert [piece.shape[0] for piece in pieces] == list(dims)
    for number, piece in enumerate(pieces):
        assert piece.of.of == rows(
            given["unet"][Q], HIDDEN * number, HIDDEN * number + dims[number]
        )
        factors = dict(piece.of.adapter.tensors)
        assert sorted(factors) == ["alpha", "down", "up"]
        assert factors["up"].tensor.name.endswith(f"lora_up.{number}.weight")
        assert factors["down"].tensor.name.endswith(f"lora_down.{number}.weight")
    assert (coverage.touched, coverage.unmatched, coverage.skipped) == (1, (), ())


def test_pieces_that_are_not_all_there_change_nothing():
    given = parts("flux_dev")
    name = "lora_unet_single_blocks_3_linear1"
    whole = pair("lora_unet_single_blocks_3_linear2", HIDDEN, 5 * HIDDEN)
    short = lora(in_pieces(name, [HIDDEN] * 3, HIDDEN) | whole)
    changed, (coverage,) = with_adapters(given, "flux_dev", [short])
    assert changed["unet"][Q] == given["unet"][Q]
    assert coverage.skipped == (name,) * 3
    table = in_pieces(name, [HIDDEN] * 3, HIDDEN) | whole
    del table[f"{name}.lora_up.1.weight"]
    _, (coverage,) = with_adapters(given, "flux_dev", [lora(table)])
    assert len(coverage.unmatched) == 6


def test_a_fused_weight_is_changed_in_a_model_that_holds_it_apart():
    (form,) = (each for each in family("flux_dev").unet.component.forms if each.name == "diffusers")
    spelled = form.spelled(expressions(unet("flux_dev")))
    table = {name: ("F16", expr.shape) for name, expr in spelled.items()}
    recognition = opened(table).recognition
    given = {part.part: part.tensors for part in recognition.parts}
    file = lora(pair("lora_unet_double_blocks_3_img_attn_qkv", 3 * HIDDEN, HIDDEN))
    changed, (coverage,) = with_adapters(given, recognition.architecture, [file])
    assert coverage.touched == 1
    match changed["unet"]["double_blocks.3.img_attn.qkv.weight"]:
        case Cast(AddAdapter(of), DType.F16):
            names = [leaf.tensor.name for leaf in reads(of)]
        case other:
            pytest.fail(repr(other))
    start = "transformer_blocks.3.attn.to_"
    assert names == [f"{start}{letter}.weight" for letter in "qkv"]
