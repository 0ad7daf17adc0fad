"""What headers and statistics tell about a file, and what mends it."""

from pathlib import Path

from ckpt_studio.core.assembly.single_file import convert
from ckpt_studio.core.fixes import Fix
from ckpt_studio.core.health import (
    broken_positions,
    duplicate_findings,
    hash_findings,
    header_findings,
    value_findings,
    worst_first,
)
from ckpt_studio.core.metadata import RemoveKeys, SetValue
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.recipe import Convert, MetadataChoice, Precision
from ckpt_studio.core.statistics import Misfit, Moments, TensorStatistics, Values
from ckpt_studio.core.tensors import DType
from tests.models import encoder, opened, unet, vae

UNET, VAE, CLIP = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer."


def table(*parts):
    tensors = {}
    for part in parts:
        prefix, own = {
            "unet": (UNET, unet("sd15")),
            "vae": (VAE, vae("sd15")),
            "clip": (CLIP, encoder("clip_l")),
        }[part]
        tensors |= {prefix + key: value for key, value in own.items()}
    return tensors


def codes(found):
    return {finding.problem.code for finding in found}


def one(found, code):
    (finding,) = [finding for finding in found if finding.problem.code == code]
    return finding


def test_a_complete_checkpoint_has_nothing_but_its_vae_to_tell():
    found = list(header_findings(opened(table("unet", "vae", "clip"))))
    assert codes(found) == {"vae-baked"}
    assert one(found, "vae-baked").problem.message.endswith("F16.")


def test_a_checkpoint_without_a_vae_and_one_that_is_a_model_alone():
    found = list(header_findings(opened(table("unet", "clip"))))
    assert one(found, "missing-part:vae").problem.severity is Severity.WARNING
    alone = list(header_findings(opened(table("unet"))))
    assert codes(alone) == {"model-only"}
    assert "CLIP-L and VAE" in one(alone, "model-only").problem.hint


def test_missing_and_unknown_tensors_of_a_part():
    tensors = table("unet", "vae", "clip")
    del tensors[UNET + "out.2.bias"]
    tensors[UNET + "extra.weight"] = ("F16", (1,))
    file = opened(tensors)
    found = list(header_findings(file))
    assert one(found, "incomplete:unet").problem.names == ("out.2.bias",)
    extra = one(found, "unexpected:unet")
    assert extra.problem.names == (UNET + "extra.weight",)
    mended = convert(extra.fix.applied(Convert(Path("a"))), file)
    assert [gone.name for gone in mended.dropped] == [UNET + "extra.weight"]


def test_leftovers_are_pruned_by_their_fix():
    tensors = table("unet", "vae", "clip")
    tensors["model_ema.diffusion_modelout0weight"] = ("F32", (320,))
    tensors["betas"] = ("F32", (1000,))
    file = opened(tensors)
    finding = one(header_findings(file), "leftovers")
    assert "2 tensors" in finding.problem.message
    assert "EMA copy of the weights and noise schedule" in finding.problem.message
    mended = convert(finding.fix.applied(Convert(Path("a"))), file)
    assert {gone.name for gone in mended.dropped} == set(finding.problem.names)


def test_a_layer_that_is_called_after_an_optimiser_is_no_leftover():
    states = ("optimizer.state.0.exp_avg", "optimizer_states.0.step", "lr_schedulers.0.last_epoch")
    layers = ("optimizer_net.weight", "optimizers_head.weight", "lr_scheduler_embed.weight")
    file = opened(dict.fromkeys((*states, *layers), ("F32", (4,))))
    assert set(one(header_findings(file), "leftovers").problem.names) == set(states)


def test_position_numbers_that_are_weights():
    name = CLIP + "text_model.embeddings.position_ids"
    file = opened(table("unet", "vae", "clip") | {name: ("F16", (1, 77))})
    finding = one(header_findings(file), "position-ids-type")
    assert finding.problem.names == (name,)
    mended = convert(finding.fix.applied(Convert(Path("a"))), file)
    assert {row.name: row.dtype for row in mended.tensors}[name] is DType.I64
    assert not list(broken_positions(()))
    (broken,) = broken_positions((name, "other"))
    assert "2 text encoders" in broken.problem.message
    assert broken.fix.fix_position_ids


def statistics(name, dtype=DType.F32, **values):
    known = {"count": 4, "moments": Moments(4, -1.0, 1.0, 0.0, 1.0), **values}
    return TensorStatistics(name, dtype, Values(**known))


def test_values_that_are_invalid_zero_or_too_large():
    file = opened({"a": ("F32", (2, 2)), "b": ("F32", (4,)), "c": ("F32", (2, 2))})
    large = {DType.F16: Misfit(3, 0)}
    found = list(
        value_findings(
            file,
            [
                statistics("a", nans=1, infinities=2, misfits=large),
                statistics("b", zeros=4),
                statistics("c", zeros=4),
                TensorStatistics("codes", DType.U8, Values(count=1, nans=1), codes=True),
                TensorStatistics("packed", DType.F4, None),
            ],
        )
    )
    invalid = one(found, "invalid-values").problem
    assert invalid.severity is Severity.ERROR
    assert invalid.message == "a holds invalid numbers (1 NaN and 2 infinite)."
    assert one(found, "all-zero").problem.names == ("c",)
    finding = one(found, "too-large:fp16")
    assert finding.fix.precision == {"*": Precision.BF16}
    assert [f.problem.severity for f in worst_first(reversed(found))] == [
        Severity.ERROR,
        Severity.NOTE,
        Severity.NOTE,
    ]
    half = value_findings(file, [statistics("a", DType.BF16, misfits=large)])
    assert one(half, "too-large:fp16").fix is None
    assert not list(value_findings(file, [statistics("a")]))
    both = list(value_findings(file, [statistics("a", nans=1), statistics("c", nans=1)]))
    assert both[0].problem.message.startswith("2 tensors hold invalid numbers (2 NaN)")


def test_a_scale_mends_no_nan_of_fp8():
    file = opened({"a.weight": ("F8_E4M3", (2, 2))})
    large = {DType.F16: Misfit(3, 0)}
    found = list(
        value_findings(
            file,
            [
                TensorStatistics("a.weight", DType.F8_E4M3, Values(4, nans=1), codes=True),
                TensorStatistics("b.weight", DType.F8_E5M2, Values(4, infinities=2), codes=True),
                TensorStatistics("zero.weight", DType.F8_E4M3, Values(4, zeros=4), codes=True),
                TensorStatistics("scaled_fp8", DType.F8_E4M3, Values(2, nans=2), codes=True),
                TensorStatistics("nf4.weight", DType.U8, Values(4, misfits=large), codes=True),
            ],
        )
    )
    assert codes(found) == {"invalid-values"}
    assert one(found, "invalid-values").problem.names == ("a.weight", "b.weight")


def test_copies_beside_a_part_can_be_left_out_but_not_inside():
    tensors = table("vae") | {"copy": ("F16", (512, 512, 3, 3))}
    file = opened(tensors)
    inside = [name for name in tensors if name.startswith(VAE)][:2]
    beside = one(duplicate_findings(file, [(inside[0], "copy")]), "duplicates")
    assert beside.fix == Fix("Leave out the copies", drop=("copy",))
    within = one(duplicate_findings(file, [tuple(inside), ("a",)]), "duplicates")
    assert within.fix is None
    assert not list(duplicate_findings(file, [("a",)]))


def test_what_a_text_encoder_has_no_place_for_can_be_left_out():
    extra = CLIP + "text_model.extra.weight"
    file = opened(table("unet", "vae", "clip") | {extra: ("F16", (768, 768))})
    finding = one(header_findings(file), "unexpected:clip_l")
    mended = convert(finding.fix.applied(Convert(Path("a"))), file)
    assert [gone.name for gone in mended.dropped] == [extra]
    known = CLIP + "text_model.encoder.layers.0.self_attn.q_proj.weight"
    copies = one(duplicate_findings(file, [(known, extra)]), "duplicates")
    assert copies.fix == Fix("Leave out the copies", drop=(extra,))


def test_a_wrong_hash_is_removed_by_its_fix():
    file = opened({"a": ("F32", (2, 2))}, metadata={"sshs_model_hash": "00", "k": "v"})
    (finding,) = hash_findings(file, "ff" * 32)
    assert convert(finding.fix.applied(Convert(Path("a"))), file).metadata == {"k": "v"}


def test_fixes_add_to_what_was_chosen_and_to_each_other():
    chosen = Convert(
        Path("a"),
        precision={"vae": Precision.KEEP},
        metadata=MetadataChoice(edits=(SetValue("a", "b"),)),
        drop=("x",),
    )
    one_fix = Fix("1", drop=("x", "y"), edits=(RemoveKeys(frozenset({"k"})),))
    other = Fix("2", prune=True, precision={"*": Precision.BF16})
    recipe = other.applied(one_fix.applied(chosen))
    assert (recipe.drop, recipe.prune, recipe.fix_position_ids) == (("x", "y"), True, False)
    assert recipe.precision == {"vae": Precision.KEEP, "*": Precision.BF16}
    assert recipe.metadata.edits == (SetValue("a", "b"), RemoveKeys(frozenset({"k"})))
