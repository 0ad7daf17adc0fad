"""What a merge makes of each part, for people: sources, sizes, types."""

from collections.abc import Mapping
from pathlib import Path

from ckpt_studio.core.expr import AddAdapter, Blend, reads
from ckpt_studio.core.plan import PartSummary, PlannedTensor
from ckpt_studio.core.rewriting import every_part_of
from ckpt_studio.core.tensors import TensorInfo


def part_summaries(
    paths: tuple[Path, ...], rows: list[PlannedTensor], tensors: Mapping[str, TensorInfo]
) -> tuple[PartSummary, ...]:
    """Return each part of a merge: the files it comes from, by source, and what is computed."""
    groups: dict[str, list[PlannedTensor]] = {}
    for row in rows:
        groups.setdefault(row.part, []).append(row)
    return tuple(_summary(part, paths, group, tensors) for part, group in groups.items())


def _summary(
    part: str,
    paths: tuple[Path, ...],
    rows: list[PlannedTensor],
    tensors: Mapping[str, TensorInfo],
) -> PartSummary:
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for row in rows:
        was = tensors.get(row.name)
        if was is not None:
            before[was.dtype.label] = before.get(was.dtype.label, 0) + was.nbytes
        after[row.dtype.label] = after.get(row.dtype.label, 0) + row.nbytes
    size = sum(row.nbytes for row in rows)
    used = sorted({leaf.source for row in rows for leaf in reads(row.expr)}) or [0]
    return PartSummary(
        part=part or "other",
        source=paths[used[0]],
        tensors=len(rows),
        bytes=size,
        dtype_before=before,
        dtype_after=after,
        others=tuple(paths[source] for source in used[1:]),
        computed=sum(map(_is_computed, rows)),
    )


def _is_computed(row: PlannedTensor) -> bool:
    return any(isinstance(each, Blend | AddAdapter) for each in every_part_of(row.expr))
