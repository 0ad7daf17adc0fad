"""NumPy's ``.npy`` format, version 1.0: a line that says type and shape, then the plain values.

Types that NumPy does not have become fp32, which holds every one of their values, or stay the
codes they are. (numpy.lib.format describes the format.)
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.small_floats import table_of
from ckpt_studio.core.tensors import DType, TensorInfo

_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGN = 64
_LARGEST_TEXT = 0xFFFF
_PLAIN: Mapping[DType, str] = {
    DType.F64: "<f8",
    DType.F32: "<f4",
    DType.F16: "<f2",
    DType.C64: "<c8",
    DType.I64: "<i8",
    DType.I32: "<i4",
    DType.I16: "<i2",
    DType.I8: "|i1",
    DType.U64: "<u8",
    DType.U32: "<u4",
    DType.U16: "<u2",
    DType.U8: "|u1",
    DType.BOOL: "|b1",
}
_WIDENED = frozenset(
    {DType.BF16, DType.F8_E4M3, DType.F8_E5M2}
    | {DType.F8_E4M3FNUZ, DType.F8_E5M2FNUZ, DType.F8_E8M0}
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a tensor is stored: NumPy's name of the type, the shape, and how bytes become values.

    ``widened``: as fp32, without loss. ``codes``: as the bits that are stored; packed types, of
    which several values share a byte, are bytes in one row.
    """

    descr: str
    shape: tuple[int, ...]
    widened: bool = False
    codes: bool = False


def layout_of(tensor: TensorInfo, *, raw: bool = False) -> Layout:
    """Return how a tensor is stored; with ``raw`` types that NumPy does not have stay codes."""
    plain = _PLAIN.get(tensor.dtype)
    if plain is not None:
        return Layout(plain, tensor.shape)
    if tensor.dtype not in _WIDENED:
        return Layout("|u1", (tensor.nbytes,), codes=True)
    if raw:
        wide = tensor.dtype is DType.BF16
        return Layout("<u2" if wide else "|u1", tensor.shape, codes=True)
    return Layout("<f4", tensor.shape, widened=True)


def header(layout: Layout) -> bytes:
    """Return everything before the values; its length is a multiple of 64.

    Raises:
        FormatError: the shape has so many dimensions that this version cannot hold it.
    """
    text = (
        f"{{'descr': '{layout.descr}', 'fortran_order': False, 'shape': {_shape(layout.shape)}, }}"
    )
    start = len(_MAGIC) + 2
    length = -(-(start + len(text) + 1) // _ALIGN) * _ALIGN - start
    if length > _LARGEST_TEXT:
        raise FormatError("The tensor has too many dimensions for a .npy file")
    return _MAGIC + struct.pack("<H", length) + text.ljust(length - 1).encode("ascii") + b"\n"


def _shape(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def converter(tensor: TensorInfo, layout: Layout) -> Callable[[memoryview], bytes | memoryview]:
    """Return what makes the bytes of the file from those of the tensor, for any whole values."""
    if not layout.widened:
        return lambda data: data
    if tensor.dtype is DType.BF16:
        return _bfloats
    planes = _planes(tensor.dtype)

    def widen(data: memoryview) -> bytes:
        codes = bytes(data)
        wide = bytearray(4 * len(codes))
        for place, plane in enumerate(planes):
            wide[place::4] = codes.translate(plane)
        return bytes(wide)

    return widen


def _bfloats(data: memoryview) -> bytes:
    wide = bytearray(2 * len(data))
    wide[2::4], wide[3::4] = data[::2], data[1::2]
    return bytes(wide)


@cache
def _planes(dtype: DType) -> tuple[bytes, ...]:
    """Return, for each of the four bytes of fp32, what it is for every code of an 8-bit type."""
    every = struct.pack("<256f", *(table_of(dtype) or ()))
    return tuple(every[place::4] for place in range(4))
