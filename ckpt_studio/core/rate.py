"""How fast work goes and how long it will take, from the bytes done at each moment."""

from collections import deque

_WINDOW_S = 5.0
_FIRST_ESTIMATE_S = 3.0


class Rate:
    """A moving average over the last five seconds; an estimate of the rest after three."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()
        self._started: float | None = None

    def add(self, done: int, now: float) -> None:
        """Take in the bytes done at a moment (seconds of a monotonic clock)."""
        if self._points and done < self._points[-1][1]:
            self._points.clear()
            self._started = None
        if self._started is None:
            self._started = now
        self._points.append((now, done))
        while len(self._points) > 2 and now - self._points[1][0] >= _WINDOW_S:  # noqa: PLR2004
            self._points.popleft()

    @property
    def speed(self) -> float:
        """Bytes per second; 0 while nothing can be said."""
        if not self._points:
            return 0.0
        (start, before), (end, after) = self._points[0], self._points[-1]
        return (after - before) / (end - start) if end > start else 0.0

    def seconds_left(self, total: int) -> float | None:
        """Seconds until ``total`` bytes are done; None during the first three seconds."""
        if not self._points or self._started is None or not self.speed:
            return None
        now, done = self._points[-1]
        if now - self._started < _FIRST_ESTIMATE_S:
            return None
        return max(0.0, (total - done) / self.speed)
