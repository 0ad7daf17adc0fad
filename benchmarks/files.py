"""Files to measure on: real values where they are read, holes where only the header counts."""

import json
import os
import random
from collections.abc import Iterable
from pathlib import Path

from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.formats.encoding import encode_header

_PIECE = 16 << 20


def whole_checkpoint(path: Path, name: str, dtype: DType, *, sparse: bool) -> Path:
    """Write a checkpoint of a family with all its parts."""
    rows = [
        _row(placement.prefix + key, spec.dtype or dtype, spec.usual_shape)
        for placement in family(name).placements.values()
        for key, spec in placement.component.specs().items()
        if key not in placement.omit
    ]
    return _write(path, rows, sparse=sparse)


def half_checkpoint(path: Path, name: str, seed: int) -> Path:
    """Write a checkpoint of a family in fp16 whose values are numbers of usual size."""
    rows = [
        _row(placement.prefix + key, spec.dtype or DType.F16, spec.usual_shape)
        for placement in family(name).placements.values()
        for key, spec in placement.component.specs().items()
        if key not in placement.omit
    ]
    rows.sort(key=lambda row: (row.dtype.bits != 64, row.name))
    header, size = encode_header(rows, {}), sum(row.nbytes for row in rows)
    with path.open("wb") as file:
        file.write(header)
        file.writelines(_halves(size, seed))
        file.flush()
        os.fsync(file.fileno())
    return path


def flux_transformer(path: Path, dtype: DType) -> Path:
    """Write the diffusion transformer of Flux dev as holes."""
    blocks = [
        *(f"double_blocks.{index}.img_attn.qkv.weight" for index in range(19)),
        *(f"single_blocks.{index}.linear1.weight" for index in range(38)),
    ]
    specs = family("flux_dev").unet.component.specs(blocks)
    rows = [_row(key, spec.dtype or dtype, spec.usual_shape) for key, spec in specs.items()]
    return _write(path, rows, sparse=True)


def many_tensors(path: Path, number: int, shape: tuple[int, ...]) -> Path:
    """Write a file of no known family with a number of equal tensors, as holes."""
    kinds = ("attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out", "mlp.fc1", "mlp.fc2", "norm")
    rows = [
        _row(f"blocks.{index // 7}.{kinds[index % 7]}.weight", DType.BF16, shape)
        for index in range(number)
    ]
    return _write(path, rows, sparse=True)


def with_workflow(path: Path, nodes: int) -> Path:
    """Write a small file whose metadata hold a workflow of that many nodes, 480 bytes each."""
    chance = random.Random(4)
    kinds = ("KSampler", "CLIPTextEncode", "VAEDecode", "LoraLoader")
    listed = [
        {
            "id": number,
            "type": chance.choice(kinds),
            "pos": [chance.uniform(0, 4000), chance.uniform(0, 3000)],
            "size": [210.5, 100.25],
            "flags": {},
            "order": number,
            "mode": 0,
            "inputs": [{"name": "model", "type": "MODEL", "link": number}],
            "outputs": [{"name": "MODEL", "type": "MODEL", "links": [number + 1], "slot_index": 0}],
            "properties": {"Node name for S&R": "KSampler"},
            "widgets_values": [chance.getrandbits(40), "randomize", 20, 7.5, "a photo " * 5],
        }
        for number in range(nodes)
    ]
    links = [[number, number - 1, 0, number, 0, "MODEL"] for number in range(1, nodes)]
    graph = {"last_node_id": nodes, "nodes": listed, "links": links, "version": 0.4}
    workflow = json.dumps(graph, separators=(",", ":"))
    rows = [_row("weight", DType.F16, (64, 64))]
    return _write(path, rows, sparse=True, metadata={"title": "One", "workflow": workflow})


def shifted(path: Path, source: Path) -> Path:
    """Write a file with the header of another and its values, each at another place."""
    with source.open("rb") as given, path.open("wb") as file:
        length = given.read(8)
        header = length + given.read(int.from_bytes(length, "little"))
        file.write(header)
        first = given.read(_PIECE)
        while piece := given.read(_PIECE):
            file.write(piece)
        file.write(first)
        file.flush()
        os.fsync(file.fileno())
    return path


def _row(name: str, dtype: DType, shape: tuple[int, ...]) -> TensorInfo:
    return TensorInfo(name, dtype, shape, offset=0, nbytes=dtype.nbytes(shape))


def _write(
    path: Path, rows: list[TensorInfo], *, sparse: bool, metadata: Metadata | None = None
) -> Path:
    rows = sorted(rows, key=lambda row: (row.dtype.bits != 64, row.name))
    header, size = encode_header(rows, metadata or {}), sum(row.nbytes for row in rows)
    with path.open("wb") as file:
        file.write(header)
        if not sparse:
            file.writelines(_values(size))
            file.flush()
            os.fsync(file.fileno())
        file.truncate(len(header) + size)
    return path


def _values(size: int) -> Iterable[bytes]:
    """Give bytes that read as fp32 numbers of moderate size, never twice the same piece."""
    pool = bytearray(random.Random(4).randbytes(_PIECE))
    pool[3::4] = pool[3::4].translate(bytes((byte & 0x80) | 0x3C for byte in range(256)))
    while size > 0:
        piece = bytes(pool[: min(size, _PIECE)])
        yield piece
        pool = pool[4096:] + pool[:4096]
        size -= len(piece)


def _halves(size: int, seed: int) -> Iterable[bytes]:
    """Give bytes that read as fp16 numbers between 0.03 and 0.25 of either sign."""
    pool = bytearray(random.Random(seed).randbytes(_PIECE))
    pool[1::2] = pool[1::2].translate(bytes((byte & 0x83) | 0x28 for byte in range(256)))
    while size > 0:
        piece = bytes(pool[: min(size, _PIECE)])
        yield piece
        pool = pool[4096:] + pool[:4096]
        size -= len(piece)
