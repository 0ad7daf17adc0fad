"""Throw mutated files at the readers until one raises something else than FormatError.

Needs atheris, which is no dependency of the project: ``pip install atheris``. Then
``python -m benchmarks.fuzz_formats [CORPUS_FOLDER] [-max_total_time=60]``; a file that breaks a
reader is left in the working folder as ``crash-…``.
"""

import importlib
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from ckpt_studio.core.errors import FormatError

_INDEX = "model.safetensors.index.json"
_NAMES = ("model.safetensors", "model.ckpt", _INDEX)


def main() -> None:
    """Fuzz every reader by the names and the content that lead to it."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ckpt_studio"]):
        read_any = importlib.import_module("ckpt_studio.formats.opening").read_any
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if _has_shm() else None))

    def try_one(data: bytes) -> None:
        for name in _NAMES:
            path = folder / name
            path.write_bytes(data)
            with suppress(FormatError):
                read_any(path)

    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


def _has_shm() -> bool:
    return Path("/dev/shm").is_dir()


if __name__ == "__main__":
    main()
