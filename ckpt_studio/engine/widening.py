"""Widen a few values without torch, which takes longer to load than most files to copy."""

import struct

from ckpt_studio.core.tensors import DType


def widened(values: memoryview, dtype: DType) -> bytes:
    """Return fp16 or bf16 values as fp32, little-endian; every one of them is exact.

    Raises:
        ValueError: the values are of another type.
    """
    count = len(values) // 2
    if dtype is DType.BF16:
        wide = bytearray(4 * count)
        wide[2::4], wide[3::4] = values[::2], values[1::2]
        return bytes(wide)
    if dtype is DType.F16:
        return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", values))
    raise ValueError(f"{dtype.label} is not widened here")
