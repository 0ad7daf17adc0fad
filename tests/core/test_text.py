import pytest

from ckpt_studio.core import text

GIB = 2**30


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.00 KiB"),
        (235 * 2**20, "235 MiB"),
        (4.78 * GIB, "4.78 GiB"),
        (12.3 * GIB, "12.3 GiB"),
        (3 * 2**40, "3.00 TiB"),
    ],
)
def test_sizes_have_three_digits(size, shown):
    assert text.binary_size(size) == shown


def test_numbers():
    assert text.count(2641) == "2,641"
    assert [text.short_count(n) for n in (5, 11_500, 3_470_000_000)] == ["5", "11.5 k", "3.47 B"]
    assert text.speed(1.6 * GIB) == "1.60 GiB/s"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.43, "0.4 s"), (0.96, "1 s"), (12.4, "12 s"), (125, "2 min 5 s"), (3780, "1 h 3 min")],
)
def test_durations_have_two_units(seconds, shown):
    assert text.duration(seconds) == shown
