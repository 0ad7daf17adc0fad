"""The verbs: plain functions over files, with progress and cancel. Importing this is cheap.

opened = open_checkpoint(Path("model.safetensors"))
plan_ = plan(Assemble(model=..., text_encoders=(...,), vae=..., output=Output(path=...)))
report = write(plan_, progress=print, cancel=CancelToken())

Each verb is loaded when it is first used: who only looks at a file does not pay for writing one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_studio.engine.hashing import Hashes, hash_file
    from ckpt_studio.engine.importing import (
        Imported,
        import_checkpoint,
        import_picture,
        import_text,
        read_import,
    )
    from ckpt_studio.engine.isolated import isolated, write_isolated
    from ckpt_studio.engine.opening import Library, open_checkpoint
    from ckpt_studio.engine.planning import plan
    from ckpt_studio.engine.separating import SeparatePlans, plan_parts
    from ckpt_studio.engine.writing import WriteOptions, write

__all__ = [
    "Hashes",
    "Imported",
    "Library",
    "SeparatePlans",
    "WriteOptions",
    "hash_file",
    "import_checkpoint",
    "import_picture",
    "import_text",
    "isolated",
    "open_checkpoint",
    "plan",
    "plan_parts",
    "read_import",
    "write",
    "write_isolated",
]

_HOMES = {
    "Hashes": "hashing",
    "Imported": "importing",
    "Library": "opening",
    "SeparatePlans": "separating",
    "WriteOptions": "writing",
    "hash_file": "hashing",
    "import_checkpoint": "importing",
    "import_picture": "importing",
    "import_text": "importing",
    "isolated": "isolated",
    "open_checkpoint": "opening",
    "plan": "planning",
    "plan_parts": "separating",
    "read_import": "importing",
    "write": "writing",
    "write_isolated": "isolated",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
