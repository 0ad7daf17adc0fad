"""What has to be known of the sources' contents before the first byte of a result is written."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from ckpt_studio.core.expr import Blend, reads
from ckpt_studio.core.merging.methods import METHODS, Reach
from ckpt_studio.core.merging.pending import AUTOV1, AUTOV3, filled, pending_sources
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.rewriting import blends_of, mapped
from ckpt_studio.engine.hash_cache import HashCache
from ckpt_studio.engine.hashing import AUTOV3_DIGITS, Hashes
from ckpt_studio.engine.streaming import Bench, Reading, stream

_TWO_PASSES = frozenset(spec.id for spec in METHODS if spec.reach is Reach.MODEL)
_FP32_BYTES = 4


def prepared(plan: Plan, threads: int, progress: ProgressCallback, cancel: CancelToken) -> Plan:
    """Return the plan with hashes of sources and statistics of models filled in.

    Raises:
        FormatError: a source cannot be read.
        SourceChangedError: it changed since it was opened.
        Cancelled: the token was raised.
    """
    return _with_statistics(with_hashes(plan, progress, cancel), threads, progress, cancel)


def with_hashes(plan: Plan, progress: ProgressCallback, cancel: CancelToken) -> Plan:
    """Return the plan with the hashes of sources that its metadata name."""
    wanted = pending_sources(plan.metadata, len(plan.sources))
    if not wanted:
        return plan
    cache = HashCache()
    found: dict[int, Hashes | None] = {}
    for source in sorted(wanted):
        path = plan.sources[source].path
        known = None if path.is_dir() else cache.hashes(path, progress=progress, cancel=cancel)
        found[source] = known
    return _filled(plan, found)


def with_known_hashes(plan: Plan) -> Plan:
    """Return the plan with hashes of sources that were taken before; nothing is read."""
    wanted = pending_sources(plan.metadata, len(plan.sources))
    cache = HashCache()
    files = {source: plan.sources[source].path for source in wanted}
    known = {source: cache.known(path) for source, path in files.items() if not path.is_dir()}
    found = {source: hashes for source, hashes in known.items() if hashes is not None}
    return _filled(plan, found) if found else plan


def _filled(plan: Plan, found: Mapping[int, Hashes | None]) -> Plan:
    """Fill in what is known; None is a source without a hash, such as a folder."""

    def hash_of(kind: str, source: int) -> str | None:
        if source not in found:
            return None
        hashes = found[source]
        if hashes is None:
            return ""
        if kind == AUTOV3:
            return (hashes.autov3 or "")[:AUTOV3_DIGITS]
        return (hashes.autov1 or "") if kind == AUTOV1 else hashes.sha256

    return replace(plan, metadata=filled(plan.metadata, hash_of))


def _with_statistics(
    plan: Plan, threads: int, progress: ProgressCallback, cancel: CancelToken
) -> Plan:
    found = (blend for row in plan.tensors for blend in blends_of(row.expr))
    blends = tuple(dict.fromkeys(blend for blend in found if blend.method in _TWO_PASSES))
    if not blends:
        return plan
    numbers = _pooled(plan, blends, threads, progress, cancel)

    def complete(blend: Blend) -> Blend:
        if blend.method not in _TWO_PASSES:
            return blend
        return replace(
            blend, parameters=tuple(sorted({**dict(blend.parameters), **numbers}.items()))
        )

    rows = tuple(replace(row, expr=mapped(row.expr, blend=complete)) for row in plan.tensors)
    return replace(plan, tensors=rows)


def _pooled(
    plan: Plan,
    blends: tuple[Blend, ...],
    threads: int,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> dict[str, float]:
    """Return the numbers that a method takes from all tensors together."""
    found: dict[int, Any] = {}
    reading = Reading(
        plan.sources,
        {(leaf.source, leaf.tensor.shard) for blend in blends for leaf in reads(blend)},
        sum(len(blend.inputs) * prod(blend.shape) * _FP32_BYTES for blend in blends),
        *("Looking at all tensors", threads, progress, cancel),
    )

    def work(bench: Bench) -> Callable[[tuple[int, Blend]], tuple[int, Any]]:
        from ckpt_studio.engine._torch.pooling import Pooler  # noqa: PLC0415 - loads torch

        return Pooler(bench.sources, bench.meter, bench.stopping)

    def keep(item: tuple[int, Any]) -> None:
        found[item[0]] = item[1]

    stream(reading, list(enumerate(blends)), work, keep)
    from ckpt_studio.engine._torch.pooling import pooled_numbers  # noqa: PLC0415 - loads torch

    return pooled_numbers(blends[0].method, [found[number] for number in range(len(blends))])
