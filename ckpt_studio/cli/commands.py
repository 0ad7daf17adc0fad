"""All commands in the order of ``--help``; each is loaded when it is asked for."""

from importlib import import_module
from typing import NamedTuple

from ckpt_studio.cli.command import Command


class Entry(NamedTuple):
    """The module that holds a command as ``COMMAND``, and what ``--help`` says about it."""

    module: str
    summary: str


COMMANDS = {
    "inspect": Entry("inspect_files", "show what is in a file; only its header is read"),
    "save": Entry("save", "assemble one checkpoint from parts"),
    "extract": Entry("extract", "write parts of a checkpoint to files of their own"),
    "convert": Entry("convert", "write the same tensors in another precision or kind of file"),
    "merge": Entry("merge", "compute a model from others, with LoRAs and a VAE in the same pass"),
    "lora": Entry("lora", "extract, join and resize LoRAs"),
    "meta": Entry("meta", "show and change the metadata of a file"),
    "compare": Entry("compare", "say what two files have in common, and how far values differ"),
    "hash": Entry("hash_files", "print sha256, AutoV1 to AutoV3, crc32 and blake3 of files"),
    "run": Entry("run_recipe", "replay a recipe, also one taken out of a checkpoint"),
    "demo": Entry("demo", "write example sources of real shape and save a checkpoint from them"),
}


def load(name: str) -> Command:
    """Return a command; a start that only inspects a file does not pay for the others."""
    command: Command = import_module(f"ckpt_studio.cli.{COMMANDS[name].module}").COMMAND
    return command
