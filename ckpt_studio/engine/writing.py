"""Carry out a plan: stream every byte into a new file that takes its place when it is complete."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from ckpt_studio.core.errors import PlanError, WriteError
from ckpt_studio.core.expr import reads
from ckpt_studio.core.plan import OnOverflow, Plan, Report, casts
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.engine.copying import write_all
from ckpt_studio.engine.exchange import existing
from ckpt_studio.engine.file_set import FileSet
from ckpt_studio.engine.filling import Check, Filler, Job
from ckpt_studio.engine.flushing import Flusher
from ckpt_studio.engine.followers import Followers, Original, Sums
from ckpt_studio.engine.following import Watermark
from ckpt_studio.engine.hashing import AUTOV2_DIGITS, AUTOV3_DIGITS
from ckpt_studio.engine.image import Image, image_of
from ckpt_studio.engine.keeping import keep_old_precision
from ckpt_studio.engine.overflow import invalid_numbers, overflow_counts, overflow_error
from ckpt_studio.engine.pool import Meter, Pool, thread_count
from ckpt_studio.engine.preparing import prepared
from ckpt_studio.engine.reasons import write_error
from ckpt_studio.engine.same_data import data_hash, with_same_data
from ckpt_studio.engine.sharing import Shared, share
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.tally import Tally
from ckpt_studio.engine.target import Target, TargetMaker
from ckpt_studio.engine.tasks import Task, limited, tasks_of
from ckpt_studio.engine.torch_start import TorchStart
from ckpt_studio.engine.verify import ReadBack, Written, check_archive, check_header
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.shown import shown_name


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What else to do: hashes of the result, reading it back; ``threads`` 0 is one a core.

    ``keep_date`` gives the result the date of the first source. ``known_data`` is the SHA-256 of
    the data of a source that keeps them, where it is known; it need not be taken again then.
    """

    hashes: bool = False
    verify: bool = False
    threads: int = 0
    keep_date: bool = False
    known_data: str = ""


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
    started = monotonic()
    output = _require_ready(plan)
    plan = prepared(plan, (options or WriteOptions()).threads, progress, cancel or CancelToken())
    saving = _Saving(options or WriteOptions(), progress, cancel or CancelToken(), files or Files())
    report, tally = saving.attempt(plan, output)
    counts = overflow_counts(plan, tally)
    if counts and plan.on_overflow is OnOverflow.ERROR:
        raise overflow_error(plan, counts)
    if report is None:
        kept = tuple(count.name for count in counts)
        report, _ = saving.attempt(keep_old_precision(plan, kept), output)
        if report is None:
            raise overflow_error(plan, counts)
        report = replace(report, kept=kept)
    return replace(report, overflowed=counts, seconds=monotonic() - started)


def _require_ready(plan: Plan) -> Path:
    if plan.errors:
        raise PlanError(plan.errors[0].message, plan.errors[0].hint)
    if plan.output is None:
        raise PlanError("The plan says nowhere to write to", "Choose an output file.")
    return plan.output


@dataclass(frozen=True, slots=True)
class _Pass:
    """One attempt at a plan: what the file will be, the open sources and the new file."""

    plan: Plan
    image: Image
    sources: Sources
    target: Target
    torch: TorchStart | None


@dataclass(frozen=True, slots=True)
class _Saving:
    """How to save: the same for every attempt."""

    options: WriteOptions
    progress: ProgressCallback
    cancel: CancelToken
    files: Files
    make_target: TargetMaker = Target

    def attempt(self, plan: Plan, output: Path) -> tuple[Report | None, Tally]:
        """Write the file or the set; without a report when overflow was found and counted."""
        if plan.files:
            one, verify = self._one_of_a_set, self.options.verify
            return FileSet(one, self.progress, self.cancel, self.files, verify).attempt(plan)
        image = image_of(plan)
        try:
            return self._with_sources(plan, output, image)
        except OSError as problem:
            free = self.files.free_bytes(existing(self.files, output.parent))
            raise write_error(problem, output, image.size, free) from problem
        except MemoryError as problem:
            raise WriteError(
                f"There is not enough memory to write {shown_name(output)}",
                "Nothing was saved. Close other programs and try again.",
            ) from problem

    def _one_of_a_set(
        self, plan: Plan, output: Path, make_target: TargetMaker, progress: ProgressCallback
    ) -> tuple[Report | None, Tally]:
        return replace(self, make_target=make_target, progress=progress).attempt(plan, output)

    def _with_sources(self, plan: Plan, output: Path, image: Image) -> tuple[Report | None, Tally]:
        used = {
            (leaf.source, leaf.tensor.shard) for row in plan.tensors for leaf in reads(row.expr)
        }
        sources = Sources(plan.sources, sorted(used), self.files)
        try:
            target = self.make_target(self.files, output, overwrite=plan.overwrite)
            torch = TorchStart() if plan.computes else None
            try:
                return self._write(_Pass(plan, image, sources, target, torch))
            finally:
                target.discard()
                if torch:
                    torch.finish()
        finally:
            sources.close()

    def _write(self, work: _Pass) -> tuple[Report | None, Tally]:
        plan, target = work.plan, work.target
        write_all(self.files, target.file, work.image.head, 0)
        copies, others = tasks_of(plan.tensors, work.image.starts)
        shared = Shared(left=tuple(copies))
        if not self.options.verify:  # which is for a copy that does not lie in the same blocks
            shared = share(self.files, work.sources, target.file, copies)
        with Followers(
            self.files,
            target.file,
            work.image,
            hashes=self.options.hashes,
            original=self._original(work, shared),
        ) as followers:
            tally, checks = self._fill(work, followers.mark, shared, others)
            if tally.overflowed() and plan.on_overflow is not OnOverflow.CLAMP:
                return None, tally
            sums = followers.finish(self.progress, self.cancel)
        data = data_hash(plan, sums, self.options.known_data)
        target.settle(plan.sources[0].files[0].signature.mtime_ns if self._keeps_date(plan) else 0)
        self._check(work, checks, followers.crcs)
        work.sources.check()
        self.cancel.raise_if_cancelled()
        work.sources.close()
        target.commit()
        report = self._report(work, tally, sums)
        return with_same_data(replace(report, shared=shared.nbytes), plan, data), tally

    def _original(self, work: _Pass, shared: Shared) -> Original | None:
        """Return the source whose data have to be compared: in shared blocks they are one."""
        known = self.options.known_data or shared.nbytes
        if not work.plan.same_data or known or not work.plan.data_bytes:
            return None
        return Original(work.sources[0, 0], work.plan.sources[0].header_bytes)

    def _keeps_date(self, plan: Plan) -> bool:
        return self.options.keep_date and bool(plan.sources)

    def _fill(
        self, work: _Pass, mark: Watermark, shared: Shared, others: list[Task]
    ) -> tuple[Tally, list[Check]]:
        meter = Meter(work.plan.data_bytes, "Writing")
        for start, stop in shared.ranges:
            mark.complete(start, stop)
            meter.add(stop - start, "")
        self.progress(meter.snapshot())
        size = work.image.size - shared.nbytes
        with Flusher(self.files, work.target.file, size) as flusher:
            job = Job(
                files=self.files,
                file=work.target.file,
                sources=work.sources,
                rows=work.plan.tensors,
                on_overflow=work.plan.on_overflow,
                meter=meter,
                flusher=flusher,
                mark=mark,
                torch=work.torch,
                checks=[] if self.options.verify else None,
            )
            pool: Pool[Task] = Pool(lambda: Filler(job), stop=flusher.stop)
            job.given_up = lambda: pool.stopping
            threads = thread_count(self.options.threads)
            tasks = [*limited(shared.left), *others]
            pool.run(tasks, threads, meter, self.progress, self.cancel)
            flusher.raise_problem()
        return job.tally, job.checks or []

    def _check(self, work: _Pass, checks: list[Check], crcs: Sequence[int]) -> None:
        plan, target = work.plan, work.target
        written = Written(self.files, target.file, target.path)
        check_header(written, plan.tensors, plan.metadata, work.image)
        if work.image.archive:
            check_archive(written, work.image.archive, crcs)
        if self.options.verify:
            threads = thread_count(self.options.threads)
            readback = ReadBack(written, plan.tensors, threads, self.progress, self.cancel)
            readback.check(checks)

    def _report(self, work: _Pass, tally: Tally, sums: Sums) -> Report:
        rows = work.plan.tensors
        converted = sum(casts(row.expr) for row in rows)
        return Report(
            path=work.plan.output or work.target.path,
            bytes=work.image.size,
            seconds=0.0,
            sha256=sums.whole,
            autov2=sums.whole and sums.whole[:AUTOV2_DIGITS],
            autov3=sums.data and sums.data[:AUTOV3_DIGITS],
            data_sha256=sums.data,
            flushed=tally.flushed,
            converted=converted,
            copied=len(rows) - converted,
            verified=self.options.verify,
            problems=(*work.target.problems, *invalid_numbers(rows, tally)),
        )
