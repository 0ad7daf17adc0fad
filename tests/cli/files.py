"""Files for the tests of the command line: of real shape without their bytes, or very small."""

import os

import numpy as np

from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.formats.encoding import encode_header


def row(name, dtype, shape):
    return TensorInfo(name, dtype, shape, offset=0, nbytes=dtype.nbytes(shape))


def sparse_file(path, tensors, metadata=None):
    """Write a header and as much nothing as it asks for; ``tensors`` is name -> (dtype, shape)."""
    rows = [row(name, dtype, shape) for name, (dtype, shape) in tensors.items()]
    header = encode_header(rows, metadata or {}, align=8)
    path.write_bytes(header)
    os.truncate(path, len(header) + sum(row.nbytes for row in rows))
    return path


def small_file(path, metadata=None, value=1.0):
    """Write a model of no known family: 64 fp32 numbers and one whole number."""
    rows = [row("count", DType.I64, (1,)), row("layer.weight", DType.F32, (8, 8))]
    header = encode_header(rows, metadata or {})
    data = np.array([7], "<i8").tobytes() + np.full(64, value, "<f4").tobytes()
    path.write_bytes(header + data)
    return path


def part_tensors(placement, prefix="", dtype=DType.F16):
    return {
        prefix + key: (spec.dtype or dtype, spec.usual_shape)
        for key, spec in placement.component.specs().items()
        if key not in placement.omit
    }
