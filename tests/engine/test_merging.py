"""Merges on the disk: values, types, all in one pass, the same bytes on any number of threads."""

import errno
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ckpt_studio.core.errors import CkptStudioError, PlanError, WriteError
from ckpt_studio.core.merging.methods import METHODS, Reach
from ckpt_studio.core.recipe import (
    LoraUse,
    Merge,
    MetadataChoice,
    NameRule,
    Output,
    Precision,
)
from ckpt_studio.engine import WriteOptions, plan, write, write_together
from ckpt_studio.engine.hashing import hash_file
from ckpt_studio.engine.replaying import MissingSourcesError, with_sources
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.recipe_json import METADATA_KEY, recipe_from_json
from tests.making.merging import BLOCKS, delta, lora, model

WHOLE = ("steps", "scale")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "a": model(folder / "a.safetensors", 1, metadata={"modelspec.title": "Model A"}),
        "b": model(folder / "b.safetensors", 2),
        "c": model(folder / "c.safetensors", 3),
        "wide": model(folder / "wide.safetensors", 4, torch.float32),
        "lora": lora(folder / "style.safetensors", 5),
        "other": lora(folder / "other.safetensors", 6, rank=2, alpha=1.0),
    }


def merged(recipe, tmp_path, name="out.safetensors", **options):
    recipe = replace(recipe, output=Output(path=tmp_path / name, overwrite=True))
    report = write(plan(recipe), WriteOptions(**options))
    return load_file(report.path)


def test_a_weighted_sum_is_that_of_fp32_rounded_once(files, tmp_path):
    a, b = load_file(files["a"]), load_file(files["b"])
    found = merged(Merge((files["a"], files["b"]), parameters={"alpha": 0.3}), tmp_path)
    assert found.keys() == a.keys()
    for name, value in found.items():
        assert value.dtype is a[name].dtype
        if name in WHOLE:
            assert torch.equal(value, a[name])
            continue
        exact = 0.7 * a[name].double() + 0.3 * b[name].double()
        assert (value != exact.to(value.dtype)).float().mean() < 0.01
        assert torch.allclose(value.double(), exact, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(("alpha", "same"), [(0.0, "a"), (1.0, "b")])
def test_the_ends_are_the_models(files, tmp_path, alpha, same):
    found = merged(Merge((files["a"], files["b"]), parameters={"alpha": alpha}), tmp_path)
    wanted = load_file(files[same])
    assert all(torch.equal(found[name], wanted[name]) for name in found if name not in WHOLE)


def test_every_method_gives_the_same_bytes_on_any_number_of_threads(files, tmp_path):
    for spec in METHODS:
        models = [files[letter] for letter in "abc"][: spec.most or 3]
        recipe = Merge(tuple(models), method=spec.id, seed=7)
        hashes = set()
        for threads in (1, 3):
            merged(recipe, tmp_path, threads=threads)
            hashes.add(hash_file(tmp_path / "out.safetensors").sha256)
        assert len(hashes) == 1, spec.id


def test_methods_that_draw_lots_depend_on_their_seed(files, tmp_path):
    random = [spec.id for spec in METHODS if spec.random]
    assert random
    for method in random:
        recipe = Merge(tuple(files[letter] for letter in "abc"), method=method)
        one = merged(replace(recipe, seed=1), tmp_path)
        two = merged(replace(recipe, seed=2), tmp_path)
        assert not torch.equal(one["last.weight"], two["last.weight"])


def test_methods_of_two_passes_look_at_the_whole_model_first(files, tmp_path):
    two = [spec.id for spec in METHODS if spec.reach is Reach.MODEL]
    assert two
    for method in two:
        found = merged(Merge((files["a"], files["b"]), method=method), tmp_path)
        assert all(torch.isfinite(value.float()).all() for value in found.values())
        assert not torch.equal(found["last.weight"], load_file(files["a"])["last.weight"])


def test_types_of_models_may_differ_and_the_result_has_that_of_a(files, tmp_path):
    recipe = Merge((files["a"], files["wide"]), parameters={"alpha": 0.5})
    found = merged(recipe, tmp_path)
    assert found["last.weight"].dtype is torch.float16
    found = merged(replace(recipe, precision={"*": Precision.BF16}), tmp_path)
    assert found["last.weight"].dtype is torch.bfloat16
    assert found["steps"].dtype is torch.int64


def test_rules_and_rest_in_one_pass(files, tmp_path):
    a, b = load_file(files["a"]), load_file(files["b"])
    recipe = Merge(
        (files["a"], files["b"]),
        parameters={"alpha": 0.0},
        rules=(NameRule("blocks.1.", {"alpha": 1.0}),),
    )
    found = merged(recipe, tmp_path)
    assert torch.equal(found["blocks.1.attn.weight"], b["blocks.1.attn.weight"])
    assert torch.equal(found["blocks.2.attn.weight"], a["blocks.2.attn.weight"])


def test_loras_are_baked_into_what_was_merged_before_it_is_rounded(files, tmp_path):
    a, b = load_file(files["a"]), load_file(files["b"])
    recipe = Merge(
        (files["a"], files["b"]),
        parameters={"alpha": 0.5},
        loras=(LoraUse(files["lora"], 0.8), LoraUse(files["other"], -0.5)),
    )
    planned = plan(replace(recipe, output=Output(path=tmp_path / "x.safetensors")))
    assert [each.touched for each in planned.coverage.adapters] == [BLOCKS, BLOCKS]
    assert not any(each.unmatched for each in planned.coverage.adapters)
    found = merged(recipe, tmp_path)
    for number in range(BLOCKS):
        name = f"blocks.{number}.attn.weight"
        exact = (a[name].double() + b[name].double()) / 2
        exact += 0.8 * delta(files["lora"], number).double()
        exact -= 0.5 * delta(files["other"], number).double()
        assert torch.allclose(found[name].double(), exact, rtol=1e-3, atol=1e-5)


def test_a_lora_alone_is_baked_into_one_model(files, tmp_path):
    found = merged(Merge((files["a"],), method="copy", loras=(LoraUse(files["lora"]),)), tmp_path)
    a = load_file(files["a"])
    assert torch.equal(found["last.weight"], a["last.weight"])
    exact = a["blocks.0.attn.weight"].double() + delta(files["lora"], 0).double()
    assert torch.allclose(found["blocks.0.attn.weight"].double(), exact, rtol=1e-3, atol=1e-5)


def test_a_lora_for_another_model_is_refused(files, tmp_path):
    alien = tmp_path / "alien.safetensors"
    save_file({"lora_unet_nowhere.lora_down.weight": torch.ones(2, 4)}, alien)
    with pytest.raises(PlanError, match=r"alien\.safetensors"):
        plan(Merge((files["a"],), method="copy", loras=(LoraUse(alien),)))


def test_several_values_are_written_in_step(files, tmp_path):
    alphas = (0.2, 0.3, 0.4)
    recipes = [
        Merge(
            (files["a"], files["b"]),
            parameters={"alpha": alpha},
            output=Output(path=tmp_path / f"{alpha}.safetensors"),
        )
        for alpha in alphas
    ]
    reports = write_together([plan(recipe) for recipe in recipes], WriteOptions(hashes=True))
    for recipe, report in zip(recipes, reports, strict=True):
        alone = tmp_path / "alone.safetensors"
        write(plan(replace(recipe, output=Output(path=alone, overwrite=True))))
        assert hash_file(alone).sha256 == report.sha256 == hash_file(report.path).sha256


def test_of_several_none_is_there_when_one_cannot_be_written(files, tmp_path):
    recipes = [
        Merge((files["a"], files["b"]), output=Output(path=tmp_path / name))
        for name in ("first.safetensors", "second.safetensors")
    ]
    plans = [plan(recipe) for recipe in recipes]
    (tmp_path / "second.safetensors").mkdir()
    with pytest.raises(CkptStudioError, match="second"):
        write_together(plans)
    assert not (tmp_path / "first.safetensors").exists()


class Full(Files):
    def write_at(self, file, data, offset):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_has_no_room_for_several_names_how_many(files, tmp_path):
    recipes = [
        Merge((files["a"], files["b"]), output=Output(path=tmp_path / f"{name}.safetensors"))
        for name in ("first", "second", "third")
    ]
    with pytest.raises(WriteError, match=r"first\.safetensors and 2 more files need"):
        write_together([plan(recipe) for recipe in recipes], files=Full())
    with pytest.raises(WriteError, match=r"first\.safetensors needs"):
        write(plan(recipes[0]), files=Full())


def recipe_in(path):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    return metadata, metadata[METADATA_KEY]


def test_the_recipe_in_the_file_makes_it_again_byte_for_byte(files, tmp_path):
    recipe = Merge(
        (files["a"], files["b"]),
        parameters={"alpha": 0.3},
        rules=(NameRule("blocks.1.", {"alpha": 0.9}),),
        loras=(LoraUse(files["lora"], 0.8, 0.5),),
        precision={"*": Precision.BF16},
        metadata=MetadataChoice(recipe=True),
    )
    merged(recipe, tmp_path)
    made = tmp_path / "out.safetensors"
    metadata, text = recipe_in(made)
    assert str(files["a"].parent) not in json.dumps(metadata)
    hashes = {letter: hash_file(files[letter]) for letter in ("a", "b")}
    webui = json.loads(metadata["sd_merge_recipe"])
    assert webui["primary_model_hash"] == hashes["a"].sha256
    assert set(json.loads(metadata["sd_merge_models"])) == {each.sha256 for each in hashes.values()}
    assert json.loads(text)["hashes"]["b.safetensors"] == hashes["b"].sha256
    assert metadata["modelspec.merged_from"] == "Model A, b"

    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    for letter in ("a", "b", "lora"):
        (elsewhere / f"renamed_{letter}.safetensors").write_bytes(files[letter].read_bytes())
    found = with_sources(recipe_from_json(text, folder=tmp_path), (elsewhere,))
    merged(found, tmp_path, "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == made.read_bytes()


def test_sources_that_are_missing_are_named(files, tmp_path):
    recipe = Merge((files["a"], files["b"]), metadata=MetadataChoice(recipe=True))
    merged(recipe, tmp_path)
    _, text = recipe_in(tmp_path / "out.safetensors")
    with pytest.raises(MissingSourcesError, match=r"a\.safetensors, b\.safetensors") as caught:
        with_sources(recipe_from_json(text, folder=tmp_path))
    assert caught.value.names == ("a.safetensors", "b.safetensors")


def test_a_model_and_its_copy_are_found_under_both_names(files, tmp_path):
    copy = tmp_path / "copy_of_a.safetensors"
    copy.write_bytes(files["a"].read_bytes())
    recipe = Merge((files["a"], copy), metadata=MetadataChoice(recipe=True))
    merged(recipe, tmp_path)
    _, text = recipe_in(tmp_path / "out.safetensors")
    places = (tmp_path, files["a"].parent)
    found = with_sources(recipe_from_json(text, folder=tmp_path / "nowhere"), places)
    merged(found, tmp_path, "again.safetensors")
    made = (tmp_path / "out.safetensors").read_bytes()
    assert (tmp_path / "again.safetensors").read_bytes() == made


def test_recipes_of_parents_are_kept(files, tmp_path):
    recipe = Merge((files["a"], files["b"]), metadata=MetadataChoice(recipe=True))
    merged(recipe, tmp_path, "child.safetensors")
    child = tmp_path / "child.safetensors"
    merged(replace(recipe, models=(child, files["c"])), tmp_path, "grandchild.safetensors")
    metadata, _ = recipe_in(tmp_path / "grandchild.safetensors")
    models = json.loads(metadata["sd_merge_models"])
    assert len(models) == 4
    own = models[hash_file(child).sha256]["sd_merge_recipe"]
    assert own["primary_model_hash"] == hash_file(files["a"]).sha256


def test_marks_in_the_metadata_of_a_model_are_not_filled_in(files, tmp_path):
    mark = "~s0~".ljust(64, "~")
    texts = {key: json.dumps({mark: {"name": mark}}) for key in ("sd_merge_recipe", "other")}
    texts["sd_merge_models"] = texts["sd_merge_recipe"]
    first = model(tmp_path / "~s1~.safetensors", 8, metadata=texts)
    recipe = Merge((first, files["b"]), metadata=MetadataChoice(recipe=True))
    merged(recipe, tmp_path)
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        found = file.metadata()
    sha256 = hash_file(first).sha256
    assert found["other"] == texts["other"]
    parents = json.loads(found["sd_merge_models"])
    assert parents[sha256]["name"] == "~s1~.safetensors"
    assert sha256 not in json.dumps(parents[sha256])
    assert found["sd_merge_models"].count(sha256) == 1


def test_how_a_came_about_is_not_said_of_the_result(files, tmp_path):
    recipe = Merge((files["a"], files["b"]), metadata=MetadataChoice(recipe=True))
    merged(recipe, tmp_path, "first.safetensors")
    merged(Merge((tmp_path / "first.safetensors", files["c"])), tmp_path, "second.safetensors")
    with safe_open(tmp_path / "second.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt", "modelspec.title": "Model A"}


@pytest.mark.parametrize("wide_first", [True, False])
@pytest.mark.parametrize("method", ["weighted_sum", "add_difference"])
def test_input_layers_of_other_widths_meet_in_the_channels_they_share(tmp_path, wide_first, method):
    random = torch.Generator().manual_seed(3)

    def model_with(name, channels):
        found = {
            "img_in.weight": torch.randn((16, channels), generator=random),
            "blocks.0.attn.weight": torch.randn((16, 16), generator=random),
        }
        save_file(found, tmp_path / name)
        return tmp_path / name, found["img_in.weight"].double()

    (a, own), (b, other), (c, base) = (
        model_with(f"{letter}.safetensors", channels)
        for letter, channels in zip("abc", (12, 4, 4) if wide_first else (4, 12, 12), strict=True)
    )
    models = (a, b) if method == "weighted_sum" else (a, b, c)
    found = merged(Merge(models, method=method, parameters={"alpha": 0.25}), tmp_path)
    change = other[:, :4] - (own[:, :4] if method == "weighted_sum" else base[:, :4])
    exact = own.clone()
    exact[:, :4] += 0.25 * change
    assert torch.allclose(found["img_in.weight"].double(), exact, atol=1e-6)
