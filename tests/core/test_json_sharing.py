"""JSON read and written piece by piece is what Python's own reader and writer make of it."""

import json
import sys
from threading import Thread
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.json_values import json_sharing

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)
_STYLES = ((", ", ": "), (",", ":"))


@settings(max_examples=25)
@given(value=_VALUES, times=st.sampled_from([1, 300]), ascii_only=st.booleans())
@pytest.mark.parametrize("separators", _STYLES)
def test_it_is_written_as_python_writes_it(
    value: object, times: int, ascii_only: bool, separators: tuple[str, str]
) -> None:
    large = {"nodes": [value] * times, "": {str(number): value for number in range(times)}}
    for one in (value, large):
        written = json_sharing.dumps(one, separators, ascii_only=ascii_only)
        assert written == json.dumps(one, separators=separators, ensure_ascii=ascii_only)


@given(_VALUES)
def test_it_is_read_as_python_reads_it(value: object) -> None:
    text = json.dumps(value)
    assert repr(json_sharing.loads(text)) == repr(json.loads(text))


def test_numbers_can_be_read_in_another_way() -> None:
    read = json_sharing.loads("[1.5, NaN, 2]", parse_float=str, parse_constant=lambda word: word)
    assert read == ["1.5", "NaN", 2]


@pytest.mark.parametrize("text", ["[1,", "{", "[1] 2", "", '{"a": 01}'])
def test_mistakes_are_pythons_own(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    with pytest.raises(json.JSONDecodeError) as found:
        json_sharing.loads(text)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("work", ["read", "write"])
def test_other_threads_go_on_meanwhile(work: str) -> None:
    node = {"id": 7, "pos": [1.5, 2.5], "values": ["a photo " * 5, 20, None]}
    value = {"extra": {"nodes": [dict(node) for _ in range(40_000)]}}
    text = json.dumps(value)
    act = {
        "read": lambda: json_sharing.loads(text),
        "write": lambda: json_sharing.dumps(value, ascii_only=True),
    }[work]
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    worker = Thread(target=act)
    turns, began = 0, perf_counter()
    try:
        worker.start()
        while worker.is_alive():
            turns += 1
            worker.join(0.001)
    finally:
        sys.setswitchinterval(before)
    assert turns > 20, f"{turns} turns in {perf_counter() - began:.2f} s"
