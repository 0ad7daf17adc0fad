"""Carry out a plan: stream every byte into a new file that takes its place when it is complete."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.plan import OnOverflow, OverflowCount, Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.engine.keeping import keep_old_precision
from ckpt_studio.engine.overflow import overflow_counts, overflow_error
from ckpt_studio.engine.preparing import prepared
from ckpt_studio.engine.saving import Attempt, Saving
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.formats.files import Files

__all__ = ["WriteOptions", "write", "write_together"]


def write(
    plan: Plan,
    options: WriteOptions | None = None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
    files: Files | None = None,
) -> Report:
    """Write the file that a plan describes. The target is the old file or the complete new one.

    A set of files is written as one: all of them are there at the end, or none.

    Progress and cancel are served from the calling thread, about twenty times a second.

    Raises:
        PlanError: the plan has an error, or no output.
        SourceChangedError: a source is not what it was when the plan was made.
        OverflowFoundError: values do not fit and the plan says that this is an error.
        WriteError: the system refused; the message says why.
        VerifyError: what was written does not read back.
        Cancelled: the token was raised. Nothing is left behind, as after every error.
    """
    (report,) = write_together((plan,), options, progress=progress, cancel=cancel, files=files)
    return report


def write_together(
    plans: Sequence[Plan],
    options: WriteOptions | None = None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
    files: Files | None = None,
) -> list[Report]:
    """Write several plans in step, so that what they have in common is read from the disk once.

    None of the files takes its place before all are complete. Only one plan may be a set of files.

    Raises:
        PlanError: as ``write``, and where a set of files is among several plans.
        CkptStudioError: as ``write``.
        Cancelled: the token was raised. Nothing is left behind, as after every error.
    """
    started = monotonic()
    cancel = cancel or CancelToken()
    options = options or WriteOptions()
    outputs = [_require_ready(plan) for plan in plans]
    if len(plans) > 1 and any(plan.files for plan in plans):
        raise PlanError("Sets of files are written one at a time.", "Write files without shards.")
    ready = [prepared(plan, options.threads, progress, cancel) for plan in plans]
    saving = Saving(options, progress, cancel, files or Files())
    found = _attempt(saving, ready, outputs)
    counts = [overflow_counts(plan, tally) for plan, (_, tally) in zip(ready, found, strict=True)]
    for plan, lost in zip(ready, counts, strict=True):
        if lost and plan.on_overflow is OnOverflow.ERROR:
            raise overflow_error(plan, lost)
    kept = [tuple(each.name for each in lost) for lost in counts]
    reports = [report for report, _ in found]
    if None in reports:
        again = map(keep_old_precision, ready, kept)
        reports = [report for report, _ in _attempt(saving, list(again), outputs)]
    else:
        kept = [() for _ in plans]
    seconds = monotonic() - started
    return [
        _finished(plan, report, lost, names, seconds)
        for plan, report, lost, names in zip(ready, reports, counts, kept, strict=True)
    ]


def _attempt(saving: Saving, plans: Sequence[Plan], outputs: Sequence[Path]) -> list[Attempt]:
    if len(plans) == 1:
        return [saving.attempt(plans[0], outputs[0])]
    return saving.together(list(zip(plans, outputs, strict=True)))


def _finished(
    plan: Plan,
    report: Report | None,
    counts: tuple[OverflowCount, ...],
    kept: tuple[str, ...],
    seconds: float,
) -> Report:
    if report is None:
        raise overflow_error(plan, counts)
    return replace(report, overflowed=counts, kept=kept, seconds=seconds)


def _require_ready(plan: Plan) -> Path:
    if plan.errors:
        raise PlanError(plan.errors[0].message, plan.errors[0].hint)
    if plan.output is None:
        raise PlanError("The plan says nowhere to write to", "Choose an output file.")
    return plan.output
