"""The records of a PyTorch zip file, from its central directory; every claim is checked."""

import struct
import zlib
from dataclasses import dataclass

from ckpt_studio.formats.files import read_exactly
from ckpt_studio.formats.symbolic import PickleError

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_COMMENT = 65_535
_MOST_DIRECTORY = 64 << 20
_MOST_RECORDS = 250_000
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_ZIP64 = 1
STORED, DEFLATED = 0, 8
_REPAIR = "Download the file again, or save it again with the program that made it."


@dataclass(frozen=True, slots=True)
class Record:
    """One record: ``offset`` is where its ``stored`` bytes begin in the file; ``size`` is its own.

    ``packed`` records are deflated.
    """

    name: str
    offset: int
    stored: int
    size: int
    crc: int
    packed: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """What the central directory says about a record."""

    name: bytes
    header: int
    record: Record


def read_records(file: int, size: int) -> dict[str, Record]:
    """Return the records of an open zip file of ``size`` bytes, by name.

    Raises:
        PickleError: the archive is damaged, ambiguous or encrypted.
        OSError: the system cannot read it.
    """
    start, length, count = _directory(file, size)
    places = _places(read_exactly(file, length, start), count)
    places.sort(key=lambda place: place.header)
    found: dict[str, Record] = {}
    end = 0
    for place in places:
        if place.header < end:
            raise _broken(f"its records overlap at byte {place.header:,}")
        record = _located(file, place)
        end = record.offset + record.stored
        if end > start:
            raise _broken(f"its record {record.name} reaches into the directory (truncated)")
        if record.name in found:
            raise _broken(f"it holds the record {record.name} twice (duplicate)")
        found[record.name] = record
    return found


def unpack(file: int, record: Record, limit: int) -> bytes:
    """Return the bytes of a small record.

    Raises:
        PickleError: it is larger than ``limit`` or cannot be unpacked.
    """
    if record.size > limit or record.stored > limit:
        raise PickleError(
            f"is not a model: its record {record.name} has {record.size:,} bytes, more than the "
            f"{limit:,} allowed",
            _REPAIR,
        )
    data = read_exactly(file, record.stored, record.offset)
    if record.packed:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, record.size + 1)
        except zlib.error:
            raise _broken(f"its record {record.name} cannot be unpacked (corrupt)") from None
    if len(data) != record.size:
        raise _broken(f"its record {record.name} has another size than the directory says")
    return data


def _directory(file: int, size: int) -> tuple[int, int, int]:
    """Return where the central directory begins, its length and its number of records."""
    tail_start = max(0, size - _END.size - _MOST_COMMENT)
    tail = read_exactly(file, size - tail_start, tail_start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise PickleError(
            "is incomplete (truncated): the directory at the end of its zip archive is missing",
            "The download or copy probably stopped. Download it again.",
        )
    _, disk, first, here, count, length, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise _broken("extra bytes follow the end of its archive")
    if disk or first or here != count:
        raise _broken("it is one part of an archive in several files")
    end = tail_start + at
    found = (start, length, count)
    large = _directory64(file, end)
    if large is not None:
        found, end = large[:3], large[3]
        if not all(_agree(*pair) for pair in zip((start, length, count), found, strict=True)):
            raise _broken("the two directories of its archive differ (mismatch)")
    start, length, count = found
    if length > _MOST_DIRECTORY or count > _MOST_RECORDS:
        raise _broken(f"it lists {count:,} records, too many for a model")
    if start + length != end:
        raise _broken("the directory of its archive does not lie where it should (mismatch)")
    return found


def _agree(small: int, large: int) -> bool:
    return small in {large, _FULL_16, _FULL_32}


def _directory64(file: int, end: int) -> tuple[int, int, int, int] | None:
    """Return start, length, number of records and end of the large directory, if there is one.

    PyTorch writes it always, also where its numbers are small.
    """
    locator = read_exactly(file, _LOCATOR.size, max(0, end - _LOCATOR.size))
    if len(locator) != _LOCATOR.size or not locator.startswith(b"PK\x06\x07"):
        return None
    at = _LOCATOR.unpack(locator)[2]
    raw = read_exactly(file, _END64.size, at) if at < end else b""
    if len(raw) != _END64.size or not raw.startswith(b"PK\x06\x06"):
        raise _broken("the large directory of its archive is missing")
    _, size, _, _, disk, first, here, count, length, start = _END64.unpack(raw)
    if disk or first or here != count or at + 12 + size != end - _LOCATOR.size:
        raise _broken("the large directory of its archive is corrupt")
    return start, length, count, at


def _places(raw: bytes, count: int) -> list[_Place]:
    found: list[_Place] = []
    at = 0
    while at < len(raw):
        if len(found) >= count or len(raw) - at < _ENTRY.size or raw[at : at + 4] != b"PK\x01\x02":
            raise _broken("the directory of its archive is corrupt")
        place, at = _place(raw, at)
        found.append(place)
    if len(found) != count:
        raise _broken("the directory of its archive has another number of records than it says")
    return found


def _place(raw: bytes, at: int) -> tuple[_Place, int]:
    fields = _ENTRY.unpack_from(raw, at)
    flags, method, crc, stored, size = fields[3], fields[4], *fields[7:10]
    names, extras, comments, header = *fields[10:13], fields[16]
    name = raw[at + _ENTRY.size : at + _ENTRY.size + names]
    extra = raw[at + _ENTRY.size + names : at + _ENTRY.size + names + extras]
    end = at + _ENTRY.size + names + extras + comments
    if end > len(raw):
        raise _broken("the directory of its archive is corrupt")
    shown = _text(name)
    if flags & _ENCRYPTED:
        raise _broken(f"its record {shown} is encrypted, which is unsupported")
    if method not in {STORED, DEFLATED}:
        raise _broken(f"its record {shown} is compressed in an unsupported way")
    size, stored, header = _wide(extra, size, stored, header)
    if method == STORED and stored != size:
        raise _broken(f"its record {shown} has two sizes (mismatch)")
    return _Place(name, header, Record(shown, 0, stored, size, crc, method == DEFLATED)), end


def _wide(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Return size, stored size and position with the large ones taken from the extra field."""
    at = 0
    large = b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64:
            large = extra[at + 4 : at + 4 + length]
            break
        at += 4 + length
    found: list[int] = []
    for value in values:
        if value == _FULL_32:
            if len(large) < 8:  # noqa: PLR2004 - bytes of a large number
                raise _broken("a large record has no size")
            value, large = int.from_bytes(large[:8], "little"), large[8:]  # noqa: PLW2901
        found.append(value)
    return found[0], found[1], found[2]


def _located(file: int, place: _Place) -> Record:
    """Return the record with the place of its bytes, from the header before them."""
    length = _LOCAL.size + len(place.name)
    raw = read_exactly(file, length, place.header)
    record = place.record
    if len(raw) != length or not raw.startswith(b"PK\x03\x04"):
        raise _broken(f"its record {record.name} is not where the directory says (corrupt)")
    fields = _LOCAL.unpack_from(raw)
    flags, method, names, extras = fields[2], fields[3], fields[9], fields[10]
    if names != len(place.name) or raw[_LOCAL.size :] != place.name:
        raise _broken(f"its record {record.name} has two names that differ (mismatch)")
    if flags & _ENCRYPTED or (method == DEFLATED) != record.packed:
        raise _broken(f"its record {record.name} is described in two ways (mismatch)")
    offset = place.header + length + extras
    return Record(record.name, offset, record.stored, record.size, record.crc, record.packed)


def _text(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")


def _broken(what: str) -> PickleError:
    return PickleError(f"is damaged or forged: {what}", _REPAIR)
