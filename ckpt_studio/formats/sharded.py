"""Open a model that lies in several files: by its index, or by the name of any of the files."""

import os
import re
from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.assembly.sharding import without_added
from ckpt_studio.core.checkpoint import Checkpoint, SourceFile
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.problems import Problem, warning
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.formats.plain_paths import inside
from ckpt_studio.formats.shard_index import read_weight_map
from ckpt_studio.formats.shown import shown, shown_name, some
from ckpt_studio.formats.single import read_single

_INDEX = re.compile(r".+\.index(\.\w+)?\.json\Z", re.IGNORECASE)
_SHARD = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>(\.\w+)?\.(safetensors|bin))\Z"
)
_MOST_SHARDS = 2000


def is_index_name(name: str) -> bool:
    """Whether a file of this name lists the shards of a model."""
    return bool(_INDEX.match(name))


def is_shard_name(name: str) -> bool:
    """Whether a file of this name is one of several that make a model."""
    return bool(_SHARD.match(name))


def set_of(path: Path) -> Path:
    """Return what a set of shards is opened by, the same for all of its files.

    That is the index where it lists the file, else the first shard that is there. Other files stand
    for themselves.
    """
    if not is_shard_name(path.name):
        return path
    try:
        index = _index_of(path)
        if index is not None and path.name in read_weight_map(index).values():
            return index
        names = _names_like(path.name)
    except FormatError:
        return path  # opening it says what is wrong
    beside = (path.with_name(name) for name in names)
    return next((file for file in beside if os.path.lexists(file)), path)


def read_sharded(path: Path) -> Checkpoint:
    """Read the headers of all shards of a model, as one checkpoint.

    Args:
        path: its ``*.index.json``, or any of its ``name-00001-of-0000N`` files.

    Raises:
        FormatError: a shard is missing, damaged or outside the folder, or the index is wrong.
    """
    index = path if is_index_name(path.name) else _index_of(path)
    if index is None:
        return _Set(path, dict.fromkeys(_names_like(path.name), ())).checkpoint()
    weight_map = read_weight_map(index)
    shards: dict[str, list[str]] = {}
    for name, shard in weight_map.items():
        shards.setdefault(shard, []).append(name)
    if index is not path and path.name not in shards:
        return _Set(path, dict.fromkeys(_names_like(path.name), ())).checkpoint()
    found = _Set(path, {shard: tuple(names) for shard, names in sorted(shards.items())})
    return found.checkpoint()


def _index_of(path: Path) -> Path | None:
    """Return the index beside a shard, by all names that programs give it."""
    match = _SHARD.match(path.name)
    stem, end = (match["stem"], match["end"]) if match else ("", "")
    kind = end.rpartition(".")[2]
    variant = end.removesuffix(f".{kind}")
    base, dot, word = stem.rpartition(".")
    names = [f"{stem}.{kind}.index.json"]
    if variant:
        names += [f"{stem}.{kind}.index{variant}.json", f"{stem}.{kind}{variant}.index.json"]
    if dot:
        names += [f"{base}.{kind}.index.{word}.json", f"{base}.{kind}.{word}.index.json"]
    return next((path.parent / name for name in names if (path.parent / name).is_file()), None)


def _names_like(name: str) -> list[str]:
    match = _SHARD.match(name)
    count = int(match["count"]) if match else 0
    if match is None or not 1 <= count <= _MOST_SHARDS or not int(match["number"]) <= count:
        raise FormatError(
            f"{shown(name)} has a number that no set of shards has", "Check the name of the file."
        )
    stem, end = match["stem"], match["end"]
    return [f"{stem}-{number:05}-of-{count:05}{end}" for number in range(1, count + 1)]


class _Set:
    """The shards of one model: ``wanted`` are their names and the tensors the index puts there."""

    def __init__(self, path: Path, wanted: dict[str, tuple[str, ...]]) -> None:
        self._path = path
        self._wanted = wanted
        self._files: list[SourceFile] = []
        self._tensors: dict[str, TensorInfo] = {}
        self._metadata: dict[str, str] = {}
        self._problems: dict[Problem, None] = {}
        self._twice: dict[str, None] = {}
        self._extra: dict[str, None] = {}
        self._header_bytes = 0

    def checkpoint(self) -> Checkpoint:
        """Return all shards as one checkpoint."""
        if len(self._wanted) > _MOST_SHARDS:
            raise FormatError(
                f"{shown_name(self._path)} lists {len(self._wanted):,} shards, too many",
                "Download the index again.",
            )
        paths = self._paths()
        placed = {name: shard for shard, names in self._wanted.items() for name in names}
        for shard, path in paths.items():
            self._add(shard, read_single(path), placed)
        self._warn()
        return Checkpoint(
            path=self._path,
            container="sharded",
            files=tuple(self._files),
            header_bytes=self._header_bytes,
            tensors=self._tensors,
            metadata=without_added(self._metadata),
            problems=tuple(self._problems),
        )

    def _paths(self) -> dict[str, Path]:
        found = {shard: inside(self._path, shard) for shard in self._wanted}
        missing = [shard for shard, path in found.items() if not os.path.lexists(path)]
        if missing:
            raise FormatError(
                f"Missing beside {shown_name(self._path)} (not found): {some(missing)}",
                "Download the missing files into the same folder.",
            )
        return found

    def _add(self, shard: str, part: Checkpoint, placed: dict[str, str]) -> None:
        lost = [name for name in self._wanted[shard] if name not in part.tensors]
        if lost:
            raise FormatError(
                f"{shown(shard)} lacks {_count(len(lost), 'tensor')} that the index places there "
                f"(missing, not found): {some(lost)}",
                "The index and the shards do not belong together. Download both again.",
            )
        first = len(self._files)
        self._files.extend(part.files)
        self._header_bytes += part.header_bytes
        for name, tensor in part.tensors.items():
            if placed.get(name, shard) != shard or name in self._tensors:
                self._refuse_or_note(name, shard, placed)
                continue
            if placed and name not in placed:
                self._extra[name] = None
            self._tensors[name] = replace(tensor, shard=first + tensor.shard)
        for key, value in part.metadata.items():
            self._metadata.setdefault(key, value)
        self._problems.update(dict.fromkeys(part.problems))

    def _refuse_or_note(self, name: str, shard: str, placed: dict[str, str]) -> None:
        """The index decides between two tensors of one name; without it nobody can."""
        if name not in placed:
            raise FormatError(
                f'{shown(shard)} holds "{shown(name)}", which another shard holds too (duplicate)',
                "The shards do not belong together. Download them again.",
            )
        self._twice[name] = None

    def _beside(self) -> list[str]:
        """Name the files of the same set that the index does not list."""
        match = next(filter(None, map(_SHARD.match, self._wanted)), None)
        if match is None or int(match["count"]) > _MOST_SHARDS:
            return []
        others = (name for name in _names_like(match[0]) if name not in self._wanted)
        return [name for name in others if os.path.lexists(self._path.parent / name)]

    def _warn(self) -> None:
        beside = self._beside()
        if beside:
            text = "The index does not list all files of its set; extra ones lie beside it: "
            hint = "They are left out. The index may belong to another version of the model."
            self._problems[warning(text + some(beside), hint)] = None
        if self._twice:
            text = "Both of two shards hold the same tensor (duplicate): "
            hint = "The one that the index names is used."
            self._problems[warning(text + some(self._twice), hint)] = None
        if self._extra:
            text = "The shards hold extra tensors that the index does not list: "
            hint = "They are kept. The index may belong to another version of the model."
            self._problems[warning(text + some(self._extra), hint)] = None


def _count(count: int, noun: str) -> str:
    return f"a {noun}" if count == 1 else f"{count:,} {noun}s"
