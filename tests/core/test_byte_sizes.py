import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.byte_sizes import parse_size, size_word


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5GB", 5 * 10**9),
        ("500 mb", 500 * 10**6),
        (" 4.5GiB ", 9 << 29),
        ("1kib", 1024),
        ("2TB", 2 * 10**12),
        ("7B", 7),
    ],
)
def test_sizes_as_people_write_them(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "5", "GB", "-5GB", "0GB", "5G", "5,5GB", "1e9B", "\u0665GB", "nan"]
)
def test_what_is_no_size_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="is no size; write it as 5GB"):
        parse_size(text)


@given(st.integers(1, 10**14))
def test_a_size_reads_back(size):
    assert parse_size(size_word(size)) == size


def test_round_sizes_are_short():
    assert [size_word(n) for n in (5 * 10**9, 9 << 29, 123)] == ["5GB", "4608MiB", "123B"]
