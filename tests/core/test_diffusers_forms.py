"""diffusers names of each part are those of its classes, and lead to our tensors and back."""

import tomllib

import pytest

from ckpt_studio.core.expr import Constant
from ckpt_studio.core.families.architecture import component, family, modules, of_same_shape
from ckpt_studio.core.tensors import DType
from tests.models import DATA, WITH_OPTIONAL, fingerprint, opened
from tests.planning import assembled

CLASSES = tomllib.loads((DATA / "diffusers.toml").read_text())
NOT_HELD = {"vae_cosmos": ("latent_mean", "latent_std")}


def part_of(name):
    """Part whose tensors an entry of the data file is about."""
    name = CLASSES[name].get("component", name)
    return component(name) if name.startswith("vae_") else family(name).unet.component


def spelling(part):
    """Form in which diffusers has a part: some models are named there as in ComfyUI."""
    forms = {form.name: form for form in part.forms}
    return forms.get("diffusers", forms["native"])


def diffusers_table(name):
    """Key table of a class of diffusers, made from ComfyUI's by the rules of the form."""
    part = part_of(name)
    own = {
        key: Constant(DType.F16, spec.usual_shape, b"")
        for key, spec in part.specs().items()
        if not spec.optional or name in WITH_OPTIONAL
    }
    spelled = spelling(part).spelled(own)
    more = modules().expand(CLASSES[name].get("more", {}), {})
    shapes = {key: expr.shape for key, expr in spelled.items()}
    shapes |= {key: spec.usual_shape for key, spec in more.items()}
    return {key: ("F16", shape) for key, shape in shapes.items()}


@pytest.mark.parametrize("name", CLASSES)
def test_the_names_are_those_of_the_class(name):
    assert fingerprint(diffusers_table(name)) == CLASSES[name]["keys"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_file_of_the_class_gives_all_tensors_of_the_part(name):
    found = opened(diffusers_table(name), "diffusion_pytorch_model.safetensors").recognition
    part, wanted = found.parts[0], part_of(name)
    assert (part.form, len(found.parts), found.other) == (spelling(wanted).name, 1, ())
    assert part.unexpected == ()
    assert part.missing == NOT_HELD.get(name, ())
    if part.part == "unet":
        assert part.architecture in {item.id for item in of_same_shape(family(name))}
    else:
        assert part.component == wanted.id
    specs = {key: spec for key, spec in wanted.specs(part.tensors).items() if spec.default is None}
    assert specs.keys() <= part.tensors.keys() | set(part.missing)
    shapes = {key: expr.shape for key, expr in part.tensors.items()}
    assert all(spec.accepts(shapes[key]) for key, spec in specs.items() if key in shapes)


@pytest.mark.parametrize("name", [item for item in CLASSES if not item.startswith("vae_")])
def test_a_checkpoint_from_diffusers_names_is_that_from_the_original(name):
    table = diffusers_table(name)
    conditioners = {
        key: (spec.dtype.label, spec.shape)
        for key, spec in family(name).markers.items()
        if spec.dtype and spec.default is None
    }
    plan = assembled(name, {"unet": opened({**table, **conditioners}, "unet.safetensors")})
    assert not plan.errors
    rows = {row.name: (row.dtype, row.shape) for row in plan.tensors}
    assert rows == {row.name: (row.dtype, row.shape) for row in assembled(name).tensors}


def test_what_a_spelling_does_not_hold_is_said():
    lossy = {"vae_cosmos": "cosmos_7b_t2v", "vae_ltxv_0": "ltxv_2b", "vae_svd": "svd"}
    for vae, name in lossy.items():
        source = opened(diffusers_table(vae), "vae.safetensors")
        plan = assembled(name, {"vae": source})
        said = {problem.code: problem.message for problem in plan.problems}
        assert said["form:vae"] == spelling(component(vae)).warning
        assert bool(plan.errors) == (vae in NOT_HELD)
