"""Two checkpoints beside each other, by their headers, and what that comes to."""

import csv

import pytest

from ckpt_studio.core.comparison.comparing import State, compare, largest_blocks_first
from ckpt_studio.core.comparison.comparison_export import comparison_csv
from ckpt_studio.core.comparison.differences import Difference, TensorDifference, by_block, by_part
from ckpt_studio.core.comparison.verdict import PartState, part_verdicts, percent, verdict
from tests.models import encoder, opened, other_spelling, unet, vae

PREFIXES = {"unet": "model.diffusion_model.", "vae": "first_stage_model."}


def whole(dtype="F16", metadata=None, name="whole.safetensors"):
    table = unet("sd15", dtype, PREFIXES["unet"])
    table |= {PREFIXES["vae"] + key: value for key, value in vae("sd15", dtype).items()}
    table |= {
        f"cond_stage_model.transformer.{key}": value
        for key, value in encoder("clip_l", dtype).items()
    }
    return opened(table, name, metadata)


def part_alone(part, family="sd15"):
    tables = {"unet": lambda: unet(family), "vae": lambda: vae(family)}
    table = tables.get(part, lambda: encoder(part))()
    return opened(table, f"{part}.safetensors")


def differences(comparison, relative=None):
    """Differences as if A were all ones; parts named in ``relative`` differ by so much."""
    relative = relative or {}
    return [
        TensorDifference(
            row,
            identical=not relative.get(row.part) and row.state is State.SAME,
            same=not relative.get(row.part),
            difference=Difference(1, 0, 1.0, 1.0, relative.get(row.part, 0.0) ** 2, 1.0, 0.0),
        )
        for row in comparison.tensors
        if row.comparable
    ]


def test_a_diffusers_unet_compares_with_one_inside_a_checkpoint():
    table = {f"model.diffusion_model.{key}": value for key, value in unet("sdxl").items()} | {
        f"first_stage_model.{key}": value for key, value in vae("sdxl").items()
    }
    a, b = opened(table, "xl.safetensors"), opened(other_spelling("sdxl_unet 4"), "u.safetensors")
    comparison = compare(a, b)
    rows = comparison.parts["unet"]
    assert {row.state for row in rows} == {State.SAME}
    row = next(row for row in rows if row.name == "input_blocks.4.1.proj_in.weight")
    assert row.a.names == ("model.diffusion_model.input_blocks.4.1.proj_in.weight",)
    assert row.b.names == ("down_blocks.1.attentions.0.proj_in.weight",)
    assert row.block == "IN04"
    assert comparison.shared == ("unet",)
    assert verdict(comparison, differences(comparison)) == (
        "The diffusion model is the same in both.",
        "Only A has the VAE.",
    )


def test_a_diffusers_vae_file_is_the_vae_of_a_checkpoint():
    comparison = compare(whole(), opened(other_spelling("vae_kl4", "F32"), "vae.safetensors"))
    assert comparison.shared == ("vae",)
    assert {row.state for row in comparison.parts["vae"]} == {State.DTYPE}
    assert verdict(comparison, differences(comparison)) == (
        "The VAE is the same in both in another precision: F16 in A, F32 in B.",
        "Only A has the diffusion model and CLIP-L.",
    )


def test_the_same_file_and_the_same_weights_in_another_precision():
    same = compare(whole(), whole())
    assert verdict(same) == (
        f"Both files hold the same {len(same.tensors):,} tensors, in the same shapes and types.",
    )
    assert verdict(same, differences(same)) == ("All tensors are the same, byte for byte.",)
    half = compare(whole("F32"), whole("F16"))
    every = f"{len(half.tensors):,} tensors, all of them in another precision."
    assert verdict(half)[0].endswith(every)
    assert verdict(half, differences(half)) == (
        "The files hold the same weights in another precision: F32 in A, F16 in B.",
    )
    assert {part.state for part in part_verdicts(half, differences(half))} == {PartState.SAME}


def test_only_the_diffusion_model_differs():
    comparison = compare(whole(metadata={"k": "1"}), whole(metadata={"k": "2", "n": "3"}))
    assert verdict(comparison, differences(comparison, {"unet": 0.032})) == (
        "Only the diffusion model differs by 3.2 %.",
        "The CLIP-L and VAE are the same in both.",
        "The metadata differs in 2 keys.",
    )
    both = {"unet": 0.5, "clip_l": 0.002, "vae": 1e-6}
    assert verdict(comparison, differences(comparison, both))[:3] == (
        "The diffusion model differs by 50 %.",
        "The CLIP-L differs by 0.20 %.",
        "The VAE differs by under 0.01 %.",
    )
    states = [(key.key, key.state) for key in comparison.metadata]
    assert states == [("k", State.CHANGED), ("n", State.ONLY_B)]
    back = compare(comparison.b, comparison.a)
    assert [key.state for key in back.metadata] == [State.CHANGED, State.ONLY_A]


def test_parts_that_were_not_compared_are_unknown():
    comparison = compare(whole(), whole())
    assert {part.state for part in part_verdicts(comparison)} == {PartState.UNKNOWN}
    some = [one for one in differences(comparison) if one.tensor.part == "vae"]
    found = {part.part: part.state for part in part_verdicts(comparison, some)}
    assert found == {
        "unet": PartState.UNKNOWN,
        "clip_l": PartState.UNKNOWN,
        "vae": PartState.IDENTICAL,
    }


def test_unknown_models_compare_by_their_names():
    a = opened({"x": ("F16", (2, 3)), "y": ("F16", (4,)), "z": ("F16", (4,))}, "a.safetensors")
    b = opened({"x": ("F16", (3, 2)), "y": ("BF16", (4,)), "w": ("F16", (4,))}, "b.safetensors")
    comparison = compare(a, b)
    assert [(row.name, row.state) for row in comparison.tensors] == [
        ("x", State.SHAPE),
        ("y", State.DTYPE),
        ("z", State.ONLY_A),
        ("w", State.ONLY_B),
    ]
    assert verdict(comparison) == (
        "2 tensors are in both files, 1 of them in another shape and 1 of them in another "
        "precision.",
    )
    assert verdict(comparison, differences(comparison)) == (
        "The tensor that both have in the same shape is the same in another precision: F16 in A, "
        "BF16 in B; x has another shape, z is only in A and w is only in B.",
    )
    unlike = opened({"x": ("F16", (6,))}, "u.safetensors")
    assert verdict(compare(a, unlike), ()) == ("The tensors differ in names or shapes.",)
    other = opened({"q": ("F16", (1,))}, "q.safetensors")
    assert verdict(compare(a, other)) == ("The files have no tensors in common.",)


def test_one_more_tensor_does_not_hide_that_all_others_are_the_same():
    table = encoder("clip_l")
    ids = "text_model.embeddings.position_ids"
    table.pop(ids, None)
    a, b = opened(table, "a"), opened(table | {ids: ("I64", (1, 77))}, "b")
    comparison = compare(a, b)
    start = f"The {len(table)} tensors of the CLIP-L that both have "
    assert verdict(comparison, differences(comparison)) == (
        f"{start}are the same, byte for byte; {ids} is only in B.",
    )
    assert [part.state for part in part_verdicts(comparison)] == [PartState.UNLIKE]
    assert verdict(comparison, differences(comparison, {"clip_l": 0.032})) == (
        f"{start}differ by 3.2 %; {ids} is only in B.",
    )
    one = {"x": ("F16", (3,))}
    odd = compare(opened(one, "a"), opened(one | {"y\u202eodd": ("F16", (3,))}, "b"))
    assert verdict(odd, differences(odd)) == (
        "The tensor that both have is the same, byte for byte; y⟨202E⟩odd is only in B.",
    )


def test_unlike_parts_are_told_and_why_they_are_not_compared():
    assert verdict(compare(part_alone("vae"), part_alone("clip_l"))) == (
        "The files have no tensors in common.",
        "Only A has the VAE.",
        "Only B has the CLIP-L.",
        "A part is compared with the same part of another model.",
    )


def test_models_of_two_families_are_told():
    said = verdict(compare(part_alone("unet"), part_alone("unet", "sdxl")))
    assert said[-1].startswith("The models are of two families: Stable Diffusion 1.5")
    assert said[-1].endswith(" in B.")


def test_the_largest_blocks_come_first():
    rows = largest_blocks_first(compare(whole(), whole()).tensors)
    sizes = {}
    for row in rows:
        key = (row.part, row.block)
        sizes[key] = sizes.get(key, 0) + row.nbytes
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)


def test_sums_by_part_and_block_add_up():
    one = Difference(2, 0, 4.0, 4.0, 1.0, 3.0, 0.5)
    assert (one + one).largest == 0.5
    assert (one + one).relative == one.relative == 0.5
    assert one.cosine == 0.75
    comparison = compare(whole(), whole())
    found = differences(comparison)
    assert sum(gap.count for gap in by_part(found).values()) == len(found)
    assert sum(gap.count for gap in by_block(found).values()) == len(found)
    assert ("unet", "IN01") in by_block(found)


@pytest.mark.parametrize(
    ("gap", "relative", "cosine"),
    [
        (Difference(), 0.0, None),
        (Difference(1, 0, 0.0, 1.0, 1.0, 0.0, 1.0), float("inf"), None),
        (Difference(1, 0, 1.0, 1.0, 4.0, -1.0 - 1e-12, 2.0), 2.0, -1.0),
    ],
)
def test_differences_of_nothing(gap, relative, cosine):
    assert (gap.relative, gap.cosine) == (relative, cosine)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "under 0.01 %"), (0.0042, "0.42 %"), (0.032, "3.2 %"), (1.5, "150 %")],
)
def test_percent(share, text):
    assert percent(share) == text


def test_csv_has_a_line_for_each_tensor_and_no_formulas():
    a = opened({"=x": ("F16", (2, 3)), "y": ("F16", (4,))}, "a.safetensors")
    b = opened({"=x": ("F16", (2, 3)), "z": ("F16", (4,))}, "b.safetensors")
    comparison = compare(a, b)
    lines = list(csv.DictReader(comparison_csv(comparison, differences(comparison)).splitlines()))
    assert [line["name"] for line in lines] == ["'=x", "y", "z"]
    assert (lines[0]["shape_a"], lines[0]["identical"], lines[0]["cosine"]) == ("2x3", "yes", "1")
    assert (lines[1]["state"], lines[1]["name_b"], lines[1]["same"]) == ("only-a", "", "")


def test_only_is_not_said_while_a_part_is_not_compared():
    comparison = compare(whole(), whole())
    known = [
        one
        for one in differences(comparison, {"unet": 0.032})
        if one.tensor.part in {"unet", "vae"}
    ]
    assert verdict(comparison, known) == (
        "The diffusion model differs by 3.2 %.",
        "The VAE is the same in both.",
    )
