"""The first pass of LoRAs whose ranks follow from a share of energy."""

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from ckpt_studio.core.expr import Factor
from ckpt_studio.core.lora.factoring import plain_loras
from ckpt_studio.engine._torch.casting import Caster
from ckpt_studio.engine._torch.computing import Computer
from ckpt_studio.engine._torch.factors import in_subspace
from ckpt_studio.engine._torch.stopping import stop_when
from ckpt_studio.engine.memory_gate import MemoryGate, memory_of_factor
from ckpt_studio.engine.stepping import SLICE_VALUES

if TYPE_CHECKING:
    from ckpt_studio.engine.streaming import Bench


class Ranker:
    """Tells of one factor after the other which rank holds the share, in one thread."""

    def __init__(self, bench: "Bench", gate: MemoryGate, share: float) -> None:
        self._bench = bench
        self._gate = gate
        self._share = share
        stop_when(bench.stopping)
        self._computer = Computer(bench.sources, Caster(SLICE_VALUES).convert_view)

    def __call__(self, expr: Factor) -> tuple[str, int]:
        """Return the name of a factor's tensor and the rank, at most that of the factor."""
        with self._gate.room(memory_of_factor(expr), self._bench.stopping):
            found = self._computer.factors(replace(expr, exact=False))
        self._bench.meter.add(prod(expr.of.shape), expr.key)
        rank = found.rank_for(self._share)
        rows, columns = expr.of.shape[0], prod(expr.of.shape[1:])
        if rank and plain_loras(expr.of) is None and in_subspace(rank, rows, columns):
            # The subspace of this rank is smaller than the one here and finds a little less.
            rank = min(rank + 1, expr.rank)
        return expr.key, rank
