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
    from ckpt_studio.engine.isolated import write_isolated
    from ckpt_studio.engine.opening import Library, open_checkpoint
    from ckpt_studio.engine.planning import plan
    from ckpt_studio.engine.separating import SeparatePlans, plan_parts
    from ckpt_studio.engine.writing import WriteOptions, write

__all__ = [
    "Hashes",
    "Library",
    "SeparatePlans",
    "WriteOptions",
    "hash_file",
    "open_checkpoint",
    "plan",
    "plan_parts",
    "write",
    "write_isolated",
]

_HOMES = {
    "Hashes": "hashing",
    "Library": "opening",
    "SeparatePlans": "separating",
    "WriteOptions": "writing",
    "hash_file": "hashing",
    "open_checkpoint": "opening",
    "plan": "planning",
    "plan_parts": "separating",
    "write": "writing",
    "write_isolated": "isolated",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
