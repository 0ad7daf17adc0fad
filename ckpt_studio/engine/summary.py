"""What a file, a plan and a report say, as plain JSON objects with fixed keys.

The keys are an interface that scripts rely on; they are listed in ``docs/command-line.md``.
"""

import math
from collections.abc import Iterable
from typing import Any

from ckpt_studio.core.blocks import block_of
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.duration_estimate import seconds
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.expr import operation, reads
from ckpt_studio.core.plan import Coverage, Plan, PlannedTensor, Report, Retained, source_names
from ckpt_studio.core.problems import Problem
from ckpt_studio.core.recognition import FoundPart, Opened
from ckpt_studio.core.tensors import TensorInfo

Json = dict[str, Any]

_EXAMPLES = 10


def inspection(opened: Opened, *, tensors: bool = False) -> Json:
    """Return what is in a file; with ``tensors`` also one row for each tensor, in file order."""
    checkpoint, found = opened.checkpoint, opened.recognition
    summary: Json = {
        "file": str(checkpoint.path),
        "container": checkpoint.container,
        "bytes": checkpoint.size,
        "header_bytes": checkpoint.header_bytes,
        "tensors": len(checkpoint.tensors),
        "parameters": checkpoint.parameters,
        "dtypes": _dtypes(checkpoint.tensors.values()),
        "architecture": found.architecture,
        "architecture_name": found.name,
        "kind": found.kind,
        "evidence": list(found.evidence),
        "prediction": found.prediction,
        "parts": [_found_part(checkpoint, part) for part in found.parts],
        "other": {
            "tensors": len(found.other),
            "bytes": sum(checkpoint.tensors[name].nbytes for name in found.other),
            "examples": list(found.other[:_EXAMPLES]),
        },
        "metadata": dict(checkpoint.metadata),
        "problems": problems((*checkpoint.problems, *found.problems)),
    }
    if tensors:
        summary["tensor_table"] = _tensor_table(opened)
    return summary


def planned(plan: Plan, report: Report | None = None) -> Json:
    """Return what a plan will write and, once it is written, what came of it."""
    summary: Json = {
        "target": plan.target,
        "output": None if plan.output is None else str(plan.output),
        "container": plan.container.value,
        "set": [
            *(
                {"file": name, "tensors": len(rows), "data_bytes": sum(r.nbytes for r in rows)}
                for name, rows in plan.files.items()
            ),
            *(
                {"file": name, "tensors": 0, "data_bytes": len(text.encode())}
                for name, text in plan.texts.items()
            ),
        ],
        "bytes": plan.bytes,
        "header_bytes": plan.header_bytes,
        "peak_memory_bytes": plan.peak_memory_bytes,
        "free_bytes": plan.free_bytes,
        "expected_seconds": round(seconds(plan), 1),
        "parts": [
            {
                "part": part.part,
                "source": None if part.source is None else str(part.source),
                "others": list(map(str, part.others)),
                "computed": part.computed,
                "tensors": part.tensors,
                "dtype_before": dict(part.dtype_before),
                "dtype_after": dict(part.dtype_after),
                "bytes": part.bytes,
            }
            for part in plan.parts
        ],
        "tensors": [_planned_tensor(plan, row) for row in plan.tensors],
        "missing": list(plan.missing),
        "dropped": [{"name": gone.name, "reason": gone.reason} for gone in plan.dropped],
        "added": list(plan.added),
        "same_data": plan.same_data,
        "metadata": dict(plan.metadata),
        "problems": problems(plan.problems),
    }
    if plan.coverage is not None:
        summary["coverage"] = _coverage(plan.coverage)
    if report is not None:
        summary["report"] = reported(report)
    return summary


def _coverage(coverage: Coverage) -> Json:
    return {
        "tensors": coverage.total,
        "merged": coverage.merged,
        "copied": coverage.copied,
        "taken": coverage.taken,
        "only_in_others": list(coverage.only_in_others),
        "adapters": [
            {
                "file": str(each.source),
                "kinds": list(each.kinds),
                "touched": each.touched,
                "unmatched": list(each.unmatched),
                "skipped": list(each.skipped),
            }
            for each in coverage.adapters
        ],
    }


def reported(report: Report) -> Json:
    """Return what was written."""
    return {
        "output": str(report.path),
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "sha256": report.sha256,
        "autov2": report.autov2,
        "autov3": report.autov3,
        "autov3_before": report.autov3_before,
        "shared_bytes": report.shared,
        "overflowed": [
            {"name": row.name, "count": row.count, "max_abs": _finite(row.max_abs)}
            for row in report.overflowed
        ],
        "flushed": report.flushed,
        "converted": report.converted,
        "copied": report.copied,
        "kept": list(report.kept),
        "verified": report.verified,
        "retained": [{"name": each.key, "share": round(each.share, 6)} for each in report.retained],
        "retained_share": _retained(report),
        "problems": problems(report.problems),
        "set": [
            {
                "file": str(file.path),
                "bytes": file.bytes,
                "sha256": file.sha256,
                "autov2": file.autov2,
                "autov3": file.autov3,
            }
            for file in report.files
        ],
    }


def _retained(report: Report) -> float | None:
    """Return what ranks hold of all changes together, None where nothing was decomposed."""
    if not report.retained:
        return None
    kept = sum(each.kept for each in report.retained)
    total = sum(each.total for each in report.retained)
    return round(Retained("", kept, total).share, 6)


def problems(found: Iterable[Problem]) -> list[Json]:
    """Return problems as objects."""
    return [
        {"severity": str(problem.severity), "message": problem.message, "hint": problem.hint}
        for problem in found
    ]


def failure(error: CkptStudioError) -> Json:
    """Return an error as an object."""
    return {"kind": error.kind, "message": error.message, "hint": error.hint}


def _found_part(checkpoint: Checkpoint, part: FoundPart) -> Json:
    return {
        "part": part.part,
        "architecture": part.architecture,
        "form": part.form,
        "prefix": part.prefix,
        "tensors": len(part.names),
        "parameters": part.parameters(checkpoint),
        "bytes": part.bytes(checkpoint),
        "dtypes": _dtypes(checkpoint.tensors[name] for name in part.names),
        "missing": list(part.missing),
        "unexpected": list(part.unexpected),
        "evidence": part.evidence,
    }


def _dtypes(tensors: Iterable[TensorInfo]) -> Json:
    """Count tensors, parameters and bytes of each element type, the largest first."""
    counts: dict[str, list[int]] = {}
    for tensor in tensors:
        count = counts.setdefault(tensor.dtype.label, [0, 0, 0])
        count[0] += 1
        count[1] += tensor.parameters
        count[2] += tensor.nbytes
    return {
        label: {"tensors": number, "parameters": parameters, "bytes": size}
        for label, (number, parameters, size) in sorted(
            counts.items(), key=lambda item: -item[1][2]
        )
    }


def _tensor_table(opened: Opened) -> list[Json]:
    part_of = opened.recognition.part_of()
    return [
        {
            "name": tensor.name,
            "dtype": tensor.dtype.label,
            "shape": list(tensor.shape),
            "part": part_of.get(tensor.name),
            "block": block_of(tensor.name),
            "bytes": tensor.nbytes,
            "offset": tensor.offset,
        }
        for tensor in opened.checkpoint.tensors.values()
    ]


def _planned_tensor(plan: Plan, row: PlannedTensor) -> Json:
    leaves = reads(row.expr)
    return {
        "name": row.name,
        "dtype": row.dtype.label,
        "shape": list(row.shape),
        "part": row.part,
        "source": str(plan.sources[leaves[0].source].path) if leaves else None,
        "source_names": list(source_names(row.expr)),
        "op": operation(row.expr),
        "file": row.file or None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
