"""The small JSON files of a diffusers folder: what each part is, and which parts there are.

Values that follow from the tensors are made from those that are written, so that a model with more
blocks or another number of channels gets a configuration of its own. The language of the values is
described in ``resources/diffusers/sd1.toml``.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ckpt_studio.core.diffusers.diffusers_layout import DiffusersLayout, Kind
from ckpt_studio.core.families.key_pattern import key_pattern
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.core.tensors import DType

INDEX = "model_index.json"

_VERSION = "0.32.2"
"""The first series of diffusers that reads all that is written here, SD 3.5 medium included."""

_TORCH_NAMES = {DType.F32: "float32", DType.F16: "float16", DType.BF16: "bfloat16"}

Json = dict[str, Any]


def part_config(kind: Kind, rows: Sequence[PlannedTensor]) -> str:
    """Return the ``config.json`` of a part from the rows of its file."""
    values = dict(_values(kind.config, {row.name: row.shape for row in rows}))
    if kind.library == "transformers":
        return _text({"architectures": [kind.name], "torch_dtype": _torch_dtype(rows), **values})
    return _text({"_class_name": kind.name, "_diffusers_version": _VERSION, **values})


def scheduler_config(kind: Kind) -> str:
    """Return the ``scheduler_config.json``."""
    return _text({"_class_name": kind.name, "_diffusers_version": _VERSION, **kind.config})


def model_index(layout: DiffusersLayout, written: Iterable[str]) -> str:
    """Return the ``model_index.json``; ``written`` are the parts of the family that are there.

    A part that is not there is named with nothing behind it, so that the folder can be loaded
    without it. A tokenizer is named with its text encoder, whether its files are there or not: it
    can be added to the folder later.
    """
    there = set(written)
    index: Json = {name: [None, None] for name in layout.absent}
    for part, item in layout.parts.items():
        held = part in there
        index[item.folder] = [item.kind.library, item.kind.name] if held else [None, None]
        if item.tokenizer:
            index[item.tokenizer_folder] = ["transformers", item.tokenizer] if held else [None] * 2
    index["scheduler"] = [layout.scheduler.library, layout.scheduler.name]
    head = {"_class_name": layout.pipeline, "_diffusers_version": _VERSION}
    return _text({**head, **layout.settings, **dict(sorted(index.items()))})


def _text(value: Json) -> str:
    return json.dumps(value, indent=2) + "\n"


def _torch_dtype(rows: Sequence[PlannedTensor]) -> str:
    """Return the type to compute in: that of most bytes, bf16 where nothing computes in it."""
    sizes: Counter[DType] = Counter()
    for row in rows:
        sizes[row.dtype] += row.nbytes
    return _TORCH_NAMES.get(sizes.most_common(1)[0][0], "bfloat16")


Shapes = Mapping[str, tuple[int, ...]]


def _values(config: Mapping[str, Any], shapes: Shapes) -> Iterator[tuple[str, Any]]:
    """Fill in what follows from the tensors; a value whose tensor is missing is left out."""
    for key, value in config.items():
        if not isinstance(value, Mapping):
            yield key, value
        elif "null" in value:
            yield key, None
        else:
            yield from ((key, made) for made in _made(value, shapes))


def _made(value: Mapping[str, Any], shapes: Shapes) -> Iterator[Any]:
    match value:
        case {"size": name, "dim": dim}:
            if name in shapes and dim < len(shapes[name]):
                yield shapes[name][dim] // int(value.get("by", 1))
        case {"count": pattern}:
            yield len(_numbers(pattern, shapes))
        case {"numbers": pattern}:
            yield _numbers(pattern, shapes)
        case {"has": part, "yes": then}:
            if any(part in name for name in shapes):
                yield then
        case {"has": part}:
            yield any(part in name for name in shapes)
        case _:
            yield dict(value)


def _numbers(text: str, shapes: Shapes) -> list[int]:
    pattern = key_pattern(text)
    found = (pattern.match(name) for name in shapes)
    return sorted({int(holes["i"]) for holes, _ in filter(None, found)})
