"""Open any model: one file of any kind, or a set of shards."""

from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.formats.sharded import is_index_name, is_shard_name, read_sharded
from ckpt_studio.formats.single import read_single


def read_any(path: Path) -> Checkpoint:
    """Read the header of a model: one file, or a set of shards by its index or one of them.

    Raises:
        FormatError: it is no model, is damaged, or would run code when other programs load it.
    """
    if is_index_name(path.name) or is_shard_name(path.name):
        return read_sharded(path)
    return read_single(path)
