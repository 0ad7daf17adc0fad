"""Plans whose output is a set of files, and what lies in its folder afterwards."""

from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.assembly.sharding import sharded
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.tensors import DType
from tests.making.plans import copy_plan, write_source


def shard(number: int, count: int, stem: str = "out") -> str:
    return f"{stem}-{number:05}-of-{count:05}.safetensors"


def shard_names(count: int, stem: str = "out") -> list[str]:
    return [
        *(shard(number, count, stem) for number in range(1, count + 1)),
        f"{stem}.safetensors.index.json",
    ]


def source_with(folder: Path, count: int = 3, name: str = "source.safetensors") -> Checkpoint:
    """Tensors of 8 bytes each, and the metadata of a checkpoint."""
    tensors = {f"t{n}": ("U8", [8], bytes([n] * 8)) for n in range(count)}
    return write_source(folder / name, tensors, {"prompt": "{}", "format": "pt"})


def shard_plan(
    source: Checkpoint, output: Path, *, limit: int = 8, overwrite: bool = False
) -> Plan:
    return sharded(copy_plan(source, output, overwrite=overwrite), limit)


def folder_plan(source: Checkpoint, output: Path) -> Plan:
    """Write a model folder with two components and three texts."""
    names = list(source.tensors)
    rows = [
        PlannedTensor(
            name.upper(),
            read(0, info) if info.dtype is DType.U8 else cast(read(0, info), DType.F16),
            file="unet/model.safetensors" if name == names[0] else "vae/model.safetensors",
        )
        for name, info in source.tensors.items()
    ]
    texts = {"model_index.json": "{}\n", "unet/config.json": '{"a": 1}', "vae/config.json": ""}
    return replace(
        copy_plan(source, output), tensors=tuple(rows), metadata={"format": "pt"}, texts=texts
    )
