"""Plans become files: every expression, in any order, with hashes, checks and progress."""

import hashlib
import os
import random
import stat
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import safe_open

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import OverflowFoundError, PlanError, WriteError
from ckpt_studio.core.expr import (
    Constant,
    Expr,
    cast,
    concat,
    read,
    reshape,
    rows,
    swap_halves,
    transpose,
)
from ckpt_studio.core.plan import OnOverflow, file_order
from ckpt_studio.core.problems import error
from ckpt_studio.core.progress import Progress
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.hashing import hash_file
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.faults import contents
from tests.making.plans import Tensor, copy_plan, data_of, dtype_of, plan_for, write_source

RANDOM = random.Random(1)


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def halves(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}e", *values)


@pytest.fixture
def source(tmp_path: Path) -> Checkpoint:
    tensors: dict[str, Tensor] = {
        "weight": ("F32", [4, 3], floats(*range(12))),
        "bias": ("F16", [6], halves(*range(6))),
        "odd": ("BOOL", [4], b"\x02\xff\x00\x01"),
        "packed": ("F4", [4, 2], b"\x12\x34\x56\x78"),
        "nothing": ("F32", [0, 7], b""),
        "large": ("I64", [3, 2], struct.pack("<6q", *range(6))),
    }
    return write_source(tmp_path / "source.safetensors", tensors, {"k": "v", "ü": "✓"})


def test_a_copy_has_every_byte_and_the_metadata(source: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    report = write(copy_plan(source, out))
    found = read_checkpoint(out)
    assert dict(found.metadata) == {"k": "v", "ü": "✓"}
    assert list(found.tensors) == list(source.tensors)
    for name in source.tensors:
        assert data_of(out, name) == data_of(source.path, name)
    assert found.header_bytes % 4096 == 0
    assert report.path == out
    assert report.bytes == out.stat().st_size
    assert (report.copied, report.converted, report.verified) == (6, 0, False)


def test_every_operation(source: Checkpoint, tmp_path: Path) -> None:
    t = source.tensors
    weight, bias, large = read(0, t["weight"]), read(0, t["bias"]), read(0, t["large"])
    twice = cast(cast(rows(bias, 0, 1), DType.BF16), DType.F32)
    plan: dict[str, Expr] = {
        "rows": rows(weight, 1, 3),
        "joined": concat((rows(weight, 2, 4), weight, rows(weight, 0, 1))),
        "swapped": swap_halves(bias),
        "shaped": reshape(weight, (2, 6)),
        "turned": transpose(weight),
        "turned_rows": rows(transpose(weight), 1, 3),
        "turned_large": transpose(large),
        "packed_rows": rows(read(0, t["packed"]), 1, 3),
        "half": cast(weight, DType.F16),
        "half_rows": rows(cast(weight, DType.F16), 1, 2),
        "half_turned": cast(transpose(weight), DType.F16),
        "turned_half": transpose(cast(weight, DType.F16)),
        "mixed": concat((cast(bias, DType.F32), twice)),
        "constant": Constant(DType.I64, (2,), struct.pack("<2q", 7, 8)),
        "constant_half": cast(Constant(DType.F32, (2,), floats(1.5, 2.5)), DType.F16),
        "nothing": cast(read(0, t["nothing"]), DType.F16),
        "nothing_turned": transpose(read(0, t["nothing"])),
    }
    out = tmp_path / "out.safetensors"
    report = write(plan_for((source,), plan, out), WriteOptions(verify=True, hashes=True))
    expected = {
        "rows": floats(*range(3, 9)),
        "joined": floats(*range(6, 12), *range(12), 0, 1, 2),
        "swapped": halves(3, 4, 5, 0, 1, 2),
        "shaped": floats(*range(12)),
        "turned": floats(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11),
        "turned_rows": floats(1, 4, 7, 10, 2, 5, 8, 11),
        "turned_large": struct.pack("<6q", 0, 2, 4, 1, 3, 5),
        "packed_rows": b"\x34\x56",
        "half": halves(*range(12)),
        "half_rows": halves(3, 4, 5),
        "half_turned": halves(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11),
        "turned_half": halves(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11),
        "mixed": floats(*range(6), 0),
        "constant": struct.pack("<2q", 7, 8),
        "constant_half": halves(1.5, 2.5),
        "nothing": b"",
        "nothing_turned": b"",
    }
    assert {name: data_of(out, name) for name in plan} == expected
    assert report.verified
    assert report.converted == 7
    assert report.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()


def test_the_reference_reader_opens_it(source: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    write(copy_plan(source, out))
    with safe_open(out, "np") as found:
        assert set(found.keys()) == set(source.tensors)
        assert found.metadata() == {"k": "v", "ü": "✓"}


def big_source(path: Path, megabytes: int = 6) -> Checkpoint:
    """Tensors of several megabytes, so that the work is cut into many pieces."""
    noise = RANDOM.randbytes(1 << 20)
    values = struct.pack("<262144f", *(RANDOM.gauss(0, 0.02) for _ in range(262_144)))
    return write_source(
        path,
        {
            "a": ("F32", [megabytes, 262_144], values * megabytes),
            "b": ("U8", [megabytes << 20], noise * megabytes),
            "c": ("F32", [262_144], values),
        },
    )


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_change_nothing(tmp_path: Path, threads: int) -> None:
    source = big_source(tmp_path / "s.safetensors")
    plan = {
        name: cast(read(0, info), DType.F16) if info.dtype is DType.F32 else read(0, info)
        for name, info in source.tensors.items()
    }
    out = tmp_path / "out.safetensors"
    options = WriteOptions(hashes=True, verify=True, threads=threads)
    report = write(plan_for((source,), plan, out), options)
    raw = data_of(source.path, "a")
    values = struct.unpack(f"<{len(raw) // 4}f", raw)
    assert data_of(out, "a") == halves(*values)
    assert data_of(out, "b") == data_of(source.path, "b")
    content = out.read_bytes()
    start = read_checkpoint(out).header_bytes
    assert report.sha256 == hashlib.sha256(content).hexdigest()
    assert report.autov2 == report.sha256[:10]
    assert report.autov3 == hashlib.sha256(content[start:]).hexdigest()[:12]
    assert report.seconds > 0
    sums = hash_file(out)
    assert (sums.sha256, sums.autov2, sums.autov3) == (report.sha256, report.autov2, report.autov3)


def test_progress_counts_to_the_end_of_each_phase(tmp_path: Path) -> None:
    source = big_source(tmp_path / "s.safetensors")
    seen: list[Progress] = []
    write(
        copy_plan(source, tmp_path / "out.safetensors"),
        WriteOptions(verify=True),
        progress=seen.append,
    )
    total = sum(info.nbytes for info in source.tensors.values())
    phases = list(dict.fromkeys(p.phase for p in seen))
    assert phases == ["Writing", "Checking"]
    for phase in phases:
        done = [p.done for p in seen if p.phase == phase]
        assert done == sorted(done)
        assert done[-1] == total
    assert {p.total for p in seen} == {total}


def test_a_copy_does_not_load_torch(source: Checkpoint, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from ckpt_studio.engine.writing import write\n"
        "from tests.making.plans import copy_plan, read_checkpoint\n"
        f"source = read_checkpoint(Path({str(source.path)!r}))\n"
        f"write(copy_plan(source, Path({str(tmp_path / 'o.safetensors')!r})))\n"
        "print('torch' in sys.modules, 'numpy' in sys.modules)\n"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root
    )
    assert run.stdout == "False False\n"


@pytest.fixture
def hot(tmp_path: Path) -> Checkpoint:
    """Two tensors with values beyond fp16, one with infinity, one harmless."""
    return write_source(
        tmp_path / "hot.safetensors",
        {
            "fine": ("F32", [2], floats(1, 2)),
            "hot": ("F32", [4], floats(1e6, -7e4, 65504, 1)),
            "hotter": ("F32", [2], floats(1e9, 2)),
            "infinite": ("F32", [2], floats(float("inf"), 1e-9)),
        },
    )


def halved(source: Checkpoint) -> dict[str, Expr]:
    return {name: cast(read(0, info), DType.F16) for name, info in source.tensors.items()}


def test_overflow_is_an_error_that_names_all_tensors(hot: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    with pytest.raises(OverflowFoundError) as caught:
        write(plan_for((hot,), halved(hot), out))
    message = caught.value.message
    assert message.startswith(
        "3 values are too large for F16 in 2 tensors: hotter (1, up to 1e+09)"
    )
    assert "hot (2, up to 1e+06)" in message
    assert sorted(contents(tmp_path)) == ["hot.safetensors"]


def test_overflow_can_be_clamped(hot: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    report = write(plan_for((hot,), halved(hot), out, on_overflow=OnOverflow.CLAMP))
    assert data_of(out, "hot") == halves(65504, -65504, 65504, 1)
    assert data_of(out, "infinite") == halves(float("inf"), 0)
    assert [(item.name, item.count, item.max_abs) for item in report.overflowed] == [
        ("hotter", 1, 1e9),
        ("hot", 2, 1e6),
    ]
    assert report.flushed == 1
    assert [(p.code, p.names) for p in report.problems] == [("invalid-numbers", ("infinite",))]


def test_overflowing_tensors_can_keep_their_precision(hot: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    plan = plan_for((hot,), halved(hot), out, on_overflow=OnOverflow.KEEP)
    report = write(plan, WriteOptions(hashes=True))
    assert sorted(report.kept) == ["hot", "hotter"]
    assert {item.name for item in report.overflowed} == {"hot", "hotter"}
    assert dtype_of(out, "hot") is DType.F32
    assert data_of(out, "hot") == data_of(hot.path, "hot")
    assert dtype_of(out, "fine") is DType.F16
    order = list(read_checkpoint(out).tensors)
    assert order == ["hot", "hotter", "fine", "infinite"]
    assert report.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (report.copied, report.converted) == (2, 2)


def test_keeping_joined_parts_of_different_types(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "s.safetensors",
        {
            "a": ("F32", [1], floats(1e9)),
            "b": ("BF16", [1], b"\x80\x3f"),
            "c": ("F16", [1], halves(2)),
        },
    )
    parts = tuple(cast(read(0, info), DType.F8_E5M2) for info in source.tensors.values())
    out = tmp_path / "out.safetensors"
    plan = plan_for((source,), {"w": concat(parts)}, out, on_overflow=OnOverflow.KEEP)
    write(plan)
    assert dtype_of(out, "w") is DType.F32
    assert data_of(out, "w") == floats(1e9, 1, 2)


def test_infinity_does_not_fit_a_type_without_one(hot: Checkpoint, tmp_path: Path) -> None:
    plan = {"w": cast(read(0, hot.tensors["infinite"]), DType.F8_E4M3)}
    out = tmp_path / "out.safetensors"
    with pytest.raises(OverflowFoundError, match="up to inf"):
        write(plan_for((hot,), plan, out))
    write(plan_for((hot,), plan, out, on_overflow=OnOverflow.CLAMP))
    assert data_of(out, "w") == b"\x7e\x00"


def test_plans_that_cannot_be_carried_out(source: Checkpoint, tmp_path: Path) -> None:
    plan = copy_plan(source, tmp_path / "out.safetensors")
    with pytest.raises(PlanError, match="No VAE"):
        write(replace(plan, problems=(error("No VAE", "Choose one."),)))
    with pytest.raises(PlanError, match="nowhere to write"):
        write(replace(plan, output=None))
    with pytest.raises(PlanError, match="is no text"):
        write(replace(plan, metadata={"steps": 3}))  # type: ignore[dict-item]
    integers = cast(read(0, source.tensors["large"]), DType.F16)
    with pytest.raises(PlanError, match="I64 cannot be converted to F16"):
        write(plan_for((source,), {"w": integers}, tmp_path / "out.safetensors"))
    assert sorted(contents(tmp_path)) == ["source.safetensors"]


def test_an_existing_file_is_replaced_only_when_allowed(source: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    out.write_bytes(b"precious")
    with pytest.raises(WriteError, match="is there already"):
        write(copy_plan(source, out))
    assert out.read_bytes() == b"precious"
    write(copy_plan(source, out, overwrite=True))
    assert list(read_checkpoint(out).tensors) == list(source.tensors)


def test_permissions_and_attributes_survive_and_new_files_follow_the_umask(
    source: Checkpoint, tmp_path: Path
) -> None:
    out = tmp_path / "out.safetensors"
    before = os.umask(0o027)
    try:
        write(copy_plan(source, out))
    finally:
        os.umask(before)
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    out.chmod(0o604)
    os.setxattr(out, "user.note", b"mine")
    if os.geteuid() == 0:
        os.chown(out, 1234, 1235)
    status = out.stat()
    write(copy_plan(source, out, overwrite=True))
    now = out.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (status.st_mode, status.st_uid, status.st_gid)
    assert os.getxattr(out, "user.note") == b"mine"
    assert now.st_ino != status.st_ino


def test_links(source: Checkpoint, tmp_path: Path) -> None:
    real, link, second = tmp_path / "real", tmp_path / "link", tmp_path / "second"
    real.write_bytes(b"old")
    link.symlink_to(real.name)
    os.link(real, second)
    report = write(copy_plan(source, link, overwrite=True))
    assert link.is_symlink()
    assert list(read_checkpoint(real).tensors) == list(source.tensors)
    assert second.read_bytes() == b"old"
    assert [problem.code for problem in report.problems] == ["hard-links"]


def test_missing_folders_are_made(source: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "out.safetensors"
    write(copy_plan(source, out))
    assert out.is_file()


def test_file_order_is_what_the_plan_says(source: Checkpoint, tmp_path: Path) -> None:
    plan = copy_plan(source, tmp_path / "out.safetensors")
    plan = replace(plan, tensors=tuple(sorted(plan.tensors, key=file_order, reverse=True)))
    write(plan)
    expected = [row.name for row in plan.tensors if row.nbytes]
    found = read_checkpoint(tmp_path / "out.safetensors").tensors
    assert [name for name, info in found.items() if info.nbytes] == expected
