import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.metadata import RemoveKeys, RenameKey, ReplaceAll, SetValue
from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.recipe import (
    Assemble,
    Convert,
    EditMetadata,
    Extract,
    Layout,
    MetadataChoice,
    Output,
    Precision,
)
from ckpt_studio.formats.recipe_json import read_recipe_file, recipe_from_json, recipe_to_json

HERE = Path("/models/set")
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
names = st.from_regex(r"\A[a-z]{1,8}\.safetensors\Z")
paths = names.map(lambda name: HERE / name) | names.map(lambda name: Path("/elsewhere") / name)
edits = st.lists(
    st.builds(SetValue, words, texts)
    | st.builds(RemoveKeys, st.frozensets(words, min_size=1, max_size=3))
    | st.builds(RenameKey, words, words)
    | st.builds(ReplaceAll, st.dictionaries(words, texts, max_size=3), texts),
    max_size=4,
).map(tuple)
metadata = st.builds(
    MetadataChoice,
    prompt=texts,
    extra_pnginfo=st.dictionaries(words, texts, max_size=3),
    edits=edits,
    recipe=st.booleans(),
)
precision = st.dictionaries(words, st.sampled_from(Precision), max_size=3)
on_overflow = st.sampled_from(OnOverflow)
output = st.builds(
    Output,
    st.none() | paths,
    words,
    st.none() | paths,
    st.booleans(),
    st.sampled_from(Layout),
    st.integers(0, 10**13),
    st.dictionaries(words, texts, max_size=2),
)
recipes = (
    st.builds(
        Assemble,
        model=st.none() | paths,
        text_encoders=st.lists(paths, max_size=3).map(tuple),
        vae=st.none() | paths,
        clip_vision=st.none() | paths,
        base=st.none() | paths,
        target=st.none() | words,
        prediction=st.none() | words,
        precision=precision,
        on_overflow=on_overflow,
        allow_missing=st.booleans(),
        metadata=metadata,
        output=output,
    )
    | st.builds(
        Convert,
        *(paths, precision, on_overflow, metadata, output),
        drop=st.lists(words, max_size=3).map(tuple),
        prune=st.booleans(),
        fix_position_ids=st.booleans(),
    )
    | st.builds(Extract, paths, words, precision, on_overflow, metadata, output)
    | st.builds(EditMetadata, paths, edits, output)
)


@given(recipes)
def test_what_is_written_reads_back_as_the_same_recipe(recipe):
    assert recipe_from_json(recipe_to_json(recipe, folder=HERE), folder=HERE) == recipe


def test_paths_below_the_folder_move_with_it():
    recipe = Assemble(model=HERE / "parts/unet.sft", output=Output(path=Path("/out/x.sft")))
    text = recipe_to_json(recipe, folder=HERE)
    assert json.loads(text)["model"] == "parts/unet.sft"
    moved = recipe_from_json(text, folder=Path("/new"))
    assert isinstance(moved, Assemble)
    assert moved.model == Path("/new/parts/unet.sft")
    assert moved.output.path == Path("/out/x.sft")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "not a recipe"),
        ('{"prompt": 1}', "not a recipe"),
        ('{"ckpt_studio": "recipe", "version": 2, "verb": "save"}', "version 2"),
        ('{"ckpt_studio": "recipe", "version": true, "verb": "save"}', "whole number"),
        ('{"ckpt_studio": "recipe", "version": 1, "verb": "fry"}', "‘verb’"),
        ('{"ckpt_studio": "recipe", "version": 1, "verb": "save", "vea": "x"}', "‘vea’"),
        ('{"ckpt_studio": "recipe", "version": 1, "verb": "save", "vae": 3}', "‘vae’"),
        ('{"ckpt_studio": "recipe", "version": 1, "verb": "convert"}', "‘source’"),
        (
            '{"ckpt_studio": "recipe", "version": 1, "verb": "save", "precision": {"vae": "fp17"}}',
            "fp8_e5m2",
        ),
        (
            '{"ckpt_studio": "recipe", "version": 1, "verb": "save", "metadata": {"edits": [3]}}',
            "‘edits’",
        ),
    ],
)
def test_what_is_no_recipe_is_refused_in_a_sentence(text, says):
    with pytest.raises(FormatError) as caught:
        recipe_from_json(text, folder=HERE, where="r.json")
    assert says in caught.value.message


def test_a_recipe_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(FormatError, match="does not exist"):
        read_recipe_file(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="no text"):
        read_recipe_file(tmp_path / "bytes.json")


def test_a_path_that_leaves_the_folder_is_absolute():
    recipe = Convert(HERE / "../other/x.sft")
    text = recipe_to_json(recipe, folder=HERE)
    assert json.loads(text)["source"] == str(HERE / "../other/x.sft")
