from ckpt_studio.core.rate import Rate

MIB = 2**20


def test_speed_is_that_of_the_last_five_seconds():
    rate = Rate()
    for second in range(10):
        rate.add(second * MIB, float(second))
    for second in range(10, 20):
        rate.add((9 + 3 * (second - 9)) * MIB, float(second))
    assert rate.speed == 3 * MIB


def test_time_left_is_told_after_three_seconds():
    rate = Rate()
    rate.add(0, 0.0)
    rate.add(2 * MIB, 2.0)
    assert rate.seconds_left(10 * MIB) is None
    rate.add(4 * MIB, 4.0)
    assert rate.seconds_left(10 * MIB) == 6.0


def test_another_phase_starts_anew():
    rate = Rate()
    rate.add(8 * MIB, 0.0)
    rate.add(MIB, 1.0)
    assert rate.speed == 0.0
