"""What statistics, findings, comparisons and saved arrays say, as JSON objects with fixed keys.

The keys are an interface that scripts rely on; they are listed in ``docs/command-line.md``.
"""

import math
from collections.abc import Iterable, Iterator

from ckpt_studio.core.comparison.comparing import ComparedTensor, Comparison, Side
from ckpt_studio.core.comparison.differences import Difference, TensorDifference, by_block
from ckpt_studio.core.comparison.verdict import part_verdicts, verdict
from ckpt_studio.core.fixes import Fix
from ckpt_studio.core.health import Finding
from ckpt_studio.core.metadata import RemoveKeys
from ckpt_studio.core.statistics import LOWEST, Histogram, TensorStatistics, Values, together
from ckpt_studio.engine.npy_saving import SavedArray
from ckpt_studio.engine.summary import Json


def statistics_summary(statistics: Iterable[TensorStatistics]) -> Json:
    """Return the statistics of tensors, and of all of them but codes as if they were one."""
    statistics = tuple(statistics)
    return {
        "together": _values(together(statistics)),
        "tensors": [
            {
                "name": one.name,
                "dtype": one.dtype.label,
                "codes": one.codes,
                **(_values(one.values) if one.values is not None else {}),
            }
            for one in statistics
        ],
    }


def _values(values: Values) -> Json:
    moments = values.moments
    known = moments.finite > 0
    return {
        "count": values.count,
        "min": _finite(moments.low) if known else None,
        "max": _finite(moments.high) if known else None,
        "mean": _finite(moments.mean) if known else None,
        "std": _finite(moments.std),
        "max_abs": _finite(moments.largest),
        "zeros": values.zeros,
        "nan": values.nans,
        "infinite": values.infinities,
        "too_large": {kind.label: fit.too_large for kind, fit in values.misfits.items()},
        "too_small": {kind.label: fit.too_small for kind, fit in values.misfits.items()},
        "histogram": _histogram(values.histogram),
    }


def _histogram(histogram: Histogram) -> Json | None:
    """Return the bins from the first to the last that is not empty, None where all are."""
    if histogram.span is None:
        return None
    first, last = (exponent - LOWEST for exponent in histogram.span)
    return {
        "first_exponent": first + LOWEST,
        "negative": list(histogram.negative[first : last + 1]),
        "positive": list(histogram.positive[first : last + 1]),
    }


def findings_summary(findings: Iterable[Finding]) -> list[Json]:
    """Return what a health check found."""
    return [
        {
            "code": finding.problem.code,
            "severity": str(finding.problem.severity),
            "message": finding.problem.message,
            "hint": finding.problem.hint,
            "tensors": list(finding.problem.names),
            "fix": None
            if finding.fix is None
            else {"label": finding.fix.label, "options": list(fix_options(finding.fix))},
        }
        for finding in findings
    ]


def fix_options(fix: Fix) -> Iterator[str]:
    """Return the options of ``convert`` that do what a fix does."""
    for name in fix.drop:
        yield from ("--drop", name)
    if fix.prune:
        yield "--prune"
    if fix.fix_position_ids:
        yield "--fix-position-ids"
    for part, precision in fix.precision.items():
        yield from ("--dtype", precision.value if part == "*" else f"{part}={precision.value}")
    for edit in fix.edits:
        for key in sorted(edit.keys) if isinstance(edit, RemoveKeys) else ():
            yield from ("--set", f"{key}=")


def array_summary(saved: SavedArray) -> Json:
    """Return what was written to a ``.npy`` file."""
    return {
        "file": str(saved.path),
        "bytes": saved.bytes,
        "dtype": saved.layout.descr,
        "shape": list(saved.layout.shape),
        "widened": saved.layout.widened,
        "codes": saved.layout.codes,
    }


def comparison_summary(
    comparison: Comparison, differences: Iterable[TensorDifference] | None = None
) -> Json:
    """Return two files beside each other; with ``differences`` also how far values are apart."""
    found = None if differences is None else tuple(differences)
    by_tensor = {(one.tensor.part, one.tensor.name): one for one in found or ()}
    return {
        "a": str(comparison.a.checkpoint.path),
        "b": str(comparison.b.checkpoint.path),
        "verdict": list(verdict(comparison, found)),
        "counts": {str(state): number for state, number in comparison.counts.items()},
        "parts": _parts(comparison, found or ()),
        "blocks": [
            {"part": part, "block": block, **_difference(gap)}
            for (part, block), gap in by_block(found or ()).items()
        ],
        "tensors": [
            _compared(row, by_tensor.get((row.part, row.name))) for row in comparison.tensors
        ],
        "metadata": [
            {"key": key.key, "state": str(key.state), "a": key.a, "b": key.b}
            for key in comparison.metadata
        ],
    }


def _parts(comparison: Comparison, found: tuple[TensorDifference, ...]) -> list[Json]:
    verdicts = {part.part: part for part in part_verdicts(comparison, found)}
    summaries = []
    for part, rows in comparison.parts.items():
        states: dict[str, int] = {}
        for row in rows:
            states[str(row.state)] = states.get(str(row.state), 0) + 1
        known = verdicts.get(part)
        gap = known.difference if known else None
        summaries.append(
            {
                "part": part or None,
                "state": known.state.value if known else None,
                "tensors": len(rows),
                "counts": states,
                **(_difference(gap) if gap else {}),
            }
        )
    return summaries


def _compared(row: ComparedTensor, one: TensorDifference | None) -> Json:
    summary: Json = {
        "name": row.name,
        "part": row.part or None,
        "block": row.block or None,
        "state": str(row.state),
        "a": _side(row.a),
        "b": _side(row.b),
    }
    if one is not None:
        summary |= {"identical": one.identical, "same": one.same}
        summary |= _difference(one.difference) if one.difference is not None else {"codes": True}
    return summary


def _side(side: Side | None) -> Json | None:
    if side is None:
        return None
    return {"names": list(side.names), "dtype": side.dtype.label, "shape": list(side.shape)}


def _difference(gap: Difference) -> Json:
    return {
        "relative_l2": _finite(gap.relative),
        "cosine": gap.cosine if gap.cosine is None else _finite(gap.cosine),
        "max_abs": _finite(gap.largest),
        "invalid": gap.invalid,
        "invalid_a": gap.invalid_a,
        "invalid_b": gap.invalid_b,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
