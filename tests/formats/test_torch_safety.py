"""Nothing that a pickle names is run, imported or waited for, whatever opcode asks for it."""

import os
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.torch_pickle import read_torch
from tests.making.alone import open_alone
from tests.making.torch_files import (
    bytes_of,
    legacy,
    name_of,
    number,
    state,
    storage,
    tensor,
    text,
    write_zip,
)

FORBIDDEN = {
    "import",
    "exec",
    "compile",
    "os.system",
    "os.exec",
    "subprocess.Popen",
    "socket.connect",
}
_watching: list[str] | None = None


def _audit(event: str, args: tuple[object, ...]) -> None:
    if _watching is None:
        return
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if event in FORBIDDEN or writes:
        _watching.append(f"{event} {args!r}")


sys.addaudithook(_audit)


@pytest.fixture
def happened() -> Iterator[list[str]]:
    """What was done that no reader may do, as the interpreter saw it."""
    global _watching  # noqa: PLW0603 - an audit hook cannot be taken away
    _watching = []
    try:
        yield _watching
    finally:
        _watching = None


def pushed(marker: Path) -> bytes:
    return text(f"touch {marker}")


def stack_name(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


PAYLOADS = {
    "global": lambda m: name_of("os", "system") + b"(" + pushed(m) + b"tR",
    "posix": lambda m: name_of("posix", "system") + b"(" + pushed(m) + b"tR",
    "stack": lambda m: stack_name("os", "system") + pushed(m) + b"\x85R",
    "dotted": lambda m: stack_name("torch.serialization", "os.system") + pushed(m) + b"\x85R",
    "inst": lambda m: b"(" + pushed(m) + b"ios\nsystem\n",
    "obj": lambda m: b"(" + name_of("os", "system") + pushed(m) + b"o",
    "new": lambda m: name_of("subprocess", "Popen") + b"(" + pushed(m) + b"t\x81",
    "new with names": lambda m: name_of("subprocess", "Popen") + b")}\x92",
    "eval": lambda m: name_of("builtins", "eval") + b"(" + text("1") + b"tR",
    "old eval": lambda m: name_of("__builtin__", "eval") + b"(" + text("1") + b"tR",
    "getattr": lambda m: name_of("builtins", "getattr") + b"(" + name_of("os", "x") + b"tR",
    "import": lambda m: name_of("builtins", "__import__") + b"(" + text("os") + b"tR",
    "mention": lambda m: name_of("antigravity", "x"),
    "loads": lambda m: name_of("torch.storage", "_load_from_bytes") + b"(Nt" + b"R",
    "hub": lambda m: name_of("torch.hub", "load") + b"(" + text("x") + b"tR",
    "tensor": lambda m: name_of("torch", "FloatTensor") + b"(" + number(1 << 40) + b"tR",
    "module": lambda m: name_of("torch.nn", "Linear") + b"(" + number(1 << 20) + b"tR",
    "numpy": lambda m: name_of("numpy.testing._private.utils", "runstring") + b"(NtR",
    "numpy load": lambda m: name_of("numpy", "load") + b"(" + text("x") + b"tR",
    "pip": lambda m: name_of("pip", "main") + b"(NtR",
    "unknown class": lambda m: name_of("paramiko", "ProxyCommand") + b"(" + pushed(m) + b"tR",
    "unknown function": lambda m: name_of("ldm.util", "instantiate_from_config") + b"(}tR",
    "from type": lambda m: (
        name_of("torch._tensor", "_rebuild_from_type_v2")
        + b"("
        + name_of("os", "system")
        + b"N("
        + pushed(m)
        + b"tNtR"
    ),
    "reconstructor": lambda m: (
        name_of("copyreg", "_reconstructor") + b"(" + name_of("shutil", "rmtree") + b"NNtR"
    ),
    "partial": lambda m: name_of("functools", "partial") + b"(" + name_of("ldm", "f") + b"tR)R",
    "memory": lambda m: name_of("builtins", "bytearray") + b"(" + number(8 << 30) + b"tR",
    "extension": lambda m: b"\x82\x01",
    "buffer": lambda m: b"\x97",
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", ["zip", "legacy", "plain"])
def test_payloads(tmp_path: Path, happened: list[str], payload: str, kind: str) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / "m.ckpt"
    data = state(w=tensor(), x=PAYLOADS[payload](marker))
    if kind == "zip":
        write_zip(path, data)
    elif kind == "legacy":
        path.write_bytes(legacy(data, {"0": (4, bytes(16))}))
    else:
        path.write_bytes(b"\x80\x02}(" + text("x") + PAYLOADS[payload](marker) + b"u.")
    happened.clear()
    with pytest.raises(FormatError) as caught:
        read_any(path)
    assert happened == []
    assert not marker.exists()
    assert caught.value.message.startswith("m.ckpt ")
    assert caught.value.hint


def test_the_message_names_what_would_be_run(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", state(x=PAYLOADS["global"](tmp_path / "x")))
    with pytest.raises(FormatError, match=r"unsafe: loading it would use os\.system"):
        read_torch(path)


def test_the_hook_of_these_tests_sees_what_pickle_would_do(
    tmp_path: Path, happened: list[str]
) -> None:
    data = state(x=PAYLOADS["global"](tmp_path / "marker"))
    pickle.loads(data)
    assert (tmp_path / "marker").exists()
    assert any(event.startswith("os.system") for event in happened)


DOUBLED = (
    b"]"
    + b"2e" * 0
    + b"".join(
        b"q" + bytes([i]) + b"](h" + bytes([i]) + b"h" + bytes([i]) + b"e" for i in range(60)
    )
)


def test_lists_in_lists_cost_nothing(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", state(w=tensor(), x=DOUBLED))
    assert list(read_torch(path).tensors) == ["w"]


def test_dictionaries_in_dictionaries_cost_nothing(tmp_path: Path) -> None:
    nested = tensor() + b"r" + (1000).to_bytes(4, "little")
    for level in range(60):
        here = (1000 + level).to_bytes(4, "little")
        above = (1001 + level).to_bytes(4, "little")
        nested += b"0}(" + text("a") + b"j" + here + text("b") + b"j" + here + b"ur" + above
    path = write_zip(tmp_path / "m.ckpt", state(x=nested))
    start = time.thread_time()
    read_torch(path)
    assert time.thread_time() - start < 1


def test_tuples_as_keys_are_never_compared(tmp_path: Path) -> None:
    key = b")" + b"2\x86" * 60
    path = write_zip(tmp_path / "m.ckpt", state(w=tensor(), x=b"}" + key + b"Ns"))
    assert list(read_torch(path).tensors) == ["w"]


def test_a_state_dict_in_itself(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", b"\x80\x02}q\x00" + text("state_dict") + b"h\x00s.")
    with pytest.raises(FormatError, match="cycle"):
        read_torch(path)


def test_a_dictionary_in_itself(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", b"\x80\x02}q\x00" + text("other") + b"h\x00s.")
    found = read_torch(path)
    assert not found.tensors
    assert "no tensors" in found.problems[-1].message


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02" + b"]" * 3_000_000 + b".",
        b"\x80\x02" + b"(" * 3_000_000 + b".",
        b"\x80\x02]" + b"2" * 1_990_000 + b".",
        b"\x80\x02X\xff\xff\xff\xffabc.",
        b"\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"\x80\x02\x8b\xff\xff\xff\x7f.",
        b"\x80\x02I" + b"9" * 100_000 + b"\n.",
        b"\x80\x02(" + text("x" * 1_000_000) + b"q\x00" + b"h\x00h\x00\x93" * 100_000 + b".",
        b"\x80\x02]("
        + b"N" * 100_000
        + b"eq\x00"
        + (name_of("collections", "OrderedDict") + b"h\x00\x85R") * 50_000
        + b".",
    ],
)
def test_bombs_cost_little_time_and_memory(tmp_path: Path, data: bytes) -> None:
    path = write_zip(tmp_path / "m.ckpt", data)
    found = open_alone(path)
    assert found.seconds < 4
    assert found.growth < 300
    assert len(found.refusal) < 400


def test_many_names_for_one_long_name(tmp_path: Path) -> None:
    entries = b"".join(text(str(index)) + b"h\x05" for index in range(20_000))
    inside = b"}q\x06(" + tensor() + b"q\x050" + entries + b"u"
    data = b"\x80\x02}(" + text("k" * 5_000_000) + inside + text("x") + b"Nu."
    path = write_zip(tmp_path / "m.ckpt", data)
    start = time.thread_time()
    with pytest.raises(FormatError, match="letters"):
        read_torch(path)
    assert time.thread_time() - start < 1


def test_a_view_may_not_claim_more_than_a_computer_has(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.ckpt", state(w=tensor((1 << 35,), (0,))))
    with pytest.raises(FormatError, match="too large"):
        read_torch(path)


def test_attributes_that_hide_something_are_ignored_and_named(tmp_path: Path) -> None:
    hidden = tensor() + b"}" + text("contiguous") + b"Nsb"
    found = read_torch(write_zip(tmp_path / "m.ckpt", state(w=hidden)))
    assert "contiguous" in found.problems[0].message
    assert bytes_of(found, "w") == bytes(range(16))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in the file system")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.ckpt")
    with pytest.raises(FormatError, match="pipe"):
        read_any(tmp_path / "m.ckpt")


def test_a_storage_cannot_be_two_things(tmp_path: Path) -> None:
    other = tensor(of=storage(kind="IntStorage"))
    with pytest.raises(FormatError, match="two ways"):
        read_torch(write_zip(tmp_path / "m.ckpt", state(a=tensor(), b=other)))
