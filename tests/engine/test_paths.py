"""The verbs take texts for paths, as everything in Python does."""

from pathlib import Path

from ckpt_studio.core.recipe import Assemble, Convert, Output
from ckpt_studio.engine import Library, hash_file, open_checkpoint, plan, write
from tests.making.plans import write_source


def test_texts_are_paths(tmp_path: Path):
    source = tmp_path / "source.safetensors"
    write_source(source, {"w": ("F32", [1], bytes(4))}, {})
    assert open_checkpoint(str(source)).checkpoint.path == source
    assert Library().open(str(source)).checkpoint.path == source
    recipe = Convert(str(source), output=Output(path=str(tmp_path / "out.safetensors")))
    report = write(plan(recipe))
    assert report.path == tmp_path / "out.safetensors"
    assert hash_file(str(report.path)).autov3 == hash_file(source).autov3


def test_recipes_hold_paths():
    recipe = Assemble(model="m", text_encoders=("a", "b"), output=Output(folder="f"))
    assert recipe.sources == (Path("m"), Path("a"), Path("b"))
    assert recipe.output.folder == Path("f")
