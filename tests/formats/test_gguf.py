"""GGUF files are refused with a sentence about what they are or what is wrong with them."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.opening import read_any

F16, Q8_0, U32, STRING, ARRAY = 1, 8, 4, 8, 9


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def tensor(name="w", shape=(64,), kind=F16, offset=0):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(entries=(), tensors=(), *, version=3, data=256):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries))
    head += b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(data)


FLUX = entry("general.architecture", STRING, text("flux"))
WORDS = entry("tokens", ARRAY, struct.pack("<IQ", STRING, 2) + text("a") + text("b"))
NUMBERS = entry("scores", ARRAY, struct.pack("<IQ4f", 6, 4, 1, 2, 3, 4))


def refused(path, data):
    path.write_bytes(data)
    with pytest.raises(FormatError) as found:
        read_any(path)
    assert "safetensors" in found.value.hint
    return found.value.message


def test_it_says_what_the_file_is(tmp_path):
    tensors = (tensor("a"), tensor("b", (64,), Q8_0, 128))
    said = refused(tmp_path / "model.gguf", gguf((FLUX, WORDS, NUMBERS), tensors))
    assert said == "model.gguf is a GGUF file with 2 tensors of flux."
    assert refused(tmp_path / "other.safetensors", gguf()).endswith("GGUF file with 0 tensors.")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gguf(version=1), "its version is 1"),
        (gguf((FLUX, FLUX)), "duplicate metadata key, general.architecture"),
        (gguf((entry("x", ARRAY, struct.pack("<IQ", ARRAY, 1)),)), "an array in an array"),
        (gguf((entry("x", 99, b""),)), "unknown type 99"),
        (gguf((entry("general.alignment", STRING, text("32")),)), "general.alignment"),
        (gguf((entry("general.alignment", U32, struct.pack("<I", 0)),)), "general.alignment"),
        (gguf((), (tensor(shape=(1, 1, 1, 1, 1)),)), "has 5 dimensions"),
        (gguf((), (tensor(shape=(4, 0)),)), "a dimension of 0"),
        (gguf((), (tensor(offset=7),)), "not aligned to 32"),
        (gguf((), (tensor(shape=(4096,)),)), "incomplete"),
        (gguf((), (tensor(shape=(1 << 40, 1 << 40)),)), "incomplete"),
        (gguf((FLUX,))[:40], "truncated"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 0), "more tensors than"),
    ],
)
def test_it_says_what_is_wrong(data, reason, tmp_path):
    said = refused(tmp_path / "model.gguf", data)
    assert said.startswith("model.gguf is a GGUF file, and damaged: ")
    assert reason in said


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_in_it_the_answer_is_a_sentence(tmp_path, data):
    whole = bytearray(gguf((FLUX, WORDS, NUMBERS), (tensor(), tensor("b", offset=128))))
    for place in data.draw(st.lists(st.integers(4, len(whole) - 1), max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    assert "GGUF" in refused(tmp_path / "m.gguf", bytes(whole[: data.draw(st.integers(4, 600))]))
