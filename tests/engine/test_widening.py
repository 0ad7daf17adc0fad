"""A few values are widened exactly, and without loading torch."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.expr import cast, concat, read, transpose
from ckpt_studio.core.plan import FEW_VALUES, computes
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.engine.widening import widened
from tests.making.plans import write_source

ALL = np.arange(1 << 16, dtype="<u2")


def test_every_fp16_value_is_exact():
    wide = np.frombuffer(widened(memoryview(ALL.tobytes()), DType.F16), "<f4")
    with np.errstate(invalid="ignore"):
        expected = ALL.view("<f2").astype("<f4")
    np.testing.assert_array_equal(wide, expected)


def test_every_bf16_value_is_exact():
    wide = np.frombuffer(widened(memoryview(ALL.tobytes()), DType.BF16), "<u4")
    np.testing.assert_array_equal(wide, ALL.astype("<u4") << 16)


def test_other_types_are_refused():
    with pytest.raises(ValueError, match="I64"):
        widened(memoryview(bytes(8)), DType.I64)


def tensor(dtype: DType, *shape: int):
    return read(0, TensorInfo("x", dtype, shape, 0, dtype.nbytes(shape)))


def test_what_needs_torch():
    few, many = tensor(DType.F16, 8, 8), tensor(DType.F16, FEW_VALUES + 1, 1)
    assert not computes(cast(few, DType.F32))
    assert not computes(transpose(cast(few, DType.F32)))
    assert not computes(concat((cast(few, DType.F32), tensor(DType.F32, 1, 8))))
    assert computes(cast(many, DType.F32))
    assert computes(cast(few, DType.BF16))
    assert computes(cast(tensor(DType.F32, 2), DType.F16))


SAVE = """
import sys
from pathlib import Path
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine import write
from ckpt_studio.formats.safetensors import read_checkpoint
source = read_checkpoint(Path(sys.argv[1]))
rows = tuple(PlannedTensor(n, cast(read(0, t), DType.F32)) for n, t in source.tensors.items())
write(Plan("convert", (source,), rows, {}, output=Path(sys.argv[2])))
print("torch" in sys.modules)
"""


def test_a_logit_scale_in_fp16_does_not_load_torch(tmp_path: Path):
    values = struct.pack("<3e", 4.6055, -1.0, 0.0)
    tensors = {"logit_scale": ("F16", [], values[:2]), "few": ("BF16", [2], b"\x80\x3f\x00\xc0")}
    write_source(tmp_path / "a.safetensors", tensors, {})
    arguments = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    done = subprocess.run(
        [sys.executable, "-c", SAVE, *arguments], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"
    data = (tmp_path / "b.safetensors").read_bytes()[-12:]
    assert sorted(struct.unpack("<3f", data)) == [-2.0, 1.0, 4.60546875]
