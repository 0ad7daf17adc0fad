"""One attempt at writing a plan, or several plans in step: open, fill, check, commit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path

from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.expr import reads
from ckpt_studio.core.plan import OnOverflow, Plan, Report, casts
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.engine.copying import write_all
from ckpt_studio.engine.exchange import existing
from ckpt_studio.engine.file_set import FileSet
from ckpt_studio.engine.filling import Filler, Job
from ckpt_studio.engine.flushing import Flusher
from ckpt_studio.engine.followers import Followers, Original, Sums
from ckpt_studio.engine.hashing import AUTOV2_DIGITS, AUTOV3_DIGITS
from ckpt_studio.engine.image import Image, image_of
from ckpt_studio.engine.memory_gate import MemoryGate
from ckpt_studio.engine.overflow import invalid_numbers
from ckpt_studio.engine.pool import Meter, Pool, thread_count
from ckpt_studio.engine.reasons import write_error
from ckpt_studio.engine.same_data import data_hash, with_same_data
from ckpt_studio.engine.sharing import Shared, share
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.tally import Tally
from ckpt_studio.engine.target import Target, TargetMaker
from ckpt_studio.engine.tasks import Task, limited, tasks_of
from ckpt_studio.engine.torch_start import TorchStart
from ckpt_studio.engine.verify import ReadBack, Written, check_archive, check_header
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.shown import shown_name

Attempt = tuple[Report | None, Tally]
"""What was written, None when overflow was found and counted."""

_Step = tuple[int, Task]
"""A task of one of the plans, by the number of the plan."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """A plan being written: what the file will be, the open sources, the new file, who follows."""

    plan: Plan
    image: Image
    sources: Sources
    target: Target
    torch: TorchStart | None
    shared: Shared
    others: list[Task]
    followers: Followers

    @property
    def tasks(self) -> list[Task]:
        """Everything that is left to do."""
        return [*limited(self.shared.left), *self.others]


@dataclass(frozen=True, slots=True)
class Saving:
    """How to save: the same for every attempt."""

    options: WriteOptions
    progress: ProgressCallback
    cancel: CancelToken
    files: Files
    make_target: TargetMaker = Target

    def attempt(self, plan: Plan, output: Path) -> Attempt:
        """Write the file or the set; without a report when overflow was found and counted."""
        if plan.files:
            one, verify = self._one_of_a_set, self.options.verify
            return FileSet(one, self.progress, self.cancel, self.files, verify).attempt(plan)
        return self.together([(plan, output)])[0]

    def together(self, plans: Sequence[tuple[Plan, Path]]) -> list[Attempt]:
        """Write plans of one file each in step, so that what they have in common is read once.

        None of the files takes its place before all of them are complete.
        """
        output = plans[0][1]
        try:
            return self._written(plans)
        except OSError as problem:
            free = self.files.free_bytes(existing(self.files, output.parent))
            size = sum(image_of(each).size for each, _ in plans)
            raise write_error(problem, output, size, free, len(plans) - 1) from problem
        except MemoryError as problem:
            raise WriteError(
                f"There is not enough memory to write {shown_name(output)}",
                "Nothing was saved. Close other programs and try again.",
            ) from problem

    def _one_of_a_set(
        self, plan: Plan, output: Path, make_target: TargetMaker, progress: ProgressCallback
    ) -> Attempt:
        return replace(self, make_target=make_target, progress=progress).attempt(plan, output)

    def _written(self, plans: Sequence[tuple[Plan, Path]]) -> list[Attempt]:
        with ExitStack() as open_files:
            with ExitStack() as following:
                passes = [
                    following.enter_context(
                        self._following(open_files.enter_context(self._opened(plan, output)))
                    )
                    for plan, output in plans
                ]
                jobs = self._fill(passes)
                if any(map(_failed, passes, jobs)):
                    return [(None, job.tally) for job in jobs]
                sums = [each.followers.finish(self.progress, self.cancel) for each in passes]
            done = list(zip(passes, jobs, sums, strict=True))
            hashes = [self._settled(*each) for each in done]
            self.cancel.raise_if_cancelled()
            return [
                (self._committed(*each, data), each[1].tally)
                for each, data in zip(done, hashes, strict=True)
            ]

    @contextmanager
    def _opened(
        self, plan: Plan, output: Path
    ) -> Iterator[tuple[Plan, Image, Sources, Target, TorchStart | None]]:
        image = image_of(plan)
        used = {
            (leaf.source, leaf.tensor.shard) for row in plan.tensors for leaf in reads(row.expr)
        }
        sources = Sources(plan.sources, sorted(used), self.files)
        try:
            target = self.make_target(self.files, output, overwrite=plan.overwrite)
            torch = TorchStart() if plan.computes else None
            try:
                yield plan, image, sources, target, torch
            finally:
                target.discard()
                if torch:
                    torch.finish()
        finally:
            sources.close()

    @contextmanager
    def _following(
        self, opened: tuple[Plan, Image, Sources, Target, TorchStart | None]
    ) -> Iterator[_Pass]:
        plan, image, sources, target, torch = opened
        write_all(self.files, target.file, image.head, 0)
        copies, others = tasks_of(plan.tensors, image.starts)
        shared = Shared(left=tuple(copies))
        if not self.options.verify:  # which is for a copy that does not lie in the same blocks
            shared = share(self.files, sources, target.file, copies)
        with Followers(
            self.files,
            target.file,
            image,
            hashes=self.options.hashes,
            original=self._original(plan, sources, shared),
        ) as followers:
            yield _Pass(plan, image, sources, target, torch, shared, others, followers)

    def _original(self, plan: Plan, sources: Sources, shared: Shared) -> Original | None:
        """Return the source whose data have to be compared: in shared blocks they are one."""
        known = self.options.known_data or shared.nbytes
        if not plan.same_data or known or not plan.data_bytes:
            return None
        return Original(sources[0, 0], plan.sources[0].header_bytes)

    def _fill(self, passes: Sequence[_Pass]) -> list[Job]:
        meter = Meter(sum(one.plan.data_bytes for one in passes), "Writing")
        for one in passes:
            for start, stop in one.shared.ranges:
                one.followers.mark.complete(start, stop)
                meter.add(stop - start, "")
        self.progress(meter.snapshot())
        with ExitStack() as flushing:
            flushers = [
                flushing.enter_context(
                    Flusher(self.files, one.target.file, one.image.size - one.shared.nbytes)
                )
                for one in passes
            ]
            gate = MemoryGate()
            jobs = [self._job(*pair, meter, gate) for pair in zip(passes, flushers, strict=True)]
            self._run(passes, jobs, flushers, meter)
            for flusher in flushers:
                flusher.raise_problem()
        return jobs

    def _job(self, one: _Pass, flusher: Flusher, meter: Meter, gate: MemoryGate) -> Job:
        return Job(
            files=self.files,
            file=one.target.file,
            sources=one.sources,
            rows=one.plan.tensors,
            on_overflow=one.plan.on_overflow,
            meter=meter,
            flusher=flusher,
            mark=one.followers.mark,
            torch=one.torch,
            gate=gate,
            checks=[] if self.options.verify else None,
        )

    def _run(
        self,
        passes: Sequence[_Pass],
        jobs: Sequence[Job],
        flushers: Sequence[Flusher],
        meter: Meter,
    ) -> None:
        def worker() -> Callable[[_Step], None]:
            fillers = [Filler(job) for job in jobs]
            return lambda step: fillers[step[0]](step[1])

        def stop() -> None:
            for flusher in flushers:
                flusher.stop()

        pool: Pool[_Step] = Pool(worker, stop=stop)
        for job in jobs:
            job.given_up = lambda: pool.stopping
        steps = _in_step([one.tasks for one in passes])
        pool.run(steps, thread_count(self.options.threads), meter, self.progress, self.cancel)

    def _settled(self, one: _Pass, job: Job, sums: Sums) -> str | None:
        """Put the file on the disk and look whether it is what was planned; the hash of its data.

        That is None where it is not known.
        """
        data = data_hash(one.plan, sums, self.options.known_data)
        keeps = self.options.keep_date and bool(one.plan.sources)
        one.target.settle(one.plan.sources[0].files[0].signature.mtime_ns if keeps else 0)
        self._check(one, job)
        one.sources.check()
        return data

    def _check(self, one: _Pass, job: Job) -> None:
        plan, target = one.plan, one.target
        written = Written(self.files, target.file, target.path)
        check_header(written, plan.tensors, plan.metadata, one.image)
        if one.image.archive:
            check_archive(written, one.image.archive, one.followers.crcs)
        if self.options.verify:
            threads = thread_count(self.options.threads)
            readback = ReadBack(written, plan.tensors, threads, self.progress, self.cancel)
            readback.check(job.checks or [])

    def _committed(self, one: _Pass, job: Job, sums: Sums, data: str | None) -> Report:
        one.sources.close()
        one.target.commit()
        report = replace(self._report(one, job, sums), shared=one.shared.nbytes)
        return with_same_data(report, one.plan, data)

    def _report(self, one: _Pass, job: Job, sums: Sums) -> Report:
        rows, tally = one.plan.tensors, job.tally
        converted = sum(casts(row.expr) for row in rows)
        return Report(
            path=one.plan.output or one.target.path,
            bytes=one.image.size,
            seconds=0.0,
            sha256=sums.whole,
            autov2=sums.whole and sums.whole[:AUTOV2_DIGITS],
            autov3=sums.data and sums.data[:AUTOV3_DIGITS],
            data_sha256=sums.data,
            flushed=tally.flushed,
            converted=converted,
            copied=len(rows) - converted,
            verified=self.options.verify,
            problems=(*one.target.problems, *invalid_numbers(rows, tally)),
            retained=job.factored.retained(),
        )


def _failed(one: _Pass, job: Job) -> bool:
    return bool(job.tally.overflowed()) and one.plan.on_overflow is not OnOverflow.CLAMP


def _in_step(tasks: Sequence[Sequence[Task]]) -> list[_Step]:
    """Return the tasks of all plans, those that come at the same place one after another."""
    rounds = zip_longest(*([(number, task) for task in own] for number, own in enumerate(tasks)))
    return [step for step in chain.from_iterable(rounds) if step is not None]
