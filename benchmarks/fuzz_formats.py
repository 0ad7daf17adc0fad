"""Throw mutated files at a reader until it raises something else than FormatError.

Needs atheris, which is no dependency of the project: ``pip install atheris``. Then
``python -m benchmarks.fuzz_formats KIND [CORPUS_FOLDER] [-max_total_time=60]`` with one of
safetensors, pickle, index and folder; a file that breaks a reader is left in the working folder as
``crash-…``.
"""

import importlib
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ckpt_studio.core.errors import FormatError

_HEADER = b'{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}  '
_SHARD = len(_HEADER).to_bytes(8, "little") + _HEADER + bytes(4)


def main() -> None:
    """Fuzz the reader that the name and the content of a file lead to."""
    kind = _KINDS[sys.argv.pop(1)]
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ckpt_studio"]):
        read_any = importlib.import_module("ckpt_studio.formats.opening").read_any
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=shm if shm.is_dir() else None))

    def try_one(data: bytes) -> None:
        path = kind(folder, data)
        with suppress(FormatError):
            read_any(path)

    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


def _named(name: str) -> Callable[[Path, bytes], Path]:
    def written(folder: Path, data: bytes) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return written


def _index(folder: Path, data: bytes) -> Path:
    """Write an index beside two shards that it may name."""
    for number in (1, 2):
        (folder / f"model-0000{number}-of-00002.safetensors").write_bytes(_SHARD)
    return _named("model.safetensors.index.json")(folder, data)


def _folder(folder: Path, data: bytes) -> Path:
    """Write a diffusers folder: the data is its ``model_index.json``, up to a zero, and a file."""
    unet = folder / "unet"
    unet.mkdir(exist_ok=True)
    listing, _, weights = data.partition(b"\0")
    (folder / "model_index.json").write_bytes(listing)
    (unet / "diffusion_pytorch_model.safetensors").write_bytes(weights or _SHARD)
    return folder


_KINDS: dict[str, Callable[[Path, bytes], Path]] = {
    "safetensors": _named("model.safetensors"),
    "pickle": _named("model.ckpt"),
    "index": _index,
    "folder": _folder,
}


if __name__ == "__main__":
    main()
