"""Makes the bytes of tensors that lie compressed or in another order in their file."""

import zlib
from collections.abc import Callable
from itertools import product
from math import prod

from ckpt_studio.core.checkpoint import Gathered, Inflated, Made
from ckpt_studio.core.errors import FormatError

_STEP = 1 << 20

Read = Callable[[int, int], bytes]
"""Reads ``(count, offset)`` of the file; fewer bytes only at its end."""


def make(made: Made, read: Read) -> bytes:
    """Return all of the bytes, at most as many as a tensor has.

    Raises:
        FormatError: the compressed bytes are damaged.
    """
    return _inflate(made, read) if isinstance(made, Inflated) else _gather(made, read)


def _inflate(made: Inflated, read: Read) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    found = bytearray()
    done = 0
    try:
        while done < made.stored and not unpacker.eof and len(found) <= made.size:
            part = read(min(_STEP, made.stored - done), made.offset + done)
            if not part:
                break
            found += unpacker.decompress(part, made.size + 1 - len(found))
            done += len(part)
    except zlib.error:
        raise _damaged() from None
    if len(found) != made.size:
        raise _damaged()
    return bytes(found)


def _damaged() -> FormatError:
    return FormatError("The compressed data of a tensor are damaged", "Download the file again.")


def _gather(made: Gathered, read: Read) -> bytes:
    if not prod(made.shape):
        return b""
    length = 1 + sum((n - 1) * s for n, s in zip(made.shape, made.stride, strict=True))
    if made.inside:
        data = make(made.inside, read)[made.offset : made.offset + length * made.item]
    else:
        data = read(length * made.item, made.offset)
    if len(data) != length * made.item:
        raise _damaged()
    values = _items(memoryview(data), made.item)
    *outer, (inner, step) = zip(made.shape, made.stride, strict=True)
    last = (inner - 1) * step + 1
    rows = (
        sum(place) for place in product(*(range(0, n * s, s) if s else (0,) * n for n, s in outer))
    )
    if not step:
        return b"".join(values[at : at + 1].tobytes() * inner for at in rows)
    return b"".join(values[at : at + last : step].tobytes() for at in rows)


def _items(data: memoryview, size: int) -> memoryview:
    match size:
        case 8:
            return data.cast("Q")
        case 4:
            return data.cast("I")
        case 2:
            return data.cast("H")
        case _:
            return data
