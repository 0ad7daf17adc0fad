"""How a model is divided into blocks that may be merged in different ratios (``merging.md`` 1a)."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from ckpt_studio.core import data_files
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder
from ckpt_studio.core.merging.automatic_blocks import automatic_rows

UNET = "unet"


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its name, the starts of its keys in the diffusion model, the parts it holds."""

    name: str
    keys: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partition:
    """The blocks of a model, in the order in which presets give their values.

    ``outside`` are the indices of blocks of other parts than the diffusion model (BASE, VAE).
    """

    id: str
    name: str
    blocks: tuple[str, ...]
    outside: frozenset[int] = frozenset()
    rest: int | None = None
    _keys: Mapping[str, int] = field(default_factory=dict, repr=False)
    _parts: Mapping[str, int] = field(default_factory=dict, repr=False)

    def index(self, part: str, key: str) -> int | None:
        """Return the block of a tensor: its part, and ComfyUI's key within the part.

        The longest start decides. None is a tensor outside of the partition, which takes the
        plain parameter.
        """
        if part != UNET:
            group = ANY_TEXT_ENCODER if is_text_encoder(part) else part
            return self._parts.get(part, self._parts.get(group))
        name = key + "."
        end = len(name)
        while end > 0:
            if (found := self._keys.get(name[:end])) is not None:
                return found
            end = name.rfind(".", 0, end - 1) + 1
        return self.rest

    @property
    def stacks(self) -> Mapping[str, tuple[int, ...]]:
        """The numbered blocks by the letters before the number: IN, M, OUT, D, S, and so on."""
        found: dict[str, list[int]] = {}
        for index, name in enumerate(self.blocks):
            if index not in self.outside and (letters := name.rstrip("0123456789")) != name:
                found.setdefault(letters, []).append(index)
        return {letters: tuple(indices) for letters, indices in found.items()}


def partitions_for(
    architecture: str | None, keys: Mapping[str, Iterable[str]]
) -> tuple[Partition, ...]:
    """Return the partitions of a model, the usual one first.

    ``keys`` are ComfyUI's keys of each part. The automatic partition is the last, and the only one
    of a model whose family is not known and whose keys are not those of a known UNet.
    """
    own = tuple(keys.get(UNET, ()))
    fitting = [row for row in _data()["partition"] if _fits(row, architecture, own)]
    found = [_partition(row, _rows(row, own)) for row in fitting]
    automatic = _data()["automatic"]
    rows = [Block(name, starts) for name, starts in automatic_rows(own, automatic)]
    return (*found, _partition({**automatic, "rest": "IN"}, rows))


def partition(name: str, architecture: str | None, keys: Mapping[str, Iterable[str]]) -> Partition:
    """Return a partition of a model by its id; "" is the usual one.

    Raises:
        PlanError: the model has none of that id.
    """
    found = partitions_for(architecture, keys)
    for item in found:
        if name in {"", item.id}:
            return item
    known = ", ".join(item.id for item in found)
    raise PlanError(f"This model has no partition “{name}”.", f"It has {known}.")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(data_files.read_text("partitions.toml"))


def _fits(row: Mapping[str, Any], architecture: str | None, keys: tuple[str, ...]) -> bool:
    patterns = row.get("architectures")
    if patterns and not any(fnmatchcase(architecture or "", pattern) for pattern in patterns):
        return False
    return all(any(key.startswith(start) for key in keys) for start in row["needs"])


def _rows(row: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Block]:
    """Blocks of a partition of the data file, numbered ones as often as the keys say."""
    for block in row["blocks"]:
        starts = tuple(block.get("keys", ()))
        if "{" not in block["name"]:
            yield Block(block["name"], starts, tuple(block.get("parts", ())))
            continue
        count = max(_count(start, keys) for start in starts)
        for number in range(count):
            more = block.get("first", ()) if number == 0 else ()
            more = (*more, *(block.get("last", ()) if number == count - 1 else ()))
            numbered = tuple(start.format(number) for start in starts)
            yield Block(block["name"].format(number), (*numbered, *more))


def _count(start: str, keys: tuple[str, ...]) -> int:
    before, after = start.split("{}")
    pattern = re.compile(re.escape(before) + r"(\d{1,4})" + re.escape(after))
    numbers = (int(found[1]) for key in keys if (found := pattern.match(key)))
    return max(numbers, default=-1) + 1


def _partition(row: Mapping[str, Any], rows: Iterable[Block]) -> Partition:
    blocks = tuple(rows)
    names = tuple(block.name for block in blocks)
    return Partition(
        row["id"],
        row["name"].format(len(blocks)),
        names,
        frozenset(index for index, block in enumerate(blocks) if block.parts),
        names.index(row["rest"]) if "rest" in row else None,
        {start: index for index, block in enumerate(blocks) for start in block.keys},
        {part: index for index, block in enumerate(blocks) for part in block.parts},
    )
