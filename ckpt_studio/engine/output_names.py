"""Name the output as ComfyUI does: prefix, tokens, next free number (``comfyui.md`` 1.5)."""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unicodedata import category

from ckpt_studio.core.assembly.sharding import INDEX_END
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.plan import Container
from ckpt_studio.core.recipe import Layout, Output
from ckpt_studio.formats.files import kind_of
from ckpt_studio.formats.shown import shown, shown_name

CONTAINERS = {
    ".safetensors": Container.SAFETENSORS,
    ".sft": Container.SAFETENSORS,
    ".ckpt": Container.TORCH_ZIP,
    ".pt": Container.TORCH_ZIP,
    ".pth": Container.TORCH_ZIP,
    ".bin": Container.TORCH_ZIP,
}
"""What is written, by the ending of its name."""

_ILLEGAL = frozenset('<>:"|?*')
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)
_MOST_BYTES = 255
"""How long a name may be on the usual disks of every system."""

_NUMBER = "-00001-of-00001"
"""What the name of a shard has more than that of the one file."""


@dataclass(frozen=True, slots=True)
class Named:
    """A resolved output (a folder for the layout DIFFUSERS) and the title ComfyUI would give it.

    What is split into shards is named as the one file it would be otherwise.
    """

    path: Path
    title: str
    container: Container = Container.SAFETENSORS


def resolve(output: Output, *, now: datetime | None = None) -> Named | None:
    """Return where an output goes; None when neither a path nor a folder was chosen.

    Raises:
        PlanError: the name cannot be used, or its folder may not be looked into.
    """
    try:
        return _resolved(output, now)
    except PermissionError as problem:
        folder = output.folder if output.path is None else output.path.parent
        raise PlanError(
            f"There is no permission to look into {folder}.", "Choose another folder."
        ) from problem


def _resolved(output: Output, now: datetime | None) -> Named | None:
    is_folder = output.layout is Layout.DIFFUSERS
    if output.path is not None and is_folder:
        _check_name(output.path.absolute().name)
        return Named(output.path, output.path.absolute().name)
    if output.path is not None:
        path = with_suffix(_before_splitting(output.path) if output.shard_bytes else output.path)
        _check_name(path.stem + (_NUMBER if output.shard_bytes else "") + path.suffix)
        return Named(path, path.stem, container_of(path))
    if output.folder is None:
        return None
    ending = "" if is_folder else ".safetensors"
    return next_output_path(output.prefix, output.folder, ending=ending, now=now)


def _before_splitting(path: Path) -> Path:
    """Return the name of the one file whose shards an index lists; other paths as they are."""
    if not path.name.lower().endswith(INDEX_END):
        return path
    return path.with_name(path.name[: -len(".index.json")])


def with_suffix(path: Path) -> Path:
    """Return the path with ``.safetensors`` where it has no suffix that can be written.

    Raises:
        PlanError: the name is not allowed on some system, or asks for one that is only read.
    """
    if path.name not in {"", os.pardir}:
        _check_name(path.name)
    if path.name in {"", os.pardir} or path.is_dir():
        raise PlanError(f"{shown(str(path))} is a folder.", "Add the name of a file.")
    if path.exists() and not path.is_file():
        kind = kind_of(path.stat().st_mode)
        raise PlanError(f"{shown_name(path)} is {kind}, not a file.", "Choose another name.")
    if path.suffix.lower() in CONTAINERS:
        return path
    if path.suffix.lower() == ".gguf":
        raise PlanError(
            f"{shown_name(path)}: GGUF files cannot be written.",
            "Give the output the ending .safetensors.",
        )
    return path.with_name(path.name + ".safetensors")


def container_of(path: Path) -> Container:
    """Return what is written to a path with an ending of ``CONTAINERS``."""
    return CONTAINERS[path.suffix.lower()]


_TOKEN = re.compile(r"%[^%]*%")
"""What ComfyUI leaves as it is when it does not know it, such as ``%date:yyyy-MM-dd%``."""


def _check_name(name: str) -> None:
    stem = name.split(".", 1)[0].lower()
    bad = sorted({char for char in name if char in _ILLEGAL or category(char) == "Cc"})
    why = ""
    if bad:
        why = f"it contains {shown(' '.join(bad))}"
    elif name.endswith((" ", ".")) or stem in _RESERVED or not name.strip():
        why = "Windows does not allow it"
    elif len(os.fsencode(name)) > _MOST_BYTES:
        why = "it is too long"
    if why:
        raise PlanError(
            f"“{shown(name)}” cannot be the name of a file: {why}.",
            "Choose a name that works on every system.",
        )


def next_output_path(
    prefix: str, folder: Path, *, ending: str = ".safetensors", now: datetime | None = None
) -> Named:
    """Return the next free ``<prefix>_00001_.safetensors`` below a folder.

    Raises:
        PlanError: the prefix leads out of the folder, or gives a name that cannot be used.
    """
    name = os.path.normpath(fill_tokens(prefix, now or datetime.now().astimezone()))
    subfolder, base = os.path.split(name)
    target = folder / subfolder
    if Path(name).is_absolute() or name.split(os.sep, 1)[0] == os.pardir:
        raise PlanError(
            f"The prefix “{prefix}” leads out of the output folder.",
            "Use a prefix below it, such as checkpoints/ComfyUI.",
        )
    for part in Path(subfolder).parts:
        _check_name(_without_tokens(part))
    counter = _next_counter(target, base)
    file = f"{base}_{counter:05}_{ending}"
    _check_name(_without_tokens(file))
    return Named(target / file, f"{base} {counter}")


def _without_tokens(name: str) -> str:
    """Return a name whose unknown tokens are no reason to refuse it, except on Windows."""
    return name if os.name == "nt" else _TOKEN.sub("_", name)


def fill_tokens(prefix: str, now: datetime) -> str:
    """Return the prefix with ComfyUI's tokens filled in; unknown ones stay as they are.

    The width and height of a checkpoint are always 0 there.
    """
    values = {"%width%": "0", "%height%": "0", "%year%": str(now.year)}
    for token in ("month", "day", "hour", "minute", "second"):
        values[f"%{token}%"] = f"{getattr(now, token):02}"
    for token, text in values.items():
        prefix = prefix.replace(token, text)
    return prefix


def _next_counter(folder: Path, base: str) -> int:
    highest = 0
    if folder.is_dir():
        wanted = os.path.normcase(base)
        for entry in (item.name for item in folder.iterdir()):
            if os.path.normcase(entry[: len(base)]) == wanted and entry[len(base) :][:1] == "_":
                digits = entry[len(base) + 1 :].split("_", 1)[0]
                highest = max(highest, int(digits) if digits.isdecimal() else 0)
    return highest + 1
