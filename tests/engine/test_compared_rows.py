"""Rows of a comparison, compared by another process."""

from pathlib import Path

import pytest
import torch

from ckpt_studio.core.errors import Cancelled, SourceChangedError
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.engine.compared_rows import compare_rows_isolated
from ckpt_studio.engine.comparing import compare_values
from tests.engine.test_comparing import comparison_of


@pytest.fixture
def comparison(tmp_path: Path):
    values = {f"t{n}": torch.arange(1000.0) * n for n in range(6)}
    others = {name: value + (name == "t3") for name, value in values.items()}
    return comparison_of(tmp_path, values, others | {"t5": others["t5"].half()})


def test_rows_come_back_with_the_tensors_they_belong_to(comparison):
    seen = {}
    compare_rows_isolated(comparison, (4, 3, 5), found=seen.__setitem__)
    expected = compare_values(comparison)
    assert sorted(seen) == [3, 4, 5]
    assert all(seen[index] == expected[index] for index in seen)
    assert seen[3].tensor is comparison.tensors[3]
    assert not seen[3].same
    assert seen[4].identical
    assert seen[5].same


def test_a_file_that_changed_since_it_was_opened_is_refused(comparison):
    path = comparison.b.checkpoint.path
    with path.open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"abcd")
    with pytest.raises(SourceChangedError, match=r"b\.safetensors has changed"):
        compare_rows_isolated(comparison, (0,), found=lambda *_: None)


def test_a_cancelled_comparison_ends(comparison):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        compare_rows_isolated(comparison, (0, 1), found=lambda *_: None, cancel=cancel)
