"""PyTorch files written record by record, so that every rule can be broken."""

import pickle
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.formats.made import make

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + len(raw).to_bytes(4, "little") + raw


def number(value: int) -> bytes:
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str = "0", length: int = 4, kind: str = "FloatStorage") -> bytes:
    inside = text("storage") + name_of("torch", kind) + text(key) + text("cpu") + number(length)
    return b"(" + inside + b"tQ"


def tensor(
    shape: tuple[int, ...] = (4,),
    stride: tuple[int, ...] = (1,),
    offset: int = 0,
    of: bytes | None = None,
) -> bytes:
    """The opcodes of a tensor; by default of four floats in the storage "0"."""
    args = (of or storage()) + number(offset) + numbers(shape) + numbers(stride) + b"\x89}"
    return name_of("torch._utils", "_rebuild_tensor_v2") + b"(" + args + b"tR"


def state(**values: bytes) -> bytes:
    """A pickle of a dictionary whose values are given as opcodes."""
    pairs = b"".join(text(key) + value for key, value in values.items())
    return b"\x80\x02}(" + pairs + b"u."


def write_zip(
    path: Path,
    data: bytes,
    records: Mapping[str, bytes] | None = None,
    *,
    method: int = zipfile.ZIP_STORED,
    root: str = "archive/",
) -> Path:
    """Write a zip of ``data.pkl`` and more; by default the storage "0" of four floats."""
    every = {"data.pkl": data, "byteorder": b"little", "version": b"3\n"}
    every |= {"data/0": bytes(range(16))} if records is None else records
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in every.items():
            archive.writestr(root + name, content)
    return path


def legacy(data: bytes, blocks: Mapping[str, tuple[int, bytes]]) -> bytes:
    """A file of before PyTorch 1.6; a block is its number of elements and its bytes."""
    head = b"".join(pickle.dumps(each, 2) for each in (MAGIC, 1001, SYSTEM))
    tail = b"".join(count.to_bytes(8, "little") + raw for count, raw in blocks.values())
    return head + data + pickle.dumps(list(blocks), 2) + tail


def bytes_of(checkpoint: Checkpoint, name: str) -> bytes:
    """The bytes of a tensor as a save would read them."""
    info = checkpoint.tensors[name]
    file = checkpoint.files[info.shard]
    with file.path.open("rb") as source:

        def read(count: int, offset: int) -> bytes:
            source.seek(offset)
            return source.read(count)

        if file.made is not None:
            return make(file.made, read)[info.offset : info.offset + info.nbytes]
        return read(info.nbytes, info.offset)


def write_large_zip(path: Path, names: list[str], elements: int) -> Path:
    """Write a zip as PyTorch does, of tensors of so many floats each, whose data are holes."""
    values = {
        name: tensor((elements,), of=storage(str(index), elements))
        for index, name in enumerate(names)
    }
    parts = [("archive/data.pkl", state(state_dict=state(**values)[2:-1]), 0)]
    parts += [("archive/byteorder", b"little", 0), ("archive/version", b"3\n", 0)]
    parts += [(f"archive/data/{index}", b"", elements * 4) for index in range(len(names))]
    directory = b""
    with path.open("wb") as file:
        for name, data, hole in parts:
            at, size, raw = file.tell(), hole or len(data), name.encode()
            sums = (zlib.crc32(data), 0xFFFFFFFF, 0xFFFFFFFF)
            file.write(struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0, 0, 0, 0, *sums, len(raw), 0))
            file.write(raw + data)
            file.seek(hole, 1)
            fields = (45, 45, 0, 0, 0, 0, *sums, len(raw), 28, 0, 0, 0, 0, 0xFFFFFFFF)
            directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields) + raw
            directory += struct.pack("<2H3Q", 1, 24, size, size, at)
        start = file.tell()
        count, length = len(parts), len(directory)
        file.write(directory)
        file.write(
            struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, *2 * [count], length, start)
        )
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, start + length, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *2 * [0xFFFF], *2 * [0xFFFFFFFF], 0))
    return path
