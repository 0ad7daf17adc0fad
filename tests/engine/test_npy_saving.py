"""One tensor as a file that NumPy reads."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ckpt_studio.core.errors import Cancelled, PlanError, SourceChangedError, WriteError
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.tensors import DTYPES, DType, TensorInfo
from ckpt_studio.engine.npy_saving import NpyOptions, save_npy
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.npy import header, layout_of
from ckpt_studio.formats.opening import read_any
from tests.making.plans import write_source

PLAIN = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1"}
PLAIN |= {"U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "C64": "c8"}
WIDENED = {"BF16": torch.bfloat16, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
WIDENED |= {"F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz}
WIDENED |= {"F8_E8M0": torch.float8_e8m0fnu}


def saved(folder: Path, label: str, shape: list[int], data: bytes, **options: bool) -> np.ndarray:
    source = write_source(folder / "m.safetensors", {"t": (label, shape, data)})
    out = folder / "t.npy"
    report = save_npy(source, "t", out, NpyOptions(overwrite=True, **options))
    assert report.path == out
    assert report.bytes == out.stat().st_size
    return np.load(out)


@pytest.mark.parametrize("label", PLAIN)
@pytest.mark.parametrize("shape", [[], [5], [2, 3], [0, 3], [1, 2, 1, 3]])
def test_every_type_that_numpy_has(tmp_path: Path, label: str, shape: list[int]) -> None:
    data = os.urandom(DTYPES[label].nbytes(tuple(shape)))
    array = saved(tmp_path, label, shape, data)
    assert (array.dtype.str[1:], list(array.shape)) == (PLAIN[label], shape)
    assert array.tobytes() == data


@pytest.mark.parametrize("label", WIDENED)
def test_other_floats_become_fp32_without_loss_or_stay_codes(tmp_path: Path, label: str) -> None:
    wide = label == "BF16"
    codes = np.arange(1 << 16 if wide else 1 << 8, dtype="<u2" if wide else "u1").tobytes()
    shape = [2, len(codes) // (4 if wide else 2)]
    array = saved(tmp_path, label, shape, codes)
    exact = torch.frombuffer(bytearray(codes), dtype=WIDENED[label]).float().reshape(shape).numpy()
    assert array.dtype == np.float32
    assert np.array_equal(array, exact, equal_nan=True)
    raw = saved(tmp_path, label, shape, codes, raw=True)
    assert (raw.dtype.str, raw.tobytes()) == ("<u2" if wide else "|u1", codes)


def test_truth_values_and_packed_types(tmp_path: Path) -> None:
    flags = saved(tmp_path, "BOOL", [3], b"\x00\x01\x01")
    assert flags.tolist() == [False, True, True]
    packed = saved(tmp_path, "F4", [2, 4], b"\x12\x34\x56\x78")
    assert packed.tolist() == [0x12, 0x34, 0x56, 0x78]


def test_a_large_tensor_and_one_of_a_pytorch_file(tmp_path: Path) -> None:
    values = torch.randn(3_000_001).to(torch.bfloat16)
    torch.save({"w": torch.randn(30, 40).T, "big": values}, tmp_path / "m.pt")
    opened = read_any(tmp_path / "m.pt")
    save_npy(opened, "big", tmp_path / "big.npy")
    assert np.array_equal(np.load(tmp_path / "big.npy"), values.float().numpy())
    save_npy(opened, "w", tmp_path / "deep" / "w.npy")
    assert np.load(tmp_path / "deep" / "w.npy").shape == (40, 30)


def test_the_header_is_the_one_numpy_writes(tmp_path: Path) -> None:
    for shape in [(), (7,), (3, 4, 5)]:
        np.save(tmp_path / "n.npy", np.zeros(shape, "<f4"))
        info = TensorInfo("t", DType.F32, shape, 0, 0)
        mine = header(layout_of(info))
        assert (tmp_path / "n.npy").read_bytes()[: len(mine)] == mine
        assert len(mine) % 64 == 0


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write_source(tmp_path / "m.safetensors", {"t": ("F32", [2], bytes(8))})
    out = tmp_path / "t.npy"
    with pytest.raises(PlanError, match="has no tensor “x”"):
        save_npy(source, "x", out)
    out.write_bytes(b"mine")
    with pytest.raises(WriteError, match="is there already"):
        save_npy(source, "t", out)
    with pytest.raises(WriteError, match="is the file that the tensor is read from"):
        save_npy(source, "t", source.path, NpyOptions(overwrite=True))
    token = CancelToken()
    with pytest.raises(Cancelled):
        save_npy(
            source,
            "t",
            out,
            NpyOptions(overwrite=True),
            progress=lambda _: token.cancel(),
            cancel=token,
        )
    os.utime(source.path, ns=(1, 1))
    with pytest.raises(SourceChangedError, match="was changed by another program"):
        save_npy(source, "t", out, NpyOptions(overwrite=True))
    assert out.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.safetensors", "t.npy"]


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    class Full(Files):
        def write_at(self, file: int, data: object, offset: int) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    source = write_source(tmp_path / "m.safetensors", {"t": ("F32", [2], bytes(8))})
    with pytest.raises(WriteError, match="The disk is full"):
        save_npy(source, "t", tmp_path / "t.npy", NpyOptions(files=Full()))
    assert not (tmp_path / "t.npy").exists()
