"""Run long work from a terminal: a progress bar while it runs, a signal stops it cleanly."""

import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ckpt_studio.cli.progress_bar import ProgressBar
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress

_STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def job(arguments: Namespace) -> Iterator[tuple[ProgressCallback, CancelToken]]:
    """Give the callback and the token for one piece of work.

    A first Ctrl-C (or SIGTERM, or the terminal closing) asks the work to stop; a second one
    interrupts it where it stands.
    """
    bar = ProgressBar() if arguments.progress or sys.stderr.isatty() else None
    cancel = CancelToken()
    before = {number: signal.getsignal(number) for number in _STOPPING}

    def stop(_number: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # a job sent to the background ignores Ctrl-C
            signal.signal(number, stop)
    try:
        yield (bar or ignore_progress), cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if bar is not None:
            bar.clear()
