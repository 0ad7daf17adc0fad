"""A planned file as if it was open already, so that it can be looked at before it is written."""

from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.families import architecture
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.recognition import FoundPart, Opened, Recognition
from ckpt_studio.core.tensors import TensorInfo


def planned_table(plan: Plan) -> Opened:
    """Return the table of tensors that a plan will write, with the part of each tensor.

    Offsets count from the start of the file, as if its header had the planned length. Where files
    of a set hold tensors of one name, the names begin with the file.
    """
    plan = _told_apart(plan)
    tensors, offset = {}, plan.header_bytes
    for row in plan.tensors:
        tensors[row.name] = TensorInfo(row.name, row.dtype, row.shape, offset, row.nbytes)
        offset += row.nbytes
    checkpoint = Checkpoint(
        path=plan.output or Path(),
        container=plan.container,
        files=(),
        header_bytes=plan.header_bytes,
        tensors=tensors,
        metadata=plan.metadata,
    )
    return Opened(checkpoint, _recognition(plan))


def _told_apart(plan: Plan) -> Plan:
    if len({row.name for row in plan.tensors}) == len(plan.tensors):
        return plan
    rows = (replace(row, name=f"{row.file}: {row.name}") for row in plan.tensors)
    return replace(plan, tensors=tuple(rows))


def _recognition(plan: Plan) -> Recognition:
    family = architecture.family(plan.target) if plan.target else None
    rows: dict[str, list[PlannedTensor]] = {}
    for row in plan.tensors:
        rows.setdefault(row.part, []).append(row)
    return Recognition(
        architecture=family.id if family else None,
        name=family.name if family else "",
        kind="checkpoint",
        prediction=family.prediction if family else None,
        evidence=("planned from its sources",),
        parts=tuple(_part(name, tuple(some)) for name, some in rows.items() if name),
        other=tuple(row.name for row in rows.get("", ())),
    )


def _part(name: str, rows: tuple[PlannedTensor, ...]) -> FoundPart:
    return FoundPart(
        part=name,
        component=name,
        architecture=None,
        form="checkpoint",
        prefix="",
        tensors={row.name: row.expr for row in rows},
        names=tuple(row.name for row in rows),
        missing=(),
        unexpected=(),
        evidence="planned",
    )
