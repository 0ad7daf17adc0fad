"""Open any model: one file of any kind, a set of shards, or a diffusers folder."""

from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.folders import INDEX, read_folder_as_one
from ckpt_studio.formats.sharded import is_index_name, is_shard_name, read_sharded
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.single import read_single


def is_model_index(path: Path) -> bool:
    """Whether a JSON file of this name says where a model lies: its shards, or its parts."""
    return path.name == INDEX or is_index_name(path.name)


def read_any(path: Path) -> Checkpoint:
    """Read the header of a model: one file, a set of shards by its index or one of them, a folder.

    Raises:
        FormatError: it is no model, is damaged, or would run code when other programs load it.
    """
    try:
        if path.name == INDEX or path.is_dir():
            return read_folder_as_one(path)
        if is_index_name(path.name) or is_shard_name(path.name):
            return read_sharded(path)
        return read_single(path)
    except PermissionError as problem:
        raise FormatError(
            f"No permission to look into the folder of {shown_name(path)}",
            "Check the permissions of the folder.",
        ) from problem
