"""Every data file of a model family is complete, and says what the real programs have."""

import pytest

from ckpt_studio.core import data_files
from ckpt_studio.core.assembly.part_rows import saved_names
from ckpt_studio.core.families.architecture import (
    component,
    components,
    families,
    family,
    of_same_shape,
    predictions,
)
from ckpt_studio.core.recipe import Precision
from tests.models import (
    encoder,
    fingerprint,
    layouts,
    opened,
    other_spelling,
    plan_table,
    unet,
    vae,
)
from tests.planning import assembled

IDS = [item.id for item in families()]


@pytest.mark.parametrize("name", IDS)
def test_a_family_says_all_that_is_needed(name):
    item = family(name)
    assert item.name
    assert item.comfy_class
    assert item.prediction
    assert item.recommended in set(Precision)
    assert item.unet.component.forms
    assert not item.warning or item.warning.endswith(".")
    for part, placement in item.placements.items():
        assert placement.prefix.endswith(".")
        assert placement.component.part == part
        assert placement.component.specs()
        assert placement.omit <= placement.component.specs().keys()
        for form in placement.component.forms:
            assert form.signature
            assert form.anchor


@pytest.mark.parametrize("name", IDS)
def test_the_checkpoint_has_the_tensors_that_comfyui_writes(name):
    item = family(name)
    plan = assembled(name)
    assert not plan.errors
    assert plan.target == name
    table = plan_table(plan)
    images = {row.name for row in plan.tensors if row.part == "clip_vision"}
    vision = {name: value for name, value in table.items() if name in images}
    assert fingerprint(vision) == layouts()[name].get("clip_vision", fingerprint({}))
    rest = {name: value for name, value in table.items() if name not in images}
    assert fingerprint(rest) == layouts()[name]["checkpoint"]
    written = {key: text for key, text in plan.metadata.items() if key.startswith("modelspec")}
    assert written == layouts()[name]["metadata"]
    needed = {key for key, spec in item.markers.items() if not spec.optional}
    assert needed <= table.keys()


@pytest.mark.parametrize("name", IDS)
def test_families_do_not_share_what_they_are_recognised_by(name):
    same = {item.id for item in of_same_shape(family(name))}
    for prefix in ("", family(name).unet.prefix, "net."):
        found = opened(unet(name, prefix=prefix)).recognition
        assert found.architecture in same
        assert (found.find("unet").missing, found.find("unet").unexpected) == ((), ())
        assert [part.part for part in found.parts] == ["unet"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("sd_unet 4 768 transformer_conv", "sd15"),
        ("sd_unet 9 768 transformer_conv", "sd15_inpaint"),
        ("sd_unet 4 1024 transformer", "sd20"),
        ("sdxl_unet 4", "sdxl"),
        ("flux_diffusers 64 two", "flux_dev"),
        ("flux_diffusers 64 none", "flux_schnell"),
        ("koala_unet 5", "koala_700m"),
        ("koala_unet_middle 6", "koala_1b"),
        ("auraflow_diffusers", "auraflow"),
        ("pixart_alpha_diffusers", "pixart_alpha"),
        ("pixart_sigma_diffusers", "pixart_sigma"),
        ("z_image_diffusers", "z_image"),
    ],
)
def test_diffusers_names_are_those_of_diffusers(line, name):
    table = other_spelling(line)
    assert fingerprint(table) == layouts()[name]["unet_diffusers"]
    part = opened(table).recognition.find("unet")
    assert (part.form, part.architecture) == ("diffusers", name)
    assert (part.missing, part.unexpected) == ((), ())
    specs = family(name).unet.component.specs(part.tensors)
    assert specs.keys() == part.tensors.keys()
    assert all(spec.accepts(part.tensors[key].shape) for key, spec in specs.items())


@pytest.mark.parametrize(("line", "name"), [("vae_kl4", "sdxl"), ("vae_kl16", "flux_dev")])
def test_diffusers_vae_gets_the_shapes_of_the_original(line, name):
    table = other_spelling(line)
    assert fingerprint(table) == layouts()[name]["vae_diffusers"]
    part = opened(table).recognition.find("vae")
    assert {key: expr.shape for key, expr in part.tensors.items()} == {
        key: shape for key, (_, shape) in vae(name).items()
    }


@pytest.mark.parametrize("item", components(), ids=lambda item: item.id)
def test_a_component_is_recognised_as_a_file_of_its_own(item):
    table = encoder(item.id)
    found = opened(table).recognition.find(item.part)
    assert found.component == item.id
    assert (found.missing, found.unexpected) == ((), ())
    assert set(found.names) == table.keys()


@pytest.mark.parametrize(
    ("line", "name"), [("openclip 1280 32", "clip_g"), ("openclip 1024 24", "clip_h")]
)
def test_openclip_names_give_the_same_encoder(line, name):
    part = opened(other_spelling(line)).recognition.find(name)
    assert part.form == "openclip"
    assert part.tensors.keys() == component(name).specs().keys()
    shapes = {key: expr.shape for key, expr in part.tensors.items()}
    assert shapes == {key: spec.usual_shape for key, spec in component(name).specs().items()}


def test_saved_names_are_those_of_the_family():
    names = saved_names(family("sdxl").text_encoders["clip_g"])
    assert "conditioner.embedders.1.model.transformer.resblocks.31.attn.in_proj_weight" in names
    assert len(names) == 390


def test_every_prediction_has_a_family_of_its_own():
    assert {key: item.id for key, item in predictions(family("sdxl")).items()} == {
        "epsilon": "sdxl",
        "v": "sdxl_vpred",
        "v-zsnr": "sdxl_vpred_zsnr",
        "edm-v": "sdxl_edm_vpred",
        "edm": "sdxl_playground25",
    }
    assert list(predictions(family("flux_dev"))) == ["flow"]


def test_an_unknown_family_is_a_key_error():
    for name in ("nonsense", "_modules", "../components/clip_l"):
        with pytest.raises(KeyError):
            family(name)


def test_data_files_are_listed():
    assert "sdxl.toml" in data_files.names("architectures", ".toml")
