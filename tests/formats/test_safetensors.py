"""The strict header reader: each rule of the format, and files that are something else."""

import json
import os
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.tensors import DTYPES
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.plans import header_of, raw_file

FOUR = struct.pack("<4f", 1, 2, 3, 4)
W = '{"dtype":"F32","shape":[4],"data_offsets":[0,16]}'


def refusal(tmp_path: Path, content: bytes, name: str = "model.safetensors") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_checkpoint(path)
    assert caught.value.hint
    assert caught.value.message.startswith(name)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    tensors = {"b": ("F16", [2, 2], bytes(8)), "a": ("I64", [], bytes(8)), "e": ("U8", [0, 3], b"")}
    path.write_bytes(raw_file(header_of(tensors, {"k": "wörter ✓"}), bytes(16)))
    found = read_checkpoint(path)
    assert list(found.tensors) == ["b", "a", "e"]
    assert found.tensors["a"].offset == found.header_bytes + 8
    assert found.tensors["b"].shape == (2, 2)
    assert found.metadata == {"k": "wörter ✓"}
    assert found.size == path.stat().st_size
    assert found.problems == ()


def test_tensors_are_in_the_order_of_their_data(tmp_path: Path) -> None:
    text = (
        '{"late":{"dtype":"F32","shape":[4],"data_offsets":[16,32]},'
        '"empty":{"dtype":"F32","shape":[0],"data_offsets":[16,16]},"early":' + W + "}"
    )
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw_file(text.encode(), FOUR * 2))
    assert list(read_checkpoint(path).tensors) == ["early", "empty", "late"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_is_known(tmp_path: Path, dtype: str) -> None:
    size = DTYPES[dtype].nbytes((8,))
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw_file(header_of({"w": (dtype, [8], bytes(size))}), bytes(size)))
    assert read_checkpoint(path).tensors["w"].nbytes == size


@pytest.mark.parametrize(
    "text",
    [
        '{ "w" : { "shape" : [ 4 ] , "data_offsets" : [ 0 , 16 ] , "dtype" : "F32" } }',
        '{"w":' + W + "}" + " " * 5000,
        '{"w":' + W + "}\n\t\r ",
        '{"w":{"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}',
        '{"\\u0077":' + W + "}",
        '{"__metadata__":{},"w":' + W + "}",
    ],
)
def test_legal_ways_to_write_the_same_header(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw_file(text.encode(), FOUR))
    assert list(read_checkpoint(path).tensors) == ["w"]


def test_names_and_escapes_of_any_kind_are_read(tmp_path: Path) -> None:
    names = ["ключ", 'a"b\\c\n', "😀", "\x00", "é\u2028", ""]
    path = tmp_path / "m.safetensors"
    for ascii_only in (True, False):
        entries = {n: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in names}
        text = json.dumps(
            {"__metadata__": dict.fromkeys(names, 'ü"\n😀')} | entries, ensure_ascii=ascii_only
        )
        path.write_bytes(raw_file(text.encode()))
        found = read_checkpoint(path)
        assert list(found.tensors) == names
        assert found.metadata == dict.fromkeys(names, 'ü"\n😀')


def test_metadata_null_and_unknown_fields_are_noted(tmp_path: Path) -> None:
    text = '{"__metadata__":null,"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1}}'
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw_file(text.encode(), FOUR))
    found = read_checkpoint(path)
    assert found.metadata == {}
    assert [problem.severity for problem in found.problems] == [Severity.NOTE] * 2


def entry(dtype: str = '"F32"', shape: str = "[4]", offsets: str = "[0,16]") -> str:
    return f'{{"w":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}'


ONE = '"{}":{{{{"dtype":"U8","shape":[{{}}],"data_offsets":[{{}},{{}}]}}}}'
TWO = "{{" + ONE.format("a") + "," + ONE.format("b") + "}}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (entry(dtype='"F31"'), 'the dtype "F31"'),
        (entry(dtype="7"), "dtype that is not a string"),
        (entry(shape="[-4]"), "negative number -4"),
        (entry(shape="[4.0]"), "4.0, which is no integer"),
        (entry(shape="[true,4]"), "True, which is no integer"),
        (entry(shape="[[4]]"), "[4], which is no integer"),
        (entry(shape="4"), "shape that is not a list"),
        (entry(shape="[04]"), "not valid JSON"),
        (entry(shape="[4294967296,4294967296,4294967296]"), "too large"),
        (entry(shape="[0,9223372036854775808]"), "too large"),
        (entry(shape="[0,4611686018427387904,4]"), "too large"),
        (entry(shape="[" + "9" * 5000 + "]"), "too large"),
        (entry(shape="[" + ",".join(["1"] * 65) + "]"), "65 dimensions"),
        (entry(shape="[5]"), "needs 20 bytes"),
        (entry(shape="[NaN]"), "NaN is no JSON number"),
        (entry(offsets="[16,0]"), "end (0) before they begin"),
        (entry(offsets="[0,16,32]"), "3 data_offsets instead of two"),
        (entry(offsets="[0]"), "1 data_offsets instead of two"),
        (entry(offsets='{"a":1}'), "data_offsets that is not a list"),
        (entry(offsets="[0,16.0]"), "16.0, which is no integer"),
        (entry(offsets="[-16,0]"), "negative number -16"),
        (entry(offsets="[0,1" + "0" * 19 + "]", shape="[1]"), "its offsets give it"),
        (entry('"F4"', "[3]", "[0,2]"), "no whole bytes"),
        (entry('"F6_E2M3"', "[5]", "[0,4]"), "no whole bytes"),
        ('{"w":{"shape":[4],"data_offsets":[0,16]}}', "has no dtype"),
        ('{"w":{"dtype":"F32","data_offsets":[0,16]}}', "has no shape"),
        ('{"w":{"dtype":"F32","shape":[4]}}', "has no data_offsets"),
        ('{"w":"F32"}', "described by a string"),
        ('{"w":[]}', "described by a list"),
        ('{"w":null}', "described by null"),
        ('{"w":' + "[" * 100_000 + "]" * 100_000 + "}", "described by a list"),
        ('{"w":{"dtype":' + "[" * 100_000 + "]" * 100_000 + "}}", "nested too deep"),
        ('{"w":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}', "duplicate key"),
        ('{"w":' + W + ',"w":' + W + "}", 'duplicate entry "w"'),
        ('{"w":' + W + ',"\\u0077":' + W + "}", 'duplicate entry "w"'),
        ('{"__metadata__":{},"__metadata__":{},"w":' + W + "}", "duplicate entry"),
        ('{"__metadata__":{"a":"1","a":"2"},"w":' + W + "}", 'duplicate key "a"'),
        ('{"__metadata__":{"a":1},"w":' + W + "}", '"a" is a number, not a string'),
        ('{"__metadata__":{"a":{}},"w":' + W + "}", '"a" is an object, not a string'),
        ('{"__metadata__":{"a":null},"w":' + W + "}", '"a" is null, not a string'),
        ('{"__metadata__":[],"w":' + W + "}", "metadata is a list"),
        ('{"__metadata__":{"a":"\\ud800"},"w":' + W + "}", "surrogate"),
        ('{"\\udfff":' + W + "}", "surrogate"),
        ('{"w":' + W + ",}", "name in quotes is missing"),
        ('{"w":' + W + " /* c */}", "',' or '}' is missing"),
        ('{"w":' + W + "}x", "something follows"),
        ('{"w":' + W + "}\0\0", "something follows"),
        ('{"w" ' + W + "}", "':' is missing"),
        ('{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]', "not closed"),
        ("{'w':1}", "name in quotes is missing"),
        ('{"a\nb":' + W + "}", "not valid JSON"),
        (' {"w":' + W + "}", "does not begin with '{'"),
        ("[]", "does not begin with '{'"),
        (TWO.format(8, 0, 8, 8, 12, 20), "a hole of 4 bytes after"),
        (TWO.format(8, 4, 12, 4, 12, 16), "a hole of 4 bytes at the start"),
        (TWO.format(8, 0, 8, 8, 4, 12), 'overlaps with "a"'),
        (TWO.format(8, 0, 8, 8, 0, 8), 'overlaps with "a"'),
        (TWO.format(16, 0, 16, 0, 8, 8), 'overlaps with "a"'),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, text: str, says: str) -> None:
    message = refusal(tmp_path, raw_file(text.encode(), FOUR))
    assert says in message


def test_bytes_that_are_no_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    text = b'{"__metadata__":{"a":"\xff"},"w":' + W.encode() + b"}"
    assert "not valid UTF-8 at byte 30" in refusal(tmp_path, raw_file(text, FOUR))


def test_utf8_is_checked_across_the_whole_header(tmp_path: Path) -> None:
    text = '{"__metadata__":{"a":"' + "é" * (3 << 20) + '"},"w":' + W + "}"
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw_file(text.encode(), FOUR))
    assert read_checkpoint(path).metadata["a"] == "é" * (3 << 20)
    broken = text.encode().replace(b'\xa9"', b'"')
    assert "not valid UTF-8" in refusal(tmp_path, raw_file(broken, FOUR))


def test_sizes_are_named_when_the_file_is_too_short_or_too_long(tmp_path: Path) -> None:
    good = raw_file(entry().encode(), FOUR)
    size = len(good)
    message = refusal(tmp_path, good[:-8])
    assert f"incomplete (truncated): it should be {size} bytes but has {size - 8} (" in message
    assert "at least" in refusal(tmp_path, good[:40])
    assert "1,024 extra bytes at the end" in refusal(tmp_path, good + bytes(1024))


GARBAGE = bytes(range(200, 256)) * 20


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty (0 bytes)"),
        (bytes(5000), "filled with zeros"),
        (bytes(3), "filled with zeros"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "a Git LFS pointer",
        ),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\n  <html>", "a web page"),
        (b'{"error":"Invalid username or password."}', "an error message of a web site"),
        (b'{"weight_map":{}}          ', "a JSON text"),
        (b"GGUF\x03\0\0\0" + bytes(100), "a GGUF file"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7z archive"),
        (b"\x1f\x8b\x08\x00" + bytes(100), "a gzip archive"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(100), "a RAR archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"\x80\x02}q\x00(X\x01\x00\x00\x00w", "a PyTorch pickle checkpoint"),
        (b"cos\nsystem\n(S'id'\ntR.", "a PyTorch pickle checkpoint"),
        (bytes(257) + b"ustar\x0000" + bytes(300), "a tar archive"),
        (b"\xff" * 8 + b"{}", "its header would have 18,446,744,073,709,551,615 bytes"),
        ((100_000_001).to_bytes(8, "little") + b"{}", "more than the 100,000,000 allowed"),
        ((1000).to_bytes(8, "little") + b"ab", "longer than the file"),
        ((0).to_bytes(8, "little") + b"{}", "a length of 0 bytes"),
        (b"\x01", "not a safetensors file"),
        (GARBAGE, "not a safetensors file"),
    ],
)
def test_other_files_are_named_by_content(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refusal(tmp_path, content)


def test_a_pytorch_zip_is_named_and_nothing_in_it_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "model.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        payload = f"cos\nmkdir\n(S'{marker}'\ntR.".encode()
        archive.writestr("archive/data.pkl", payload)
    with pytest.raises(FormatError) as caught:
        read_checkpoint(path)
    assert "PyTorch pickle checkpoint" in caught.value.message
    assert "Nothing in it was run" in caught.value.hint
    assert not marker.exists()


def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)
    for path, says in (
        (pipe, "is a pipe, not a file"),
        (tmp_path, "is a folder, not a file"),
        (Path("/dev/zero"), "is a device, not a file"),
        (tmp_path / "none.safetensors", "does not exist"),
        (pipe / "below", "does not exist"),
        (tmp_path / "nul\0.safetensors", "cannot be read"),
    ):
        with pytest.raises(FormatError, match=says):
            read_checkpoint(path)


def test_names_in_messages_cannot_play_tricks(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff\x1b[31m\xe2\x80\xae.safetensors"))
    path.write_bytes(b"")
    with pytest.raises(FormatError) as caught:
        read_checkpoint(path)
    assert "\\x1b[31m\\u202e.safetensors is empty" in caught.value.message
    caught.value.message.encode("utf-8")


def many(count: int) -> bytes:
    names = (f"model.diffusion_model.blocks.{i}.attention.to_query.weight" for i in range(count))
    return header_of({name: ("F16", [2, 4], bytes(16)) for name in names})


def test_twenty_thousand_tensors_open_in_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw_file(many(20_000), bytes(320_000)))
    best = 10.0
    for _ in range(5):
        started = time.thread_time()
        assert len(read_checkpoint(path).tensors) == 20_000
        best = min(best, time.thread_time() - started)
    assert best < 1.0  # a quarter of that on an idle machine; this only catches the quadratic


BOMBS = {
    "empty tensors": lambda: ",".join(
        f'"{number}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
        for number in range(1_400_000)
    ),
    "metadata keys": lambda: (
        '"__metadata__":{' + ",".join(f'"{number}":""' for number in range(8_000_000)) + "}"
    ),
    "a long list": lambda: '"w":{"dtype":[' + "0," * 45_000_000 + "0]}",
    "wide text": lambda: '"__metadata__":{"a":"' + "😀" * 22_000_000 + '"}',
}
MEASURE = """
import resource, sys
from pathlib import Path
from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.safetensors import read_checkpoint
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
try:
    read_checkpoint(Path(sys.argv[1]))
    print(peak() - before, "opened")
except FormatError as problem:
    print(peak() - before, problem.message)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in other units there")
@pytest.mark.parametrize("bomb", BOMBS)
def test_the_largest_headers_need_little_memory(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "m.safetensors"
    body = "{" + BOMBS[bomb]() + "}"
    path.write_bytes(raw_file(body.encode()))
    run = [sys.executable, "-c", MEASURE, str(path)]
    grown = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    most = 500 if bomb == "wide text" else 300  # a text of 22 million emoji is 88 MB by itself
    assert int(grown.split()[0]) < most, grown


GOOD = raw_file(
    header_of({"a.weight": ("F16", [2, 4], bytes(16)), "b": ("F32", [], bytes(4))}, {"k": "v"}),
    bytes(20),
)


@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(GOOD) - 1), st.binary(min_size=0, max_size=4), st.integers(0, 4)
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=600, deadline=None)
def test_a_damaged_file_opens_or_is_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes, int]]
) -> None:
    content = bytearray(GOOD)
    for at, new, removed in edits:
        content[at : at + removed] = new
    attempt(tmp_path_factory, bytes(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
FIELD = st.sampled_from(["dtype", "shape", "data_offsets", "x"])


@given(
    st.dictionaries(
        st.sampled_from(["__metadata__", "a", "b"]),
        JSON | st.dictionaries(FIELD, JSON | st.lists(st.integers(0, 20)) | st.just("U8")),
    )
)
@settings(max_examples=400, deadline=None)
def test_any_json_opens_or_is_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, header: object
) -> None:
    attempt(tmp_path_factory, raw_file(json.dumps(header).encode(), bytes(16)))


def attempt(factory: pytest.TempPathFactory, content: bytes) -> None:
    path = factory.getbasetemp() / "fuzzed.safetensors"
    path.write_bytes(content)
    try:
        found = read_checkpoint(path)
    except FormatError as refused:
        problem = refused
    else:
        problem = None
        assert found.header_bytes + sum(t.nbytes for t in found.tensors.values()) == len(content)
    assert problem is None or (problem.message and problem.hint)
