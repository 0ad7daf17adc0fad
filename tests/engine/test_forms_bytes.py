"""Real values go from ComfyUI's spelling to every other and come back bit for bit.

The tensors have all their rows, which is what joining, splitting and exchanging work on, but one
column: the whole model of Flux is then 20 MB. What diffusers' own conversions make of the same
values stands in `tests/data/diffusers.toml`.
"""

import tomllib

import pytest

from ckpt_studio.core.expr import read
from ckpt_studio.core.families.architecture import component, family
from ckpt_studio.core.recognise import make_part
from ckpt_studio.engine.writing import write
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.plans import plan_for, write_source
from tests.making.thin import thin, values_hash
from tests.models import DATA

CLASSES = tomllib.loads((DATA / "diffusers.toml").read_text())
KNOWN = [name for name in CLASSES if "values" in CLASSES[name]]
FAMILIES = [
    *(name for name in KNOWN if not name.startswith("vae_")),
    *("pixart_sigma", "hunyuan_dit_11", "ovis_image", "hunyuan_image_21_distilled"),
    *("hunyuan_video_15", "cosmos_7b_t2v", "svd", "stable_audio"),
]
PARTS = [
    *(name for name in KNOWN if name.startswith("vae_")),
    *("clip_l", "clip_g", "clip_h", "qwen3_2b", "hydit_clip", "clip_vision_l"),
    *("vae_flux2", "vae_mochi", "vae_hunyuan_image", "vae_wan22", "vae_oobleck", "vae_svd"),
]
FORMS = [
    (name, form)
    for name in (*FAMILIES, *PARTS)
    for form in (component(name) if name in PARTS else family(name).unet.component).forms
    if form.name not in {"native", "hf", "comfy"}
]


@pytest.mark.parametrize(
    ("name", "form"), FORMS, ids=[f"{name}-{form.name}" for name, form in FORMS]
)
def test_values_there_and_back(name, form, tmp_path):
    part = component(name) if name in PARTS else family(name).unet.component
    tensors = thin(part)
    own = write_source(tmp_path / "own.safetensors", tensors)
    there = form.spelled({key: read(0, info) for key, info in own.tensors.items()})
    other = written(own, there, tmp_path / "there.safetensors")
    if form.name == "diffusers" and name in KNOWN:
        assert values_hash(values(other)) == CLASSES[name]["values"]
    found = make_part(other, part, form, "", other.tensors).tensors
    rows = {key: found[key] for key in found if key in tensors}
    again = values(written(other, rows, tmp_path / "back.safetensors"))
    held = {key for key in tensors if not any(item.match(key) for item in form.without)}
    assert again == {key: tensors[key][2] for key in held}


def written(source, rows, path):
    write(plan_for((source,), rows, path))
    return read_checkpoint(path)


def values(checkpoint):
    data = checkpoint.path.read_bytes()
    return {
        key: data[info.offset : info.offset + info.nbytes]
        for key, info in checkpoint.tensors.items()
    }
