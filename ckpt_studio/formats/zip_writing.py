"""Lay out a zip archive of stored records before their bytes are known, and write its headers.

Records larger than 4 GiB, or beyond it, get the 64-bit fields of the format; the large end record
is always there, as PyTorch writes it.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

ALIGN = 64
"""Bytes of a record begin at a multiple of this, as in files of ``torch.save``."""

_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LARGE = struct.Struct("<2H2Q")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_PLAIN_VERSION, _LARGE_VERSION = 20, 45
_ZIP64 = 1
_DAY = 0x21  # 1 January 1980, the first day of the format: the same choices give the same bytes
_HEAD = 4  # bytes of kind and length in front of an extra field


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one record: its header begins at ``header``, its bytes at ``data``."""

    name: bytes
    header: int
    data: int
    size: int

    @property
    def end(self) -> int:
        """The position after its bytes."""
        return self.data + self.size

    @property
    def large(self) -> bool:
        """Whether its size needs 64 bits."""
        return self.size >= _FULL_32


def slot_at(position: int, name: str, size: int) -> Slot:
    """Return the place of a record whose header begins at a position."""
    raw = name.encode("ascii")
    large = _LARGE.size if size >= _FULL_32 else 0
    data = position + _LOCAL.size + len(raw) + large + _HEAD
    return Slot(raw, position, data + -data % ALIGN, size)


def local_header(slot: Slot, crc: int) -> bytes:
    """Return what stands in front of the bytes of a record, padded up to them."""
    size = _FULL_32 if slot.large else slot.size
    large = _LARGE.pack(_ZIP64, 2 * 8, slot.size, slot.size) if slot.large else b""
    extra = slot.data - slot.header - _LOCAL.size - len(slot.name)
    padding = extra - len(large) - _HEAD
    version = _LARGE_VERSION if slot.large else _PLAIN_VERSION
    sums = (crc, size, size)
    head = _LOCAL.pack(b"PK\3\4", version, 0, 0, 0, _DAY, *sums, len(slot.name), extra)
    # the field "FB" is how PyTorch and Android's tools align records
    return head + slot.name + large + struct.pack("<2sH", b"FB", padding) + bytes(padding)


def directory(slots: Sequence[Slot], crcs: Sequence[int]) -> bytes:
    """Return the central directory of records that end where it begins, with both end records."""
    start = slots[-1].end if slots else 0
    entries = b"".join(map(_entry, slots, crcs))
    count, length, end = len(slots), len(entries), start + len(entries)
    version = (_LARGE_VERSION, _LARGE_VERSION)
    end64 = _END64.pack(b"PK\6\6", _END64.size - 12, *version, 0, 0, count, count, length, start)
    small = (min(count, _FULL_16), min(count, _FULL_16))
    last = _END.pack(b"PK\5\6", 0, 0, *small, min(length, _FULL_32), min(start, _FULL_32), 0)
    return entries + end64 + _LOCATOR.pack(b"PK\6\7", 0, end, 1) + last


def _entry(slot: Slot, crc: int) -> bytes:
    wide = [*(2 * [slot.size] if slot.large else []), *([slot.header] if _far(slot) else [])]
    extra = struct.pack(f"<2H{len(wide)}Q", _ZIP64, 8 * len(wide), *wide) if wide else b""
    version = _LARGE_VERSION if wide else _PLAIN_VERSION
    size = _FULL_32 if slot.large else slot.size
    sums = (crc, size, size)
    lengths = (len(slot.name), len(extra), 0)
    header = min(slot.header, _FULL_32)
    fields = (version, version, 0, 0, 0, _DAY, *sums, *lengths, 0, 0, 0, header)
    return _ENTRY.pack(b"PK\1\2", *fields) + slot.name + extra


def _far(slot: Slot) -> bool:
    return slot.header >= _FULL_32
