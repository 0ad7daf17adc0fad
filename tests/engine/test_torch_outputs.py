"""PyTorch files are written so that torch, zip tools and this program read every byte again."""

import hashlib
import pickletools
import random
import re
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import OverflowFoundError, PlanError
from ckpt_studio.core.expr import Expr, cast, read, rows
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.plan import Container, OnOverflow, Plan
from ckpt_studio.core.recipe import Convert, EditMetadata, Output
from ckpt_studio.core.tensors import DTYPES, DType, TensorInfo
from ckpt_studio.engine import planning
from ckpt_studio.engine.hashing import hash_file
from ckpt_studio.engine.opening import Library
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.safetensors import read_checkpoint
from ckpt_studio.formats.single import read_single
from ckpt_studio.formats.torch_zip_writing import TorchZip
from tests.making.plans import Tensor, plan_for, write_source
from tests.making.torch_files import bytes_of

RANDOM = random.Random(5)
TORCH_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "U16": torch.uint16,
    "U32": torch.uint32,
    "U64": torch.uint64,
    "BOOL": torch.bool,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "F8_E8M0": torch.float8_e8m0fnu,
}


def torch_plan(
    source: Checkpoint, out: Path, rows: dict[str, Expr] | None = None, *, overwrite: bool = False
) -> Plan:
    every = rows or {name: read(0, info) for name, info in source.tensors.items()}
    plan = plan_for((source,), every, out, metadata=source.metadata, overwrite=overwrite)
    return replace(plan, container=Container.TORCH_ZIP)


def noise(label: str, shape: list[int]) -> Tensor:
    if label == "BOOL":
        return label, shape, bytes(RANDOM.choices(b"\0\1", k=DTYPES[label].nbytes(tuple(shape))))
    return label, shape, RANDOM.randbytes(DTYPES[label].nbytes(tuple(shape)))


@pytest.fixture
def source(tmp_path: Path) -> Checkpoint:
    """A tensor of every type that torch has, and odd shapes and names."""
    tensors = {f"of.{label}": noise(label, [3, 5]) for label in TORCH_TYPES}
    tensors |= {
        "scalar": noise("F16", []),
        "nothing": noise("F32", [0, 7]),
        "nothing.between": noise("F8_E4M3", [4, 0, 2]),
        "five.dimensions": noise("I8", [1, 2, 1, 300, 2]),
        "größe.重み.\n'\"": noise("F32", [2, 2]),
        "packed": noise("F4", [3, 4]),
    }
    return write_source(tmp_path / "source.safetensors", tensors, {"k": "v", "ü": "✓", "": "\n"})


def raw(tensor: torch.Tensor) -> bytes:
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes()


def same_tensors(found: Checkpoint, wanted: Checkpoint) -> None:
    assert list(found.tensors) == list(wanted.tensors)
    for name, info in wanted.tensors.items():
        other = found.tensors[name]
        assert (other.dtype, other.shape, other.nbytes) == (info.dtype, info.shape, info.nbytes)
        assert bytes_of(found, name) == bytes_of(wanted, name)


@pytest.mark.parametrize("mmap", [False, True], ids=["read", "mapped"])
def test_torch_loads_every_type(source: Checkpoint, tmp_path: Path, *, mmap: bool) -> None:
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out))
    loaded = torch.load(out, weights_only=True, mmap=mmap)
    assert loaded["__metadata__"] == {"k": "v", "ü": "✓", "": "\n"}
    state = loaded["state_dict"]
    assert list(state) == list(source.tensors)
    for name, info in source.tensors.items():
        tensor = state[name]
        assert tensor.is_contiguous()
        assert not tensor.requires_grad
        if info.dtype is DType.F4:
            assert (tensor.dtype, tensor.shape) == (torch.float4_e2m1fn_x2, (3, 2))
        else:
            assert (tensor.dtype, tensor.shape) == (TORCH_TYPES[info.dtype.label], info.shape)
        assert raw(tensor) == bytes_of(source, name)


def test_our_reader_gives_the_table_and_the_metadata_back(
    source: Checkpoint, tmp_path: Path
) -> None:
    out = tmp_path / "out.ckpt"
    report = write(torch_plan(source, out), WriteOptions(verify=True, hashes=True))
    found = read_single(out)
    same_tensors(found, source)
    assert dict(found.metadata) == dict(source.metadata)
    assert not found.problems
    assert found.container == "torch-zip"
    assert all(info.offset % 64 == 0 for info in found.tensors.values())
    sums = hash_file(out)
    assert (report.sha256, report.autov2, report.autov3) == (sums.sha256, sums.autov2, None)
    assert report.bytes == out.stat().st_size
    assert report.verified


def test_the_archive_is_what_zip_tools_expect(source: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out))
    content = out.read_bytes()
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            data = archive.read(entry)
            local = struct.unpack_from("<4s5H3L2H", content, entry.header_offset)
            assert local[6:9] == (zlib.crc32(data), len(data), len(data))
            assert zlib.crc32(data) == entry.CRC


def test_only_what_the_oldest_loaders_allow(tmp_path: Path) -> None:
    """A1111 refuses archives with other names, and pickles that name other things."""
    known = ("F64", "F32", "F16", "BF16", "I64", "I32", "U8")
    source = write_source(
        tmp_path / "s.safetensors", {label: noise(label, [2]) for label in known}, {"k": "v"}
    )
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out))
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        pickle = archive.read("archive/data.pkl")
    allowed = re.compile(r"([^/]+)/((data/\d+)|version|(data\.pkl))")
    assert all(allowed.fullmatch(name) for name in names)
    opcodes = list(pickletools.genops(pickle))
    assert {str(arg) for opcode, arg, _ in opcodes if opcode.name == "GLOBAL"} == {
        "torch._utils _rebuild_tensor_v2",
        "collections OrderedDict",
        *(
            f"torch {kind}Storage"
            for kind in ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Byte")
        ),
    }
    assert max(opcode.proto for opcode, _, _ in opcodes) == 2
    loaded = torch.load(out, weights_only=True)  # the steps of ComfyUI (``comfyui.md`` 5)
    assert set(loaded.get("state_dict", loaded)) == set(known)


def test_without_metadata_there_is_nothing_beside_the_model(tmp_path: Path) -> None:
    source = write_source(tmp_path / "s.safetensors", {"a": noise("F32", [2])})
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out))
    assert list(torch.load(out, weights_only=True)) == ["state_dict"]
    assert read_single(out).metadata == {}


def test_no_tensors_at_all(tmp_path: Path) -> None:
    source = write_source(tmp_path / "s.safetensors", {}, {"only": "metadata"})
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out), WriteOptions(verify=True, hashes=True))
    assert torch.load(out, weights_only=True) == {
        "state_dict": {},
        "__metadata__": {"only": "metadata"},
    }
    assert dict(read_single(out).metadata) == {"only": "metadata"}


def test_names_that_are_words_of_the_container(tmp_path: Path) -> None:
    names = ("state_dict", "metadata", "model", "module.state_dict.weight", "params", "0")
    tensors = {name: noise("F32", [2]) for name in names}
    source = write_source(tmp_path / "s.safetensors", tensors, {"state_dict": "text"})
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out))
    same_tensors(read_single(out), source)
    assert dict(read_single(out).metadata) == {"state_dict": "text"}


def test_safetensors_to_ckpt_and_back_is_the_same_file(tmp_path: Path) -> None:
    labels = ("F32", "F16", "BF16", "I64", "F8_E4M3", "U8", "BOOL")
    tensors = {f"blocks.{n}.{label}": noise(label, [n, 3]) for n in (1, 2) for label in labels}
    metadata = {"modelspec.title": "Ä", "prompt": '{"1": {}}', "empty": ""}
    first = tmp_path / "first.safetensors"
    write_source(tmp_path / "s.safetensors", tensors, metadata)
    write(planning.plan(Convert(tmp_path / "s.safetensors", output=Output(first))))
    ckpt, second = tmp_path / "model.ckpt", tmp_path / "second.safetensors"
    plan = planning.plan(Convert(first, output=Output(ckpt)))
    write(plan)
    assert plan.bytes == ckpt.stat().st_size
    write(planning.plan(Convert(ckpt, output=Output(second))))
    assert second.read_bytes() == first.read_bytes()
    again = tmp_path / "again.ckpt"
    write(planning.plan(Convert(second, output=Output(again))))
    assert again.read_bytes() == ckpt.read_bytes()


def test_metadata_of_a_ckpt_is_edited_into_another_one(tmp_path: Path) -> None:
    source = write_source(tmp_path / "s.safetensors", {"a": noise("F16", [9])}, {"k": "v"})
    first, second = tmp_path / "first.ckpt", tmp_path / "second.pt"
    write(torch_plan(source, first))
    write(planning.plan(EditMetadata(first, (SetValue("author", "me"),), Output(second))))
    same_tensors(read_single(second), source)
    assert dict(read_single(second).metadata) == {"k": "v", "author": "me"}
    with pytest.raises(planning.NotInPlaceError):
        planning.plan(EditMetadata(first, (SetValue("author", "me"),)))


def test_large_pieces_written_by_several_threads(tmp_path: Path) -> None:
    megabyte = RANDOM.randbytes(1 << 20)
    tensors: dict[str, Tensor] = {
        f"w{index}": ("U8", [len(data)], data)
        for index, data in enumerate(megabyte[index:] * 3 for index in range(6))
    }
    source = write_source(tmp_path / "s.safetensors", tensors)
    info = source.tensors
    rows_wanted: dict[str, Expr] = {
        "copied": read(0, info["w0"]),
        "part": rows(read(0, info["w1"]), 5, 2_000_000),
        **{name: read(0, info[name]) for name in ("w2", "w3", "w4", "w5")},
    }
    out = tmp_path / "out.ckpt"
    plan = torch_plan(source, out, rows_wanted)
    report = write(plan, WriteOptions(hashes=True, verify=True, threads=4))
    assert report.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
    found = read_single(out)
    assert bytes_of(found, "part") == tensors["w1"][2][5:2_000_000]
    assert bytes_of(found, "w5") == tensors["w5"][2]


def test_values_are_converted_on_the_way(tmp_path: Path) -> None:
    numbers = torch.randn(70, 31)
    source = write_source(
        tmp_path / "s.safetensors", {"w": ("F32", [70, 31], numbers.numpy().tobytes())}
    )
    out = tmp_path / "out.ckpt"
    write(torch_plan(source, out, {"w": cast(read(0, source.tensors["w"]), DType.F8_E4M3)}))
    found = torch.load(out, weights_only=True)["state_dict"]["w"]
    assert torch.equal(found.view(torch.uint8), numbers.to(torch.float8_e4m3fn).view(torch.uint8))


def test_values_that_do_not_fit(tmp_path: Path) -> None:
    data = struct.pack("<4f", 1, 2, 70_000, 4)
    source = write_source(tmp_path / "s.safetensors", {"w": ("F32", [4], data)}, {"k": "v"})
    out = tmp_path / "out.ckpt"
    plan = torch_plan(source, out, {"w": cast(read(0, source.tensors["w"]), DType.F16)})
    with pytest.raises(OverflowFoundError):
        write(plan, WriteOptions(hashes=True))
    assert not out.exists()
    report = write(replace(plan, on_overflow=OnOverflow.KEEP), WriteOptions(hashes=True))
    assert report.kept == ("w",)
    assert raw(torch.load(out, weights_only=True)["state_dict"]["w"]) == data


@pytest.mark.parametrize(
    ("label", "shape", "says"),
    [
        ("F6_E3M2", [4], "F6_E3M2, which PyTorch files cannot hold"),
        ("F4", [2, 3], "rows are no whole bytes"),
    ],
)
def test_types_that_torch_has_not(tmp_path: Path, label: str, shape: list[int], says: str) -> None:
    write_source(tmp_path / "s.safetensors", {"w": noise(label, shape)})
    recipe = Convert(tmp_path / "s.safetensors", output=Output(tmp_path / "out.ckpt"))
    with pytest.raises(PlanError, match=says) as caught:
        planning.plan(recipe)
    assert ".safetensors" in caught.value.hint


def test_metadata_too_large_for_a_pickle_is_refused_before_writing(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "s.safetensors", {"w": noise("F32", [2])}, {"picture": "x" * (33 << 20)}
    )
    with pytest.raises(PlanError, match="too many for a PyTorch file"):
        write(torch_plan(source, tmp_path / "out.ckpt"))


def test_a_name_that_our_reader_would_refuse(tmp_path: Path) -> None:
    source = write_source(tmp_path / "s.safetensors", {"w" * 10_001: noise("F32", [2])})
    with pytest.raises(PlanError, match="more than 10,000 letters"):
        write(torch_plan(source, tmp_path / "out.ckpt"))


def test_the_plan_says_that_safetensors_is_safer(tmp_path: Path) -> None:
    write_source(tmp_path / "s.safetensors", {"w": noise("F8_E5M2", [2])})
    for ending in (".ckpt", ".PT", ".pth", ".bin"):
        output = Output(tmp_path / f"out{ending}")
        plan = planning.plan(Convert(tmp_path / "s.safetensors", output=output))
        assert plan.container is Container.TORCH_ZIP
        assert plan.output == output.path
        assert [each.code for each in plan.problems][-2:] == ["pickle-output", "new-types"]
    plan = planning.plan(
        Convert(tmp_path / "s.safetensors", output=Output(tmp_path / "o.safetensors"))
    )
    assert plan.container is Container.SAFETENSORS
    assert not plan.problems


def test_shards_of_a_ckpt_are_refused(tmp_path: Path) -> None:
    write_source(tmp_path / "s.safetensors", {"w": noise("F32", [2])})
    output = Output(tmp_path / "out.ckpt", shard_bytes=1 << 30)
    with pytest.raises(PlanError, match="not written as shards"):
        planning.plan(Convert(tmp_path / "s.safetensors", output=output))


def test_a_safetensors_file_with_another_ending_is_edited_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "renamed.ckpt"
    write_source(path, {"w": noise("F32", [2])}, {"k": "v"})
    plan = planning.plan(EditMetadata(path, (), Output(path, overwrite=True)), Library())
    assert plan.container is Container.SAFETENSORS
    write(plan)
    assert read_checkpoint(path).metadata == {"k": "v"}


def test_more_than_4_gib_in_a_tensor_and_before_one(tmp_path: Path) -> None:
    size = (4 << 30) + 3
    data = {"small": b"small", "large": bytes(1 << 20), "far": b"far away"}
    rows = [("small", DType.U8, (5,), 5), ("large", DType.U8, (size,), size)]
    rows += [("far", DType.U8, (8,), 8)]
    archive = TorchZip([TensorInfo(*row[:3], 0, row[3]) for row in rows], {"k": "v"})
    crc = 0
    for _ in range(4096):
        crc = zlib.crc32(data["large"], crc)
    crcs = [zlib.crc32(data["small"]), zlib.crc32(bytes(3), crc), zlib.crc32(data["far"])]
    path = tmp_path / "large.ckpt"
    with path.open("wb") as file:
        for position, content in archive.around(crcs):
            file.seek(position)
            file.write(content)
        for name, (start, _) in zip(data, archive.spans, strict=True):
            file.seek(start)
            file.write(b"" if name == "large" else data[name])
    assert path.stat().st_size == archive.size
    found = read_single(path)
    assert bytes_of(found, "far") == b"far away"
    assert found.tensors["large"].nbytes == size
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
    state = torch.load(path, weights_only=True, mmap=True)["state_dict"]
    assert raw(state["far"]) == b"far away"
    assert state["large"].shape == (size,)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
SHAPES = st.lists(st.integers(0, 4), max_size=5)
TABLES = st.dictionaries(NAMES, st.tuples(st.sampled_from(sorted(TORCH_TYPES)), SHAPES), max_size=9)
TEXTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), NAMES, max_size=4)


@settings(max_examples=60, deadline=None)
@given(TABLES, TEXTS)
def test_any_names_shapes_and_metadata(
    table: dict[str, tuple[str, list[int]]], metadata: dict[str, str]
) -> None:
    table.pop("__metadata__", None)
    with TemporaryDirectory() as folder:
        tensors = {name: noise(label, shape) for name, (label, shape) in table.items()}
        source = write_source(Path(folder) / "s.safetensors", tensors, metadata)
        out = Path(folder) / "out.ckpt"
        write(torch_plan(source, out), WriteOptions(verify=True))
        found = read_single(out)
        same_tensors(found, source)
        assert dict(found.metadata) == metadata
        state = torch.load(out, weights_only=True)["state_dict"]
        assert {name: raw(state[name]) for name in state} == {
            name: data for name, (_, _, data) in tensors.items()
        }
        with zipfile.ZipFile(out) as archive:
            assert archive.testzip() is None
