"""How long work talks to whoever started it: one value out, one flag in."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from ckpt_studio.core.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of running work; ``done`` and ``total`` are bytes of this phase."""

    done: int
    total: int
    label: str = ""
    phase: str = ""

    @property
    def fraction(self) -> float:
        """Share of the phase done, 0 to 1."""
        return self.done / self.total if self.total else 0.0


ProgressCallback = Callable[[Progress], object]


def ignore_progress(_: Progress) -> None:
    """Do nothing; the default callback."""


class CancelToken:
    """A flag that one thread raises and another polls."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next checkpoint."""
        self._event.set()

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled when a stop was asked for."""
        if self._event.is_set():
            raise Cancelled


def throttled(callback: ProgressCallback, *, period: float = 0.05) -> ProgressCallback:
    """Pass on at most one snapshot per period, and always the last one of a phase."""
    due = 0.0

    def emit(progress: Progress) -> None:
        nonlocal due
        now = monotonic()
        if now >= due or progress.done >= progress.total:
            due = now + period
            callback(progress)

    return emit
