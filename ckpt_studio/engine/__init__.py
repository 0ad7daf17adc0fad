"""The verbs: plain functions over files, with progress and cancel. Importing this is cheap.

opened = open_checkpoint(Path("model.safetensors"))
plan_ = plan(Assemble(model=..., text_encoders=(...,), vae=..., output=Output(path=...)))
report = write(plan_, progress=print, cancel=CancelToken())
"""

from ckpt_studio.engine.hashing import Hashes, hash_file
from ckpt_studio.engine.opening import Library, open_checkpoint
from ckpt_studio.engine.planning import plan
from ckpt_studio.engine.writing import WriteOptions, write

__all__ = [
    "Hashes",
    "Library",
    "WriteOptions",
    "hash_file",
    "open_checkpoint",
    "plan",
    "write",
]
