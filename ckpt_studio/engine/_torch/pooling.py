"""The first pass of methods that need statistics of the whole model (``merging.md`` 2.3)."""

from collections.abc import Callable, Sequence

import torch

from ckpt_studio.core.expr import Blend
from ckpt_studio.engine._torch.casting import Caster
from ckpt_studio.engine._torch.computing import Computer
from ckpt_studio.engine._torch.methods import pooled, statistics
from ckpt_studio.engine._torch.stopping import stop_when
from ckpt_studio.engine.pool import Meter
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.stepping import SLICE_VALUES

Numbered = tuple[int, Blend]
Found = tuple[int, torch.Tensor]


class Pooler:
    """Takes the statistics of one blend after the other in one thread."""

    def __init__(self, sources: Sources, meter: Meter, given_up: Callable[[], bool]) -> None:
        stop_when(given_up)
        self._meter = meter
        self._computer = Computer(sources, Caster(SLICE_VALUES).convert_view)

    def __call__(self, item: Numbered) -> Found:
        """Return the number of a blend and its statistics, 1-D."""
        number, blend = item
        inputs = [self._computer.tensor(part) for part in blend.inputs]
        found = statistics(blend.method, inputs, dict(blend.parameters))
        self._meter.add(sum(part.numel() for part in inputs) * 4, blend.key)
        return number, found


def pooled_numbers(method: str, found: Sequence[torch.Tensor]) -> dict[str, float]:
    """Return what a method wants to know of the statistics of all tensors, by parameter."""
    return dict(pooled(method, list(found)))
