"""How much of the processors other programs used meanwhile: it decides what a time is worth."""

import os
import resource
from pathlib import Path
from time import perf_counter

_STAT = Path("/proc/stat")


class Others:
    """Measures from when it is made."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = perf_counter(), _busy_seconds(), _own_seconds()

    def share(self) -> float | None:
        """Return the share of all processors that others used, 0 to 1; None where unknown."""
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        others = busy - self._busy - (_own_seconds() - self._own)
        return max(0.0, others / ((perf_counter() - self._started) * (os.cpu_count() or 1)))


def _busy_seconds() -> float | None:
    if not _STAT.exists():
        return None
    user, nice, system, _, _, irq, softirq, *_ = _STAT.read_text().split("\n", 1)[0].split()[1:]
    ticks = sum(map(int, (user, nice, system, irq, softirq)))
    return ticks / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
