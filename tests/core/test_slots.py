from pathlib import Path

import pytest

from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.precision_choices import choices
from ckpt_studio.core.assembly.slots import Refused
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.recipe import Assemble, Precision
from ckpt_studio.core.recognise import recognise
from ckpt_studio.core.recognition import Opened
from tests import models


def opened(name, table):
    checkpoint = models.checkpoint(table, f"{name}.safetensors")
    return Opened(checkpoint, recognise(checkpoint))


@pytest.fixture(scope="module")
def files():
    both = {
        "conditioner.embedders.0.transformer." + key: row
        for key, row in models.encoder("clip_l").items()
    }
    tables = {
        "unet": models.unet("sdxl"),
        "l": models.encoder("clip_l"),
        "other_l": models.encoder("clip_l"),
        "g": models.encoder("clip_g"),
        "vae": models.vae("sdxl"),
        "whole": {
            **{"model.diffusion_model." + key: row for key, row in models.unet("sdxl").items()},
            **both,
            **{"first_stage_model." + key: row for key, row in models.vae("sdxl").items()},
        },
    }
    return {each.checkpoint.path: each for each in (opened(*item) for item in tables.items())}


def path(name):
    return Path(f"/models/{name}.safetensors")


def placed(files, *names, recipe=None):
    recipe = recipe or Assemble()
    for name in names:
        recipe = slots.place(recipe, files[path(name)], slots.family_of(recipe, files), files)
        assert not isinstance(recipe, Refused), recipe
    return recipe


def test_parts_find_their_places_in_any_order(files):
    recipe = placed(files, "vae", "g", "unet", "l")
    assert (recipe.model, recipe.vae) == (path("unet"), path("vae"))
    assert set(recipe.text_encoders) == {path("g"), path("l")}


def test_a_second_file_of_the_same_encoder_takes_the_place_of_the_first(files):
    recipe = placed(files, "unet", "l", "g", "other_l")
    assert set(recipe.text_encoders) == {path("g"), path("other_l")}


def test_the_slots_are_those_of_the_family(files):
    assert slots.needed(family("flux_dev"), Assemble(), {}) == ("unet", "clip_l", "t5xxl", "vae")
    assert slots.needed(None, Assemble(), {}) == ("unet", "te", "vae")


def test_a_whole_checkpoint_is_shared_by_the_parts_no_other_file_gives(files):
    recipe = placed(files, "vae", "whole")
    assert slots.source_of(recipe, "unet", files) == slots.Source(path("whole"), shared=True)
    assert slots.source_of(recipe, "vae", files) == slots.Source(path("vae"), shared=False)
    assert slots.source_of(recipe, "clip_g", files) is None


@pytest.mark.parametrize("part", ["unet", "clip_l", "vae"])
def test_clearing_takes_one_part_away_and_no_other(files, part):
    recipe = slots.clear(placed(files, "whole"), part, files)
    left = {each for each in ("unet", "clip_l", "vae") if slots.source_of(recipe, each, files)}
    assert left == {"unet", "clip_l", "vae"} - {part}


def test_a_file_in_the_wrong_slot_is_refused_with_what_it_holds(files):
    refused = slots.place_in(Assemble(), "clip_g", files[path("vae")], files)
    assert refused == Refused(path("vae"), "vae.safetensors has no CLIP-G. It holds VAE.")


def test_recommended_precision_follows_the_family_and_leaves_the_vae_alone():
    def half(part, name):
        return [each.precision for each in choices(part, family(name)) if each.recommended]

    assert half("unet", "sdxl") == [Precision.FP16]
    assert half("unet", "flux_dev") == [Precision.BF16]
    assert half("vae", "sdxl") == []
    assert all(each.refused for each in choices("vae", None) if "fp8" in each.precision)
    assert len({each.precision for each in choices("unet", None)}) == len(Precision)
