"""Find the ranks that keep a share of the energy of every module of a LoRA (``merging.md`` 4.3)."""

from collections.abc import Callable
from dataclasses import replace
from math import prod

from ckpt_studio.core.expr import Cast, Factor, reads
from ckpt_studio.core.lora.recipes import LoraRecipe, ResizeLora
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.engine.memory_gate import MemoryGate
from ckpt_studio.engine.opening import Library
from ckpt_studio.engine.planning import plan
from ckpt_studio.engine.streaming import Bench, Reading, stream


def with_ranks(
    recipe: LoraRecipe,
    library: Library | None = None,
    *,
    threads: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> LoraRecipe:
    """Return the recipe with the ranks that its energy takes; without energy it is returned as is.

    Reads all sources once. The ranks are at most those of the recipe.

    Raises:
        PlanError: as ``plan``.
        FormatError: a source is damaged.
        SourceChangedError: a file is not what it was when it was opened.
        Cancelled: the token was raised.
    """
    if recipe.energy is None or recipe.ranks or not 0 < recipe.energy <= 1:
        return recipe
    whole = recipe.merge if isinstance(recipe, ResizeLora) else recipe
    wide = plan(replace(whole, energy=None), library)
    inner = (row.expr.of if isinstance(row.expr, Cast) else row.expr for row in wide.tensors)
    factors = [expr for expr in inner if isinstance(expr, Factor) and expr.side == "up"]
    factors.sort(key=lambda expr: -prod(expr.of.shape))  # the last ones end together
    reading = Reading(
        wide.sources,
        {(leaf.source, leaf.tensor.shard) for expr in factors for leaf in reads(expr)},
        sum(prod(expr.of.shape) for expr in factors),
        *("Looking for the ranks", threads, progress, cancel or CancelToken()),
    )
    gate, share, ranks = MemoryGate(), recipe.energy, dict[str, int]()

    def work(bench: Bench) -> Callable[[Factor], tuple[str, int]]:
        from ckpt_studio.engine._torch.ranking import Ranker  # noqa: PLC0415 - loads torch

        return Ranker(bench, gate, share)

    stream(reading, factors, work, lambda found: ranks.update([found]))
    return replace(recipe, ranks={name: ranks[name] for name in sorted(ranks)})
