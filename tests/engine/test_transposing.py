"""Matrices of raw items, transposed without torch."""

import os
import time

import numpy as np
import pytest

from ckpt_studio.engine.transposing import transposed


@pytest.mark.parametrize("item", [1, 2, 4, 8])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3), (1, 7), (7, 1), (0, 4), (4, 0)])
def test_every_item_size(item: int, shape: tuple[int, int]) -> None:
    data = os.urandom(shape[0] * shape[1] * item)
    expected = np.frombuffer(data, dtype=f"u{item}").reshape(shape).T.tobytes()
    assert transposed(data, *shape, item) == expected


def test_a_text_projection_takes_no_time() -> None:
    data = os.urandom(1280 * 1280 * 2)
    started = time.thread_time()
    transposed(data, 1280, 1280, 2)
    assert time.thread_time() - started < 0.5  # 0.01 s on an idle machine


def test_a_wrong_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="no 2 by 3 matrix"):
        transposed(bytes(7), 2, 3, 1)
