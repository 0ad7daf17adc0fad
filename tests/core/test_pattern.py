"""Patterns that people type: the useful ones work, those that hang are refused."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.pattern import compile_pattern, search_pattern


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"attn\d\.to_[qk]", True),
        (r"^(?:input|output)_blocks\.\d+\.", True),
        (r"INPUT_.*to_q.*weight$", True),
        (r"^(?!.*bias).*attn1", True),
        (r"[^]]*to_q", True),
        (r"(?P<n>\d+)\.1\.", True),
        (r"to_v", False),
    ],
)
def test_useful_patterns_work(pattern: str, found: bool) -> None:
    key = "input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight"
    assert bool(compile_pattern(pattern).search(key)) is found
    assert bool(search_pattern(pattern).search(key)) is found


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(?:a|b)*c",
        r"((a*))*",
        r"(?P<n>a{2,})+",
        r"(a|aa){20}",
        r".*.*.*x",
        r"a.*b.*c.*d.*e",
        r"(x)\1",
        r"(?P<n>x)(?P=n)",
        "x" * 301,
        r"(?x) [ #",
    ],
)
def test_patterns_that_could_hang_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        compile_pattern(pattern)


def test_a_mistake_names_its_place() -> None:
    with pytest.raises(ValueError, match="at character 4"):
        compile_pattern("abc[x")


@given(st.text(alphabet="ab.*+?()[]|\\d{1,2}^$#:=!<Px", max_size=14))
def test_whatever_is_accepted_answers_at_once(pattern: str) -> None:
    try:
        compiled = search_pattern(pattern)
    except ValueError:
        return
    assert isinstance(compiled, re.Pattern)
    start = time.thread_time()
    compiled.search("ab" * 30 + "!")
    assert time.thread_time() - start < 2
