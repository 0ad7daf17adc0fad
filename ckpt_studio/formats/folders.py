"""Open a diffusers folder: the weights of each component, by ``model_index.json``."""

from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, SourceFile
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.problems import Problem
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.formats.files import signature_of
from ckpt_studio.formats.plain_paths import inside
from ckpt_studio.formats.shard_index import read_components
from ckpt_studio.formats.sharded import is_index_name, is_shard_name, read_sharded
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.single import read_single

INDEX = "model_index.json"
_STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
_KINDS = ("safetensors", "bin")
_SUFFIXES = {".safetensors", ".sft", ".bin", ".pt", ".pth", ".ckpt"}
_NO_PART = "safety_checker"
_TOKENIZERS = {
    "spiece.model": "spiece_model",
    "tokenizer.model": "spiece_model",
    "tekken.json": "tekken_model",
}
_WITHOUT_WEIGHTS = ("Tokenizer", "TokenizerFast", "Scheduler", "Processor", "FeatureExtractor")


def read_folder_as_one(path: Path, variant: str = "") -> Checkpoint:
    """Read the headers of a folder as one checkpoint.

    Tensors are named after their component: ``unet.conv_in.weight``, ``text_encoder_2.…``. A folder
    that is itself one component keeps its names. The safety checker, which is no part of the model,
    is left out. The tokenizer beside a text encoder is a tensor of it, as in ComfyUI's files.
    Of a metadata key that several components have, the first one counts.

    Raises:
        FormatError: as ``read_folder``.
    """
    found = [item for item in read_folder(path, variant) if item[0] != _NO_PART]
    folder = path.parent if path.name == INDEX else path
    if len(found) == 1 and not (folder / INDEX).is_file():
        return replace(found[0][1], path=folder)
    files: list[SourceFile] = []
    tensors: dict[str, TensorInfo] = {}
    metadata: dict[str, str] = {}
    problems: list[Problem] = []
    for component, part in found:
        first = len(files)
        files += part.files
        metadata = {**part.metadata, **metadata}
        problems += part.problems
        for name, tensor in part.tensors.items():
            own = f"{component}.{name}"
            tensors[own] = replace(tensor, name=own, shard=first + tensor.shard)
        if made := _tokenizer(folder, component, len(files)):
            files.append(made[0])
            tensors.setdefault(made[1].name, made[1])
    return Checkpoint(
        path=folder,
        container="diffusers",
        files=tuple(files),
        header_bytes=sum(part.header_bytes for _, part in found),
        tensors=tensors,
        metadata=metadata,
        problems=tuple(problems),
    )


def read_folder(path: Path, variant: str = "") -> list[tuple[str, Checkpoint]]:
    """Read the headers of a folder: ``(component, checkpoint)`` in the order of its index.

    Without a ``model_index.json`` the folder itself is the one component, named as it is called.

    Args:
        path: the folder, or the ``model_index.json`` in it.
        variant: such as "fp16": the files of this name are taken where they exist; without it
            the plain ones are, and another variant only where there is no plain file.

    Raises:
        FormatError: it holds no weights, or a component is damaged or outside the folder.
    """
    folder = path.parent if path.name == INDEX else path
    if not folder.is_dir():
        raise FormatError(f"{shown_name(folder)} is no folder", "Choose a model folder.")
    index = folder / INDEX
    if not index.is_file():
        weights = _weights(folder, variant) or _lone(folder)
        if weights is None:
            raise _empty(folder)
        return [(folder.resolve().name, _read(weights))]
    found = [
        (name, _read(weights))
        for name, described in read_components(index).items()
        if (weights := _component(index, name, described, variant)) is not None
    ]
    if not found:
        raise _empty(folder)
    return found


def _tokenizer(folder: Path, component: str, shard: int) -> tuple[SourceFile, TensorInfo] | None:
    """Return the file of a tokenizer as a U8 tensor of its text encoder (``formats.md`` 3.4)."""
    beside = component.replace("text_encoder", "tokenizer")
    if beside == component or not (folder / beside).is_dir():
        return None
    home = inside(folder / INDEX, beside)
    for name in _names(home):
        if name in _TOKENIZERS:
            path = inside(home / name, name)
            mark = signature_of(path)
            own, size = f"{component}.{_TOKENIZERS[name]}", mark.size
            return SourceFile(path, mark), TensorInfo(own, DType.U8, (size,), 0, size, shard)
    return None


def _empty(folder: Path) -> FormatError:
    return FormatError(
        f"{shown_name(folder)} holds no model: no weights were found in it",
        "Choose a folder with a model_index.json, or a model file.",
    )


def _component(index: Path, name: str, described: tuple[str, ...], variant: str) -> Path | None:
    """Return the weights of a component, None where it has none or was not downloaded."""
    if not described or described[-1].endswith(_WITHOUT_WEIGHTS):
        return None
    folder = inside(index, name)
    return _weights(folder, variant) if folder.is_dir() else None


def _weights(folder: Path, variant: str) -> Path | None:
    """Return the weights file or index of a component by the names that programs give them."""
    names = _names(folder)
    found = {
        (kind, word): name
        for stem in reversed(_STEMS)
        for kind in _KINDS
        for name in names
        if (word := _variant(name, stem, kind)) is not None
    }
    for word in (variant, "", *sorted(word for _, word in found)):
        for kind in _KINDS:
            if (kind, word) in found:
                return folder / found[kind, word]
    return None


def _variant(name: str, stem: str, kind: str) -> str | None:
    """Return the variant of a file of weights, "" for the plain one, None for other files.

    Shards count by their index; the forms are ``formats.md`` 3.1.
    """
    if is_shard_name(name) or not name.startswith(f"{stem}."):
        return None
    words = name.removeprefix(f"{stem}.").split(".")
    if is_index_name(name):
        words = [word for word in words if word not in {"index", "json"}]
    elif words[-1] != kind:
        return None
    if kind not in words:
        return None
    words.remove(kind)
    return ".".join(words)


def _lone(folder: Path) -> Path | None:
    """Return the only weights of a folder, whatever they are called; the first shard of a set."""
    names = _names(folder)
    indexes = [name for name in names if is_index_name(name)]
    if len(indexes) == 1:
        return folder / indexes[0]
    files = [name for name in names if Path(name).suffix.lower() in _SUFFIXES]
    sets = {name.rpartition("-of-")[2] for name in files if is_shard_name(name)}
    alone = len(files) == 1 or (len(sets) == 1 and all(map(is_shard_name, files)))
    return folder / files[0] if alone else None


def _read(weights: Path) -> Checkpoint:
    if is_index_name(weights.name) or is_shard_name(weights.name):
        return read_sharded(weights)
    return read_single(inside(weights, weights.name))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as problem:
        raise FormatError(
            f"{shown_name(folder)} cannot be read: {problem.strerror}",
            "Check the permissions of the folder.",
        ) from problem
