"""A merge that is cancelled stops within a tensor, not after it."""

from threading import Thread

import pytest
import torch

from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.merging.methods import METHODS, Reach
from ckpt_studio.engine._torch.methods import Place, blend
from ckpt_studio.engine._torch.stopping import stop_when

SLOW = ("smooth_add", "ties", "breadcrumbs", "della", "dare_ties", "model_stock")


def in_thread_of_its_own(work):
    """Run work in a thread, since what is asked is kept by thread; return what it raised."""
    found = []

    def run():
        try:
            work()
        except BaseException as reason:  # noqa: BLE001 - looked at by the test
            found.append(reason)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return found[0] if found else None


@pytest.mark.parametrize("method", SLOW)
def test_a_job_that_is_given_up_is_left_within_a_tensor(method):
    inputs = [torch.randn(700, 700) for _ in range(3)]
    asked = []

    def given_up():
        asked.append(True)
        return len(asked) > 2

    def work():
        stop_when(given_up)
        blend(method, inputs, {}, Place("unet.weight"))

    assert isinstance(in_thread_of_its_own(work), Cancelled)
    assert len(asked) == 3


def test_others_are_not_asked():
    assert {spec.id for spec in METHODS if spec.reach is Reach.TENSOR} >= {"smooth_add", "ties"}
    inputs = [torch.randn(300, 300) for _ in range(3)]
    assert in_thread_of_its_own(lambda: blend("smooth_add", inputs, {}, Place("k"))) is None
