"""What a merge makes of every tensor, from headers alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Blend, Cast, Read, operation, reads
from ckpt_studio.core.merging.planning import merge
from ckpt_studio.core.recipe import Merge, MetadataChoice, NameRule, Precision
from ckpt_studio.core.tensors import DType
from tests import models

A, B, C = (Path(f"/models/{letter}.safetensors") for letter in "abc")


def sd15(dtype="F16", unet="sd15", **more):
    whole = {
        "model.diffusion_model.": models.unet(unet, dtype),
        "cond_stage_model.transformer.": models.encoder("clip_l", dtype),
        "first_stage_model.": models.vae("sd15", dtype),
    }
    table = {prefix + key: row for prefix, rows in whole.items() for key, row in rows.items()}
    table["cond_stage_model.transformer.text_model.embeddings.position_ids"] = ("I64", (1, 77))
    return table | more


def plan_of(recipe, *tables, metadata=None):
    files = {
        path: models.opened(table, path.name, metadata)
        for path, table in zip(recipe.sources, tables, strict=True)
    }
    return merge(recipe, files)


def rows_of(plan):
    return {row.name: row for row in plan.tensors}


def blend_of(expr):
    return expr.of if isinstance(expr, Cast) else expr


def test_every_tensor_of_a_is_in_the_result_with_its_type():
    plan = plan_of(Merge((A, B)), sd15(), sd15("F32"))
    assert models.plan_table(plan) == {
        name: (label, tuple(shape)) for name, (label, shape) in sd15().items()
    }


def test_unet_and_text_encoder_are_merged_and_the_vae_is_that_of_a():
    plan = plan_of(Merge((A, B), parameters={"alpha": 0.25}), sd15(), sd15())
    rows = rows_of(plan)
    weight = blend_of(rows["model.diffusion_model.input_blocks.1.0.in_layers.2.weight"].expr)
    assert isinstance(weight, Blend)
    assert weight.method == "weighted_sum"
    assert dict(weight.parameters) == {"alpha": 0.25}
    assert [leaf.source for leaf in reads(weight)] == [0, 1]
    assert operation(rows["first_stage_model.decoder.conv_in.weight"].expr) == "copy"
    assert plan.coverage.merged == 686 + 196
    assert plan.coverage.copied == 248 + 1
    assert plan.coverage.total == len(sd15())


def test_whole_numbers_are_never_merged():
    plan = plan_of(Merge((A, B)), sd15(), sd15())
    ids = rows_of(plan)["cond_stage_model.transformer.text_model.embeddings.position_ids"]
    assert isinstance(ids.expr, Read)
    assert ids.expr.source == 0


def test_position_numbers_that_are_stored_as_floats_are_mended():
    key = "cond_stage_model.transformer.text_model.embeddings.position_ids"
    plan = plan_of(Merge((A, B)), sd15(**{key: ("F16", (1, 77))}), sd15())
    assert rows_of(plan)[key].dtype is DType.I64


@pytest.mark.parametrize(("alpha", "source"), [(0.0, 0), (1.0, 1)])
def test_the_ends_of_the_slider_are_the_models_bit_for_bit(alpha, source):
    plan = plan_of(Merge((A, B), parameters={"alpha": alpha}), sd15(), sd15())
    row = rows_of(plan)["model.diffusion_model.out.2.weight"]
    assert isinstance(row.expr, Read)
    assert row.expr.source == source
    assert not plan.computes


def test_a_bare_unet_takes_the_place_of_the_one_in_a_checkpoint():
    plan = plan_of(Merge((A, B)), sd15(), models.unet("sd15"))
    assert plan.coverage.merged == 686
    assert any(problem.code == "absent-part" for problem in plan.problems)


def test_blocks_give_each_tensor_its_own_value():
    weights = (0.1, *(0.2 + 0.01 * number for number in range(25)))
    recipe = Merge((A, B), blocks={"alpha": weights}, parameters={"alpha": 0.9})
    rows = rows_of(plan_of(recipe, sd15(), sd15()))

    def alpha(name):
        return dict(blend_of(rows[name].expr).parameters)["alpha"]

    prefix = "model.diffusion_model."
    encoder = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
    assert alpha(encoder) == 0.1
    assert alpha(f"{prefix}input_blocks.0.0.weight") == weights[1]
    assert alpha(f"{prefix}input_blocks.11.0.in_layers.2.weight") == weights[12]
    assert alpha(f"{prefix}middle_block.1.norm.weight") == weights[13]
    assert alpha(f"{prefix}output_blocks.11.0.in_layers.2.weight") == weights[25]


def test_rules_go_before_blocks_before_parts_before_parameters():
    recipe = Merge(
        (A, B),
        parameters={"alpha": 0.9},
        part_values={"te": {"alpha": 0.3}},
        rules=(NameRule("attn2", {"alpha": 0.7}), NameRule("*to_q.weight", {"alpha": 0.8})),
    )
    rows = rows_of(plan_of(recipe, sd15(), sd15()))

    def alpha(name):
        return dict(blend_of(rows[name].expr).parameters)["alpha"]

    block = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0"
    assert alpha(f"{block}.attn1.to_k.weight") == 0.9
    assert alpha(f"{block}.attn2.to_k.weight") == 0.7
    assert alpha(f"{block}.attn2.to_q.weight") == 0.8
    assert alpha("cond_stage_model.transformer.text_model.final_layer_norm.weight") == 0.3


def test_a_part_can_be_taken_from_another_model():
    recipe = Merge((A, B), parts={"te": "b", "vae": "merge", "unet": "a"})
    plan = plan_of(recipe, sd15(), sd15())
    rows = rows_of(plan)
    te = rows["cond_stage_model.transformer.text_model.final_layer_norm.weight"].expr
    assert isinstance(te, Read)
    assert te.source == 1
    assert operation(rows["model.diffusion_model.out.2.weight"].expr) == "copy"
    assert isinstance(blend_of(rows["first_stage_model.decoder.conv_in.weight"].expr), Blend)
    assert plan.coverage.taken == 196
    assert any(problem.code == "merged-vae" for problem in plan.problems)


def test_another_vae_is_baked_in():
    recipe = Merge((A, B), vae=C)
    plan = plan_of(recipe, sd15(), sd15(), models.vae("sd15", "F32"))
    row = rows_of(plan)["first_stage_model.decoder.conv_in.weight"]
    assert row.dtype is DType.F16
    assert [leaf.source for leaf in reads(row.expr)] == [2]
    assert plan.coverage.taken == 248


def test_the_plan_says_what_each_part_is_made_of():
    recipe = Merge((A, B), vae=C)
    plan = plan_of(recipe, sd15(), sd15(), models.vae("sd15"))
    parts = {part.part: part for part in plan.parts}
    assert (parts["unet"].source, parts["unet"].others) == (A, (B,))
    assert parts["unet"].computed == 686
    assert (parts["vae"].source, parts["vae"].others, parts["vae"].computed) == (C, (), 0)


def test_the_common_ancestor_is_named():
    recipe = Merge((A, B, C), method="ties")
    plan = plan_of(recipe, sd15(), sd15(), sd15())
    (said,) = (problem for problem in plan.problems if problem.code == "ancestor")
    assert said.message.startswith("c.safetensors")


@pytest.mark.parametrize(
    ("one", "other", "told"), [("flux_dev", "chroma", True), ("flux_dev", "flux_schnell", False)]
)
def test_families_that_fit_one_another_are_told_apart(one, other, told):
    plan = plan_of(Merge((A, B)), models.unet(one, "BF16"), models.unet(other, "BF16"))
    assert any(problem.code == "families" for problem in plan.problems) is told


def test_one_model_twice_is_told():
    plan = plan_of(Merge((A, A)), sd15())
    assert any(problem.code == "same-model" for problem in plan.problems)


def test_precision_is_chosen_by_part_and_types_that_matter_stay():
    recipe = Merge((A, B), precision={"*": Precision.BF16, "vae": Precision.FP32})
    rows = rows_of(plan_of(recipe, sd15(), sd15()))
    assert rows["model.diffusion_model.out.2.weight"].dtype is DType.BF16
    assert rows["first_stage_model.decoder.conv_in.weight"].dtype is DType.F32
    ids = rows["cond_stage_model.transformer.text_model.embeddings.position_ids"]
    assert ids.dtype is DType.I64


@pytest.mark.parametrize(("ours", "theirs"), [("sd15_inpaint", "sd15"), ("sd15", "sd15_inpaint")])
def test_models_with_other_input_channels_are_merged(ours, theirs):
    recipe = Merge((A, B, C), method="add_difference", parameters={"alpha": 1.0})
    plan = plan_of(recipe, sd15(unet=ours), sd15(unet=theirs), sd15(unet=theirs))
    row = rows_of(plan)["model.diffusion_model.input_blocks.0.0.weight"]
    assert row.shape == tuple(sd15(unet=ours)[row.name][1])
    assert isinstance(blend_of(row.expr), Blend)
    assert not plan.coverage.conflicts


def test_models_of_other_families_are_refused_with_the_reason():
    sdxl = {f"model.diffusion_model.{k}": v for k, v in models.unet("sdxl").items()}
    with pytest.raises(
        PlanError, match=r"A \(a.safetensors\) is .*1\.5.*differ in shape"
    ) as caught:
        plan_of(Merge((A, B)), sd15(), sdxl)
    assert "family" in caught.value.hint


def test_models_with_nothing_in_common_are_refused():
    with pytest.raises(PlanError, match="nothing would be merged"):
        plan_of(Merge((A, B)), models.unet("sd15"), models.encoder("clip_l"))


def test_quantised_models_are_refused():
    table = sd15()
    table["model.diffusion_model.out.2.scale_weight"] = ("F32", ())
    with pytest.raises(PlanError, match="quantised"):
        plan_of(Merge((A, B)), sd15(), table)


def test_models_nobody_knows_are_merged_by_name():
    table = {f"stack.{n}.attn.weight": ("BF16", (64, 64)) for n in range(4)}
    prefixed = {f"model.diffusion_model.{key}": row for key, row in table.items()}
    plan = plan_of(Merge((A, B)), table, prefixed)
    assert plan.coverage.merged == 4


def test_a_wrong_number_of_block_weights_is_refused():
    with pytest.raises(PlanError, match="26 blocks"):
        plan_of(Merge((A, B), blocks={"alpha": (0.1,) * 20}), sd15(), sd15())


def test_a_part_that_is_not_there_is_refused():
    with pytest.raises(PlanError, match="no part “t5xxl”"):
        plan_of(Merge((A, B), parts={"t5xxl": "b"}), sd15(), sd15())


def test_the_recipe_is_written_as_a1111_reads_it():
    recipe = Merge((A, B), parameters={"alpha": 0.3}, metadata=MetadataChoice(recipe=True))
    metadata = plan_of(recipe, sd15(), sd15(), metadata={"modelspec.hash_sha256": "0x1"}).metadata
    assert '"type": "webui"' in metadata["sd_merge_recipe"]
    assert '"multiplier": 0.3' in metadata["sd_merge_recipe"]
    assert metadata["modelspec.merged_from"] == "a, b"
    assert "modelspec.hash_sha256" not in metadata
    assert "/models" not in "".join(metadata.values())


def test_a_merge_needs_the_models_that_its_method_takes():
    with pytest.raises(PlanError):
        plan_of(Merge((A, B), method="add_difference"), sd15(), sd15())
    with pytest.raises(PlanError):
        plan_of(replace(Merge((A, B)), parameters={"omega": 1.0}), sd15(), sd15())


def flux():
    return {
        **{f"model.diffusion_model.{key}": row for key, row in models.unet("flux_dev").items()},
        **{
            f"text_encoders.clip_l.transformer.{key}": row
            for key, row in models.encoder("clip_l").items()
        },
    }


def test_families_that_share_a_text_encoder_alone_are_refused():
    with pytest.raises(PlanError, match="no tensor of the UNet is in both"):
        plan_of(Merge((A, B)), sd15(), flux())
    plan = plan_of(Merge((A, B), parts={"unet": "a"}), sd15(), flux())
    assert plan.coverage.merged == 196
    assert "prediction" not in {problem.code for problem in plan.problems}


def test_parts_that_a_does_not_have_are_only_in_the_others():
    unet = models.unet("sd15")
    assert len(plan_of(Merge((A, B)), unet, sd15()).coverage.only_in_others) == 248 + 196
    assert not plan_of(Merge((A, B)), sd15(), unet).coverage.only_in_others


@pytest.mark.parametrize(("choice", "warned"), [("merge", True), ("b", False), ("a", False)])
def test_only_a_vae_that_is_averaged_is_warned_of(choice, warned):
    plan = plan_of(Merge((A, B), parts={"vae": choice}), sd15(), sd15())
    assert ("merged-vae" in {problem.code for problem in plan.problems}) is warned


def test_a_model_has_to_hold_the_parts_it_gives():
    with pytest.raises(PlanError, match=r"b\.safetensors holds no VAE"):
        plan_of(Merge((A, B), parts={"vae": "b"}), sd15(), models.unet("sd15"))
    with pytest.raises(PlanError, match=r"b\.safetensors holds no Text encoder"):
        plan_of(Merge((A, B), parts={"te": "b"}), sd15(), models.unet("sd15"))


def test_a_model_nobody_knows_has_no_parts_to_name():
    table = {f"stack.{n}.attn.weight": ("BF16", (64, 64)) for n in range(4)}
    with pytest.raises(PlanError, match="no part “unet”") as caught:
        plan_of(Merge((A, B), parts={"unet": "b"}), table, table)
    assert caught.value.hint == "It has no known parts."
