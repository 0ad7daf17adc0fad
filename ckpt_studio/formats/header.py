"""The strict rules of a safetensors header: entries, metadata and the layout of the data."""

import re
from dataclasses import dataclass, field
from typing import NoReturn

from ckpt_studio.core.problems import Problem, note
from ckpt_studio.core.tensors import DTYPES, DType
from ckpt_studio.formats.shown import shown
from ckpt_studio.formats.strict_json import DamagedError, Walker

_NUMBER = r"(?:0|[1-9][0-9]{0,18})"
_ENTRY = re.compile(
    r'\{"dtype": ?"([A-Z0-9_]+)", ?'
    rf'"shape": ?\[((?:{_NUMBER}(?:, ?{_NUMBER})*)?)\], ?'
    rf'"data_offsets": ?\[({_NUMBER}), ?({_NUMBER})\]\}}'
)
_METADATA = "__metadata__"
_FIELDS = ("dtype", "shape", "data_offsets")
_MAX_TENSORS = 250_000
_MAX_KEYS = 250_000
_KNOWN_LAYOUTS = 1_000
_MAX_RANK = 64
_MAX_ELEMENTS = 2**63 - 1
_AGAIN = "Download the file again, or save it again with the program that made it."


@dataclass(slots=True)
class Entry:
    """One tensor as the header gives it; ``begin`` and ``end`` count from the data section."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(slots=True)
class Header:
    """A parsed header. ``entries`` are in the order of the data.

    ``layouts`` are type, shape and size of texts that were checked before: models repeat them.
    """

    entries: list[Entry] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    layouts: dict[tuple[str, str], tuple[DType, tuple[int, ...], int]] = field(default_factory=dict)

    @property
    def data_bytes(self) -> int:
        """Bytes of the data section."""
        return max((entry.end for entry in self.entries), default=0)


def parse_header(raw: bytes) -> Header:
    """Parse the JSON of a header (without its length) and check every rule of the format.

    Raises:
        DamagedError: the first rule that is broken.
    """
    _check_start(raw)
    if not raw.isascii():
        _check_utf8(raw)
    walker = Walker(raw.decode("latin-1"))
    del raw  # up to 100 MB that are not needed twice
    header = Header()
    seen: set[str] = set()
    for key in walker.members():
        if key in seen:
            raise DamagedError(f'its header has a duplicate entry "{shown(key)}"', _AGAIN)
        seen.add(key)
        if key == _METADATA:
            _read_metadata(walker, header)
        else:
            header.entries.append(_entry(walker, key, header))
        if len(seen) > _MAX_TENSORS:
            raise DamagedError(f"its header lists more than {_MAX_TENSORS:,} tensors", _AGAIN)
    if walker.skip():
        walker.damaged("something follows the closing bracket")
    _check_layout(header)
    return header


def _check_start(raw: bytes) -> None:
    if raw.startswith(b"{"):
        return
    if not raw.strip(b"\0"):
        raise DamagedError("its header is filled with zeros", _AGAIN)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        raise DamagedError("its header is not plain UTF-8 JSON (it has a byte order mark)", _AGAIN)
    raise DamagedError("its header does not begin with '{', so it is no JSON object", _AGAIN)


def _check_utf8(raw: bytes) -> None:
    step = 1 << 20
    start = 0
    while start < len(raw):
        end = min(len(raw), start + step)
        while end < len(raw) and raw[end] & 0xC0 == 0x80 and end - start < step + 4:  # noqa: PLR2004
            end += 1
        try:
            raw[start:end].decode("utf-8")
        except UnicodeDecodeError as problem:
            at = start + problem.start + 8
            raise DamagedError(f"its header is not valid UTF-8 at byte {at:,}", _AGAIN) from None
        start = end


def _read_metadata(walker: Walker, header: Header) -> None:
    kind = walker.kind()
    if kind == "null":
        walker.value()
        header.problems.append(
            note("The metadata is null instead of an object", "It is read as no metadata.")
        )
        return
    if kind != "an object":
        raise DamagedError(f"its metadata is {kind}, not an object of strings", _AGAIN)
    for key in walker.members():
        if key in header.metadata:
            raise DamagedError(f'its metadata has a duplicate key "{shown(key)}"', _AGAIN)
        kind = walker.kind()
        if kind != "a string":
            raise DamagedError(f'its metadata value "{shown(key)}" is {kind}, not a string', _AGAIN)
        header.metadata[key] = walker.string()
        if len(header.metadata) > _MAX_KEYS:
            raise DamagedError(f"its metadata has more than {_MAX_KEYS:,} keys", _AGAIN)


def _entry(walker: Walker, name: str, header: Header) -> Entry:
    plain = _ENTRY.match(walker.text, walker.at)
    if plain is None:
        entry = _odd_entry(walker, name, header)
        _check_entry(entry)
        return entry
    walker.at = plain.end()
    label, dims, first, last = plain.groups()
    begin, end = int(first), int(last)
    known = header.layouts.get((label, dims))
    if known and known[2] == end - begin:
        return Entry(name, known[0], known[1], begin, end)
    shape = tuple(map(int, dims.split(","))) if dims else ()
    entry = Entry(name, _dtype(name, label), shape, begin, end)
    _check_entry(entry)
    if len(header.layouts) < _KNOWN_LAYOUTS:
        header.layouts[label, dims] = (entry.dtype, shape, end - begin)
    return entry


def _odd_entry(walker: Walker, name: str, header: Header) -> Entry:
    """Read an entry that is not written the usual way: other order, white space, or a mistake."""
    if walker.kind() != "an object":
        _refuse(name, f"is described by {walker.kind()}, not by a JSON object")
    values = walker.value()
    if not isinstance(values, dict):
        _refuse(name, "is not described by a JSON object")
    for key in _FIELDS:
        if key not in values:
            _refuse(name, f"has no {key}: it is missing in the header")
    others = [key for key in values if key not in _FIELDS]
    if others:
        what = f'"{shown(name)}" has the unknown field "{shown(others[0])}"'
        header.problems.append(note(f"The tensor {what}", "It is ignored."))
    shape = _integers(name, "shape", values["shape"])
    offsets = _integers(name, "data_offsets", values["data_offsets"])
    if len(offsets) != 2:  # noqa: PLR2004 - begin and end
        _refuse(name, f"has {len(offsets)} data_offsets instead of two")
    return Entry(name, _dtype(name, values["dtype"]), shape, *offsets)


def _integers(name: str, key: str, values: object) -> tuple[int, ...]:
    if not isinstance(values, list):
        _refuse(name, f"has a {key} that is not a list")
    for value in values:
        if type(value) is not int:
            _refuse(name, f"has a {key} with {shown(repr(value), 40)}, which is no integer")
        if value < 0:
            _refuse(name, f"has a {key} with the negative number {value}")
    return tuple(values)


def _dtype(name: str, label: object) -> DType:
    if not isinstance(label, str):
        _refuse(name, "has a dtype that is not a string")
    dtype = DTYPES.get(label)
    if dtype is None:
        _refuse(name, f'has the dtype "{shown(label, 40)}", which the format does not know')
    return dtype


def _check_entry(entry: Entry) -> None:
    if len(entry.shape) > _MAX_RANK:
        _refuse(entry.name, f"has a shape of {len(entry.shape):,} dimensions; at most {_MAX_RANK}")
    if entry.begin > entry.end:
        _refuse(entry.name, f"has data_offsets that end ({entry.end}) before they begin")
    elements = 1
    nonzero = 1
    for size in entry.shape:
        elements *= size
        nonzero *= size or 1
    if nonzero > _MAX_ELEMENTS:
        _refuse(entry.name, "has a shape that is too large for any computer (overflow)")
    bits = elements * entry.dtype.bits
    if bits % 8:
        kind = entry.dtype.label
        _refuse(entry.name, f"holds {elements} values of {kind}, which are no whole bytes in size")
    if bits // 8 != entry.end - entry.begin:
        _refuse(
            entry.name,
            f"needs {bits // 8:,} bytes by its shape {shown(str(list(entry.shape)), 60)} and "
            f"{entry.dtype.label}, but its offsets give it {entry.end - entry.begin:,}",
        )


def _check_layout(header: Header) -> None:
    """Sort the entries by place; they must follow one another without a hole or an overlap."""
    header.entries.sort(key=lambda entry: (entry.begin, entry.end))
    expected = 0
    before = ""
    for entry in header.entries:
        if entry.begin != expected:
            _refuse_place(entry, expected, before)
        expected = entry.end
        before = entry.name


def _refuse_place(entry: Entry, expected: int, before: str) -> NoReturn:
    if entry.begin < expected:
        _refuse(entry.name, f'overlaps with "{shown(before)}": its offsets begin inside that one')
    hole = entry.begin - expected
    after = f'after "{shown(before)}"' if before else "at the start of the data"
    raise DamagedError(
        f"its offsets leave a hole of {hole:,} bytes {after} that belongs to no tensor", _AGAIN
    )


def _refuse(name: str, what: str) -> NoReturn:
    raise DamagedError(f'the tensor "{shown(name)}" {what}', _AGAIN)
