"""The verbs: plain functions over files, with progress and cancel. Importing this is cheap.

opened = open_checkpoint(Path("model.safetensors"))
plan_ = plan(Assemble(model=..., text_encoders=(...,), vae=..., output=Output(path=...)))
report = write(plan_, progress=print, cancel=CancelToken())

Each verb is loaded when it is first used: who only looks at a file does not pay for writing one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_studio.engine.compared_rows import compare_rows_isolated
    from ckpt_studio.engine.comparing import compare_values
    from ckpt_studio.engine.file_hashes import (
        FileHashes,
        hashed_files,
        known_hashes,
        take_hashes,
    )
    from ckpt_studio.engine.hash_cache import HashCache
    from ckpt_studio.engine.hashing import Hashes, hash_file
    from ckpt_studio.engine.health import check_health, look_over
    from ckpt_studio.engine.importing import (
        Imported,
        import_checkpoint,
        import_media,
        import_text,
        read_import,
    )
    from ckpt_studio.engine.isolated import write_isolated
    from ckpt_studio.engine.npy_saving import NpyOptions, save_npy
    from ckpt_studio.engine.opening import Library, open_checkpoint
    from ckpt_studio.engine.planning import plan
    from ckpt_studio.engine.ranking import with_ranks
    from ckpt_studio.engine.remembering import write_remembering
    from ckpt_studio.engine.separate_plans import SeparatePlans
    from ckpt_studio.engine.separating import plan_parts
    from ckpt_studio.engine.statistics import take_statistics
    from ckpt_studio.engine.write_options import WriteOptions
    from ckpt_studio.engine.writing import write, write_together

__all__ = [
    "FileHashes",
    "HashCache",
    "Hashes",
    "Imported",
    "Library",
    "NpyOptions",
    "SeparatePlans",
    "WriteOptions",
    "check_health",
    "compare_rows_isolated",
    "compare_values",
    "hash_file",
    "hashed_files",
    "import_checkpoint",
    "import_media",
    "import_text",
    "known_hashes",
    "look_over",
    "open_checkpoint",
    "plan",
    "plan_parts",
    "read_import",
    "save_npy",
    "take_hashes",
    "take_statistics",
    "with_ranks",
    "write",
    "write_isolated",
    "write_remembering",
    "write_together",
]

_HOMES = {
    "FileHashes": "file_hashes",
    "HashCache": "hash_cache",
    "Hashes": "hashing",
    "Imported": "importing",
    "Library": "opening",
    "NpyOptions": "npy_saving",
    "SeparatePlans": "separate_plans",
    "WriteOptions": "write_options",
    "check_health": "health",
    "compare_rows_isolated": "compared_rows",
    "compare_values": "comparing",
    "hash_file": "hashing",
    "hashed_files": "file_hashes",
    "import_checkpoint": "importing",
    "import_media": "importing",
    "import_text": "importing",
    "known_hashes": "file_hashes",
    "look_over": "health",
    "open_checkpoint": "opening",
    "plan": "planning",
    "plan_parts": "separating",
    "read_import": "importing",
    "save_npy": "npy_saving",
    "take_hashes": "file_hashes",
    "take_statistics": "statistics",
    "with_ranks": "ranking",
    "write": "writing",
    "write_isolated": "isolated",
    "write_remembering": "remembering",
    "write_together": "writing",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
