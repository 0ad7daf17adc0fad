"""Reads the values of tensors that are not known yet, on a thread, and tells how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from ckpt_studio.app.known_values import Collected, Collecting, Wanted
from ckpt_studio.app.verbs import TakeStatistics
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.statistics import TensorStatistics

_PERIOD_S = 0.2


@dataclass(frozen=True, slots=True)
class ValueReading:
    """``came`` is told what there is so far, at most five times a second."""

    take: TakeStatistics
    wanted: Wanted
    known: dict[str, TensorStatistics]
    came: Callable[[Wanted, Collected], object]

    def work(self, progress: ProgressCallback, cancel: CancelToken) -> Collected:
        """Put together what is known and read the rest; runs on the thread of a job.

        Raises:
            CkptStudioError: the file changed or cannot be read.
            Cancelled: the token was raised.
        """
        names, known = self.wanted.names, self.known
        collecting, due = Collecting(len(names)), 0.0

        def found(one: TensorStatistics) -> None:
            nonlocal due
            known[one.name] = one
            collecting.add(one)
            if monotonic() >= due:
                due = monotonic() + _PERIOD_S
                self.came(self.wanted, collecting.snapshot())

        missing = []
        for name in names:
            cancel.raise_if_cancelled()
            if name in known:
                collecting.add(known[name])
            else:
                missing.append(name)
        if missing:
            self.take(self.wanted.checkpoint, missing, found, progress, cancel)
        return collecting.snapshot()
