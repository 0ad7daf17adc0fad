"""Tensors that come from no file: markers, position numbers, identity projections."""

import struct

from ckpt_studio.core.expr import Constant
from ckpt_studio.core.templates import Spec
from ckpt_studio.core.tensors import DType

_ONE: dict[DType, bytes] = {
    DType.F64: struct.pack("<d", 1.0),
    DType.F32: struct.pack("<f", 1.0),
    DType.F16: struct.pack("<e", 1.0),
    DType.BF16: struct.pack("<H", 0x3F80),
    DType.F8_E4M3: b"\x38",
    DType.F8_E5M2: b"\x3c",
}


def default_tensor(spec: Spec, dtype: DType) -> Constant:
    """Return the tensor a template names as its default.

    ``dtype`` is the precision of the part, used where the template leaves it open.

    Raises:
        ValueError: the template has no default that can be made.
    """
    shape, dtype = spec.usual_shape, spec.dtype or dtype
    if 0 in shape:
        return Constant(dtype, shape, b"")
    if spec.default == "identity":
        return identity(shape[0], dtype)
    if spec.default == "arange" and dtype is DType.I64:
        count = shape[-1]
        return Constant(dtype, shape, struct.pack(f"<{count}q", *range(count)))
    if spec.default is not None and dtype is DType.F32 and not shape:
        return Constant(dtype, shape, struct.pack("<f", float(spec.default)))
    raise ValueError(f"no default for {spec}")


def identity(size: int, dtype: DType) -> Constant:
    """Return the matrix [size, size] that changes nothing."""
    one = _ONE[dtype]
    row = bytearray(size * size * len(one))
    for index in range(size):
        start = index * (size + 1) * len(one)
        row[start : start + len(one)] = one
    return Constant(dtype, (size, size), bytes(row))


def text(data: bytes) -> Constant:
    """Return bytes as a U8 tensor, as tokenizers and quantisation settings are stored."""
    return Constant(DType.U8, (len(data),), data)
