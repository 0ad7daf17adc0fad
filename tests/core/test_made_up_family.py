"""A new model family is one file: the one that the documentation shows works as it stands."""

import re
from pathlib import Path

import pytest

from benchmarks.families import table
from ckpt_studio.core.assembly.part_rows import saved_names
from ckpt_studio.core.families.architecture import family, use_families_from
from tests.models import opened, plan_table
from tests.planning import assembled

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = 3


@pytest.fixture
def tiny(tmp_path):
    page = (DOCS / "adding-a-family.md").read_text(encoding="utf-8")
    text = re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]
    (tmp_path / "tiny_dit.toml").write_text(text, encoding="utf-8")
    use_families_from(tmp_path)
    yield family("tiny_dit")
    use_families_from(None)


def native():
    made = {"patch_in.weight": (64, 16), "patch_in.bias": (64,)}
    made |= {"patch_out.weight": (16, 64), "patch_out.bias": (16,)}
    for block in range(BLOCKS):
        head = f"blocks.{block}."
        made |= {f"{head}attn.{name}.weight": (64, 64) for name in "qkvo"}
        made |= {f"{head}attn.{name}.bias": (64,) for name in "qkvo"}
        made |= {f"{head}mlp.{name}.weight": (256, 64) for name in ("up", "gate")}
        made |= {f"{head}mlp.down.weight": (64, 256), f"{head}scale": (6, 64)}
    return {name: ("F32" if name.endswith("scale") else "BF16", made[name]) for name in made}


def diffusers():
    named = {re.sub(r"attn\.(\w)", r"attn.to_\1", name): value for name, value in native().items()}
    return {name.replace("blocks.", "layers."): value for name, value in named.items()}


@pytest.mark.parametrize(("tensors", "form"), [(native(), "native"), (diffusers(), "diffusers")])
def test_it_is_recognised_and_saved(tiny, tensors, form):
    found = opened(tensors).recognition
    part = found.find("unet")
    assert (found.architecture, part.form) == ("tiny_dit", form)
    assert (part.missing, part.unexpected) == ((), ())
    plan = assembled("tiny_dit", {"unet": tensors}, target=None)
    assert not plan.errors
    assert plan.target == "tiny_dit"
    saved = {
        name.removeprefix("model.diffusion_model."): value
        for name, value in plan_table(plan).items()
        if name.startswith("model.diffusion_model.")
    }
    assert saved == native()


def test_its_checkpoint_has_the_usual_number_of_blocks(tiny):
    names = saved_names(tiny.unet)
    assert "model.diffusion_model.blocks.3.scale" in names
    assert "model.diffusion_model.blocks.4.scale" not in names


def test_a_family_that_is_taken_away_is_gone(tiny):
    use_families_from(None)
    with pytest.raises(KeyError):
        family(tiny.id)
    assert opened(native()).recognition.architecture is None


def test_the_table_of_families_is_current():
    assert (DOCS / "families.md").read_text(encoding="utf-8") == table()
