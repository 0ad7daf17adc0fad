"""Source files written byte by byte, and plans over them."""

import json
from collections.abc import Mapping
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Expr, read
from ckpt_studio.core.plan import OnOverflow, Plan, PlannedTensor
from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.safetensors import read_checkpoint

Tensor = tuple[str, list[int], bytes]


def raw_file(header: bytes, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def header_of(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    entries: dict[str, object] = {} if metadata is None else {"__metadata__": dict(metadata)}
    at = 0
    for name, (dtype, shape, data) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    return json.dumps(entries).encode()


def write_source(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> Checkpoint:
    data = b"".join(tensor[2] for tensor in tensors.values())
    path.write_bytes(raw_file(header_of(tensors, metadata), data))
    return read_checkpoint(path)


def plan_for(
    sources: tuple[Checkpoint, ...],
    rows: Mapping[str, Expr],
    output: Path | None,
    *,
    metadata: Mapping[str, str] | None = None,
    on_overflow: OnOverflow = OnOverflow.ERROR,
    overwrite: bool = False,
) -> Plan:
    return Plan(
        verb="save",
        sources=sources,
        tensors=tuple(PlannedTensor(name, expr) for name, expr in rows.items()),
        metadata=metadata or {},
        output=output,
        on_overflow=on_overflow,
        overwrite=overwrite,
    )


def copy_plan(source: Checkpoint, output: Path, *, overwrite: bool = False) -> Plan:
    """All tensors as they are."""
    rows: dict[str, Expr] = {name: read(0, info) for name, info in source.tensors.items()}
    return plan_for((source,), rows, output, metadata=dict(source.metadata), overwrite=overwrite)


def data_of(path: Path, name: str) -> bytes:
    info = read_checkpoint(path).tensors[name]
    return path.read_bytes()[info.offset : info.offset + info.nbytes]


def dtype_of(path: Path, name: str) -> DType:
    return read_checkpoint(path).tensors[name].dtype
