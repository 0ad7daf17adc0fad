"""Tensors that come from no file: markers, position numbers, identity projections."""

import struct
from collections.abc import Callable, Mapping
from math import prod

from ckpt_studio.core.expr import Constant, Expr, cast
from ckpt_studio.core.families.templates import Spec
from ckpt_studio.core.tensors import DType

_ONE: dict[DType, bytes] = {
    DType.F64: struct.pack("<d", 1.0),
    DType.F32: struct.pack("<f", 1.0),
    DType.F16: struct.pack("<e", 1.0),
    DType.BF16: struct.pack("<H", 0x3F80),
    DType.F8_E4M3: b"\x38",
    DType.F8_E5M2: b"\x3c",
}


_BLUR = (1.0, 3.0, 3.0, 1.0)


def _rotary(count: int) -> list[float]:
    """Return the frequencies that rotate ``2 * count`` values: 10000^(-i / count)."""
    return [10_000.0 ** (-index / count) for index in range(count)]


def _blur(_: int) -> list[float]:
    """Return the 4 by 4 kernel that halves a picture: 1, 3, 3, 1 both ways, with the sum 1."""
    return [across * down / sum(_BLUR) ** 2 for down in _BLUR for across in _BLUR]


_VALUES: Mapping[str, Callable[[int], list[float]]] = {"rotary": _rotary, "blur": _blur}


def default_tensor(spec: Spec, dtype: DType) -> Expr:
    """Return the tensor a template names as its default.

    ``dtype`` is the precision of the part, used where the template leaves it open.

    Raises:
        ValueError: the template has no default that can be made.
    """
    shape, dtype, default = spec.usual_shape, spec.dtype or dtype, spec.default
    if 0 in shape:
        return Constant(dtype, shape, b"")
    if default == "identity":
        return identity(shape[0], dtype)
    if default == "arange" and dtype is DType.I64:
        count = shape[-1]
        return Constant(dtype, shape, struct.pack(f"<{count}q", *range(count)))
    if default == "0":
        return Constant(dtype, shape, bytes(dtype.nbytes(shape)))
    if default is not None and dtype.convertible:
        values = _VALUES[default](prod(shape)) if default in _VALUES else [float(default)]
        if len(values) == prod(shape):
            return cast(Constant(DType.F32, shape, struct.pack(f"<{len(values)}f", *values)), dtype)
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
