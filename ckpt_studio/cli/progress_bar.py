"""A progress bar on standard error: bytes, speed and time left on one line."""

import sys
from contextlib import suppress
from time import monotonic
from typing import TextIO

from ckpt_studio.cli.printing import printable, shortened
from ckpt_studio.core.progress import Progress
from ckpt_studio.core.rate import Rate
from ckpt_studio.core.text import binary_size, duration, speed

_PERIOD_S = 0.1
_BAR = 24
_LABEL = 24


class ProgressBar:
    """Draws over its own line, at most ten times a second; a new phase measures anew."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._phase: tuple[str, int] | None = None
        self._rate = Rate()
        self._due = 0.0
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Show a snapshot."""
        now = monotonic()
        if (progress.phase, progress.total) != self._phase:
            self._phase, self._rate, self._due = (progress.phase, progress.total), Rate(), 0.0
        self._rate.add(progress.done, now)
        if now < self._due and progress.done < progress.total:
            return
        self._due = now + _PERIOD_S
        self._draw(self._line(progress))

    def clear(self) -> None:
        """Take the bar off the screen."""
        if self._width:
            self._draw("")
            self._draw("")

    def _line(self, progress: Progress) -> str:
        filled = round(progress.fraction * _BAR)
        what = shortened(printable(progress.phase or progress.label), _LABEL)
        left = self._rate.seconds_left(progress.total)
        return (
            f"{what} [{'#' * filled}{'.' * (_BAR - filled)}] {progress.fraction:4.0%}  "
            f"{binary_size(progress.done)} of {binary_size(progress.total)}"
            + (f"  {speed(self._rate.speed)}" if self._rate.speed else "")
            + (f"  {duration(left)} left" if left is not None else "")
        )

    def _draw(self, line: str) -> None:
        with suppress(OSError):  # a job goes on although nobody can see it
            self._stream.write(f"\r{line.ljust(self._width)}")
            self._stream.flush()
        self._width = len(line)
