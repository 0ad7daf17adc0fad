"""Lets long computations of a thread end when their job is given up.

A tensor may take half a minute; a cancel has to end within a second. What is asked is kept by
thread, since formulas should not have to pass it on.
"""

import threading
from collections.abc import Callable

from ckpt_studio.core.errors import Cancelled

_asked = threading.local()


def stop_when(given_up: Callable[[], bool]) -> None:
    """Ask that from now on in this thread."""
    _asked.given_up = given_up


def raise_if_stopped() -> None:
    """End a computation whose job was given up; called in loops over parts of a tensor.

    Raises:
        Cancelled: it was.
    """
    given_up: Callable[[], bool] | None = getattr(_asked, "given_up", None)
    if given_up is not None and given_up():
        raise Cancelled
