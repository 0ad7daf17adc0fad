"""How large metadata get in a header."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.header_size import MIB, exceeded, metadata_bytes

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(texts, texts, min_size=1))
def test_the_size_is_that_of_the_json(metadata: dict[str, str]) -> None:
    written = json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()
    assert metadata_bytes(metadata) == len(written) - 1  # braces against the comma too many


def test_marks_are_passed_one_by_one() -> None:
    assert exceeded(MIB) is None
    passed = [exceeded(size * MIB + 1) for size in (1, 4, 8, 100)]
    assert [mark.limit // MIB for mark in passed if mark] == [1, 4, 8, 100]
    assert "library" in (passed[0].lost if passed[0] else "")
