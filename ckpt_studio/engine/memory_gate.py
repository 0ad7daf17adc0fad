"""Keeps workers from computing more large tensors at once than memory should hold."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod

from ckpt_studio.core.expr import AddAdapter, Blend, Computed, Expr, Factor
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.core.rewriting import parts_of
from ckpt_studio.engine.lowering import Converted, Mixed, Segment
from ckpt_studio.engine.stepping import SLICE_VALUES, step_of
from ckpt_studio.engine.tasks import Copy, Task

BUDGET = 1 << 30
"""Bytes that whole tensors in work may take together; a larger one is computed alone."""

_TICK_S = 0.05
_FP32_BYTES = 4
_OWN_COPIES = 3
_FACTOR_COPIES = 2


class MemoryGate:
    """Lets tasks in while there is room for them; one for all workers of a job."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def room(self, need: int, given_up: Callable[[], bool]) -> Iterator[None]:
        """Wait until so many bytes may be used, or nothing else is in work, or the job stops."""
        with self._changed:
            while self._used and self._used + need > self._budget and not given_up():
                self._changed.wait(_TICK_S)
            self._used += need
        try:
            yield
        finally:
            with self._changed:
                self._used -= need
                self._changed.notify_all()


def memory_of(task: Task) -> int:
    """Return about how many bytes a task takes beside the buffers that are used again."""
    return 0 if isinstance(task, Copy) else _of_segment(task.segment)


def memory_of_factor(expr: Factor) -> int:
    """Return about how many bytes it takes to work out both sides of a tensor."""
    return prod(expr.of.shape) * _FP32_BYTES * _FACTOR_COPIES


def _of_segment(segment: Segment) -> int:
    match segment:
        case Converted(of):
            return sum(map(_of_segment, of))
        case Mixed(Factor() as factor):
            return memory_of_factor(factor)
        case Mixed(expr, start, stop) if step_of(expr) > SLICE_VALUES:
            values = stop - start
            return values * _FP32_BYTES * (_inputs(expr) + _OWN_COPIES)
        case _:
            return 0


def _inputs(expr: object) -> int:
    """Return how many tensors of its size an expression holds at once."""
    match expr:
        case Blend(_, inputs):
            return len(inputs)
        case AddAdapter(of):
            return _inputs(of) + 1
        case _:
            return 1


def most_memory(rows: Sequence[PlannedTensor]) -> int:
    """Return about how much memory whole tensors take at most while rows are computed."""
    largest = max((_largest(row.expr) for row in rows), default=0)
    return largest if largest > BUDGET else min(2 * largest, BUDGET)


def _largest(expr: Expr) -> int:
    """Return the bytes that the largest computed tensor of an expression takes."""
    own = 0
    if isinstance(expr, Computed) and step_of(expr) > SLICE_VALUES:
        own = _of_segment(Mixed(expr, 0, min(step_of(expr), prod(expr.shape))))
    return max((own, *map(_largest, parts_of(expr))))
