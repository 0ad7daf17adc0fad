"""Damaged and forged PyTorch files: each broken rule is refused with a sentence about it."""

import random
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.symbolic_machine import ACTIONS
from ckpt_studio.formats.torch_pickle import read_torch
from tests.making.torch_files import (
    legacy,
    name_of,
    number,
    numbers,
    state,
    storage,
    tensor,
    text,
    write_zip,
)

REBUILD = name_of("torch._utils", "_rebuild_tensor_v2")
GOOD = state(w=tensor())


def refusal(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        read_torch(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(path.name)
    return caught.value.message


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (state(w=tensor((5,))), "out of bounds"),
        (state(w=tensor((2,), (4,))), "out of bounds"),
        (state(w=tensor((4,), (1,), 1)), "out of bounds"),
        (state(w=tensor((0,), (1,), 5)), "out of bounds"),
        (state(w=tensor((4,), (1,), -1)), "negative offset"),
        (state(w=tensor((-4,))), "negative"),
        (state(w=tensor((4,), (-1,))), "negative"),
        (state(w=tensor((2, 2))), "strides"),
        (state(w=tensor((1,) * 65, (1,) * 65)), "list of integers"),
        (state(w=tensor((1 << 62, 1 << 62), (0, 0))), "overflow"),
        (state(w=tensor(of=storage("7"))), "data/7"),
        (state(w=tensor(of=storage("../../x"))), "missing"),
        (state(w=tensor(of=storage(length=5))), "size mismatch"),
        (state(w=tensor(of=storage(length=-4))), "no whole number"),
        (state(w=tensor(of=storage(kind="ThingStorage"))), "unsupported type"),
        (state(w=tensor(of=text("x"))), "no storage"),
        (state(w=tensor(of=b"(" + text("storage") + b"tQ")), "persistent id"),
        (state(w=text("x") + b"Q"), "persistent id"),
        (state(w=REBUILD + b")R"), "too few"),
        (state(w=REBUILD + b"NR"), "arguments"),
        (state(w=REBUILD + b"(" + storage() + number(0) + text("x") + b"tR"), "integers"),
        (state(w=REBUILD + b"(" + storage() + b"G" + bytes(8) + numbers((4,)) + b"tR"), "offset"),
        (GOOD[:-1], "without a stop"),
        (GOOD[:-20], "truncated"),
        (GOOD + b"x", "bytes follow"),
        (b"", "truncated"),
        (b"\x80\x09N.", "protocol 9"),
        (b"\xff.", "opcode"),
        (b".", "empty stack"),
        (b"N\x94" + b"0q\x01.", "empty stack"),
        (b"t.", "mark"),
        (b"h\x05.", "does not hold"),
        (b"NNs.", "empty stack"),
        (b"N(NNu.", "SETITEMS"),
        (b"NNa.", "no list"),
        (b"N}b.", "BUILD"),
        (b"NN\x93.", "name"),
        (b"Ix\n.", "number"),
        (b"Fx\n.", "float"),
        (b"Sx\n.", "quotes"),
        (b"S'\\x1'\n.", "escape"),
        (b"V\\u12\n.", "escape"),
        (b"X\x01\x00\x00\x00\xff.", "UTF-8"),
        (b"c\xff\nx\n.", "UTF-8"),
    ],
)
def test_every_rule_of_the_pickle(tmp_path: Path, data: bytes, word: str) -> None:
    assert word in refusal(write_zip(tmp_path / "m.ckpt", data))


def changed(path: Path, old: bytes, new: bytes, *, last: bool = False) -> Path:
    data = path.read_bytes()
    at = data.rfind(old) if last else data.find(old)
    assert at >= 0
    path.write_bytes(data[:at] + new + data[at + len(old) :])
    return path


def test_every_rule_of_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"

    def good() -> Path:
        return write_zip(path, GOOD)

    name = b"archive/data.pkl"
    assert "differ" in refusal(changed(good(), name, b"archive/evil.pkl"))
    assert "data.pkl" in refusal(
        changed(changed(good(), name, b"archive/evil.pkl"), name, b"archive/evil.pkl", last=True)
    )
    size = good().stat().st_size
    path.write_bytes(path.read_bytes()[: size - 30])
    assert "truncated" in refusal(path)
    good().write_bytes(path.read_bytes() + b"more")
    assert "extra bytes" in refusal(path)
    path.write_bytes(b"PK\x03\x04" + good().read_bytes())
    assert "mismatch" in refusal(path)
    data = good().read_bytes()
    for at, value, word in ((8, 1, "encrypted"), (10, 12, "compressed"), (24, 77, "two sizes")):
        entry = data.index(b"PK\x01\x02")
        path.write_bytes(data[: entry + at] + struct.pack("<H", value) + data[entry + at + 2 :])
        assert word in refusal(path)


def test_records_may_not_overlap_or_repeat(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", GOOD)
    data = path.read_bytes()
    entry = data.index(b"PK\x01\x02")
    entries = data[entry : data.index(b"PK\x05\x06")]
    first = entries[: entries.index(b"PK\x01\x02", 4)]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, len(entries) + len(first), entry, 0)
    path.write_bytes(data[:entry] + entries + first + end)
    assert "overlap" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", GOOD)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a/data.pkl", GOOD)
    assert "twice" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", GOOD)
        archive.writestr("b/data.pkl", GOOD)
    assert "twice" in refusal(path)


def test_a_pickle_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", bytes(200 << 20), method=zipfile.ZIP_DEFLATED)
    assert "more than" in refusal(path)


def test_byte_order_version_and_checksum(tmp_path: Path) -> None:
    records = {"data/0": bytes(16)}
    path = write_zip(tmp_path / "m.ckpt", GOOD, records | {"byteorder": b"big"})
    assert "big-endian" in refusal(path)
    found = read_torch(write_zip(path, GOOD, records | {"version": b"99999"}))
    assert "version 99999" in found.problems[0].message
    write_zip(path, GOOD)
    inside = path.read_bytes().index(GOOD)
    at = inside + GOOD.index(b"w\x63torch")
    path.write_bytes(path.read_bytes()[:at] + b"v" + path.read_bytes()[at + 1 :])
    found = read_torch(path)
    assert "checksum" in found.problems[0].message
    assert list(found.tensors) == ["v"]


def test_names_that_no_file_can_hold(tmp_path: Path) -> None:
    found = read_torch(
        write_zip(tmp_path / "m.ckpt", state(**{"a\ud800": tensor(), "b": tensor()}))
    )
    assert list(found.tensors) == ["b"]
    assert "surrogates" in found.problems[0].message
    assert "\\ud800" in found.problems[0].message


def test_every_rule_of_the_old_format(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    blocks = {"0": (4, bytes(16))}
    path.write_bytes(legacy(GOOD, blocks))
    assert list(read_torch(path).tensors) == ["w"]
    path.write_bytes(legacy(GOOD, blocks)[:-1])
    assert "incomplete" in refusal(path)
    path.write_bytes(legacy(GOOD, blocks) + b"x")
    assert "extra bytes" in refusal(path)
    path.write_bytes(legacy(GOOD, {}))
    assert "missing" in refusal(path)
    path.write_bytes(legacy(GOOD, {"5": (4, bytes(16))}))
    assert "does not describe" in refusal(path)
    path.write_bytes(legacy(GOOD, {"0": (3, bytes(12))}))
    assert "mismatch" in refusal(path)
    path.write_bytes(legacy(GOOD, {"0": (1 << 62, bytes(16))}))
    assert "incomplete" in refusal(path)
    path.write_bytes(legacy(GOOD, blocks).replace(b"\x88X", b"\x89X", 1))
    assert "big-endian" in refusal(path)
    path.write_bytes(GOOD)
    assert "plain pickle" in refusal(path)


def only_format_errors(path: Path) -> None:
    """Open a file; another exception than FormatError fails the test."""
    with suppress(FormatError):
        found = read_any(path)
        for info in found.tensors.values():
            assert info.nbytes >= 0
            if found.files[info.shard].made is None:
                assert 0 <= info.offset <= info.offset + info.nbytes <= path.stat().st_size


CODES = st.sampled_from(sorted(ACTIONS)).map(lambda code: bytes([code]))
WORDS = b"K\x01|}|]|)|(|t|u|R|\x81|b|h\x00|q\x00|Q".split(b"|")
PIECES = st.sampled_from(
    [tensor(), storage(), text("k"), REBUILD, name_of("collections", "OrderedDict"), *WORDS]
)


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(st.one_of(PIECES, CODES, st.binary(max_size=3)), max_size=40))
def test_any_opcodes(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    folder = tmp_path_factory.getbasetemp()
    only_format_errors(write_zip(folder / "ops.ckpt", b"\x80\x02" + b"".join(parts) + b"."))
    plain = folder / "plain.ckpt"
    plain.write_bytes(legacy(b"\x80\x02" + b"".join(parts) + b".", {"0": (4, bytes(16))}))
    only_format_errors(plain)


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), old=st.booleans())
def test_any_changed_bytes(tmp_path_factory: pytest.TempPathFactory, seed: int, old: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.ckpt"
    if old:
        path.write_bytes(legacy(GOOD, {"0": (4, bytes(16))}))
    else:
        write_zip(path, GOOD, method=zipfile.ZIP_DEFLATED if seed % 2 else zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    path.write_bytes(data[: rng.choice((len(data), len(data), rng.randrange(len(data))))])
    only_format_errors(path)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200), head=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"("]))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ckpt"
    path.write_bytes(head + data)
    only_format_errors(path)
