import shlex
from pathlib import Path

from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.metadata import RemoveKeys, RenameKey, SetValue
from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.recipe import (
    Assemble,
    Convert,
    EditMetadata,
    MetadataChoice,
    Output,
    Precision,
)


def test_a_new_checkpoint_with_everything():
    recipe = Assemble(
        model=Path("my unet.safetensors"),
        text_encoders=(Path("l"), Path("g")),
        vae=Path("v"),
        base=Path("b"),
        target="sdxl",
        prediction="v",
        precision={"unet": Precision.BF16, "vae": Precision.KEEP},
        on_overflow=OnOverflow.CLAMP,
        metadata=MetadataChoice(prompt="{}", edits=(SetValue("a", "b c"),)),
        output=Output(path=Path("out"), overwrite=True),
    )
    assert shlex.split(command_line(recipe)) == [
        *("ckpt-studio", "save", "--model", "my unet.safetensors"),
        *("--text-encoder", "l", "--text-encoder", "g", "--vae", "v", "--from", "b"),
        *("--target", "sdxl", "--prediction", "v", "--dtype", "unet=bf16"),
        *("--on-overflow", "clamp", "--prompt", "{}", "--set", "a=b c", "-o", "out", "--overwrite"),
    ]


def test_a_part_that_is_kept_is_named_beside_a_precision_for_all():
    recipe = Convert(Path("a"), {"*": Precision.FP16, "vae": Precision.KEEP})
    assert command_line(recipe) == "ckpt-studio convert a --dtype fp16,vae=keep"


def test_edits_of_a_file_are_one_command_each():
    recipe = EditMetadata(
        Path("a"), (SetValue("k", "v"), RemoveKeys(frozenset({"x"})), RenameKey("o", "n"))
    )
    assert command_line(recipe).splitlines() == [
        "ckpt-studio meta set a k=v",
        "ckpt-studio meta remove a x",
        "ckpt-studio meta rename a o n",
    ]


def test_a_conversion_that_tidies():
    recipe = Convert(Path("a.ckpt"), drop=("x y", "z"), prune=True, fix_position_ids=True)
    wanted = "ckpt-studio convert a.ckpt --drop 'x y' --drop z --prune --fix-position-ids"
    assert command_line(recipe) == wanted


def test_the_size_of_shards():
    output = Output(path=Path("o"), shard_bytes=4_500_000_000)
    assert command_line(Convert(Path("a"), output=output)) == (
        "ckpt-studio convert a -o o --max-shard-size 4500MB"
    )
