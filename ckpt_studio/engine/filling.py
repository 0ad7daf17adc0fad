"""One worker of a save: carries out tasks, each of which fills its own range of the new file."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from ckpt_studio.core.plan import OnOverflow, PlannedTensor
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.copying import Copier, write_all
from ckpt_studio.engine.evaluate import materialise
from ckpt_studio.engine.factoring import Factored
from ckpt_studio.engine.flushing import Flusher
from ckpt_studio.engine.following import Watermark
from ckpt_studio.engine.lowering import Mixed, Segment
from ckpt_studio.engine.memory_gate import MemoryGate, memory_of
from ckpt_studio.engine.pool import Meter
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.stepping import SLICE_VALUES
from ckpt_studio.engine.tally import Counts, Tally
from ckpt_studio.engine.tasks import Compute, Convert, Copy, Task
from ckpt_studio.engine.torch_start import TorchStart
from ckpt_studio.engine.widening import widened
from ckpt_studio.formats.files import Files

if TYPE_CHECKING:
    from ckpt_studio.engine._torch.casting import Caster
    from ckpt_studio.engine._torch.computing import Computer


@dataclass(frozen=True, slots=True)
class Check:
    """A range of the new file and the CRC-32 of what was written there."""

    row: int
    to: int
    nbytes: int
    crc: int


@dataclass(slots=True)
class Job:
    """What the workers of one pass share. ``checks`` is None when nothing will be verified."""

    files: Files
    file: int
    sources: Sources
    rows: tuple[PlannedTensor, ...]
    on_overflow: OnOverflow
    meter: Meter
    flusher: Flusher
    mark: Watermark
    torch: TorchStart | None
    gate: MemoryGate
    tally: Tally = field(default_factory=Tally)
    factored: Factored = field(default_factory=Factored)
    checks: list[Check] | None = None
    lost: bool = False  # an overflow was found: only counting goes on
    given_up: Callable[[], bool] = lambda: False
    lock: Lock = field(default_factory=Lock)


class Filler:
    """Carries out tasks in one thread, with buffers of its own."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._caster: Caster | None = None
        self._computer: Computer | None = None
        self._crc = 0
        self._row = 0

    def __call__(self, task: Task) -> None:
        """Do one task."""
        self._crc = 0
        self._row = task.row
        with self._job.gate.room(memory_of(task), self._job.given_up):
            done = self._do(task)
        if done and not self._job.lost:
            self._finish(task)

    def _do(self, task: Task) -> bool:
        if isinstance(task, Copy):
            return self._copy(task)
        if isinstance(task, Convert):
            return self._convert(task)
        return self._compute(task)

    def _copy(self, task: Copy) -> bool:
        job = self._job
        if job.lost:
            return False
        Copier(
            job.files,
            job.sources,
            job.file,
            wrote=lambda count: self._wrote(count, task.row),
            seen=None if job.checks is None else self._see,
        ).copy(task.span, task.to)
        return not job.given_up()

    def _convert(self, task: Convert) -> bool:
        if not self._job.torch:
            return self._compute(Compute(task.row, task.segment, task.to))
        caster = self._loaded()
        if caster is None:
            return False
        segment = task.segment
        values = task.nbytes * 8 // segment.after.bits
        source = memoryview(caster.source)[: values * segment.before.bits // 8]
        self._materialise(segment.of, source)
        self._count(task.row, caster.convert(values, segment.before, segment.after))
        self._write(memoryview(caster.target)[: task.nbytes], task)
        return True

    def _compute(self, task: Compute) -> bool:
        data = bytearray(task.nbytes)
        self._materialise((task.segment,), memoryview(data))
        if self._job.given_up():
            return False
        self._write(data, task)
        return True

    def _materialise(self, segments: tuple[Segment, ...], into: memoryview) -> None:
        materialise(segments, into, self._job.sources, self._convert_view, self._mix)

    def _mix(self, segment: Mixed, into: memoryview) -> None:
        """Compute values of several tensors; nothing when the job is given up before."""
        job = self._job
        if self._loaded() is None or job.given_up():
            return
        if self._computer is None:
            from ckpt_studio.engine._torch.computing import Computer  # noqa: PLC0415 - loads torch
            from ckpt_studio.engine._torch.stopping import stop_when  # noqa: PLC0415

            stop_when(job.given_up)
            self._computer = Computer(job.sources, self._convert_view, job.factored)
        self._computer.fill(segment, into)

    def _convert_view(
        self, given: memoryview, into: memoryview, before: DType, after: DType
    ) -> None:
        """Convert values of any number, slice by slice."""
        if not self._job.torch:
            into[:] = widened(given, before)
            return
        caster = self._loaded()
        wide, narrow = before.bits // 8, after.bits // 8
        total = len(given) // wide
        for start in range(0, total, SLICE_VALUES):
            if caster is None or self._job.given_up():
                return
            values = min(SLICE_VALUES, total - start)
            caster.source[: values * wide] = given[start * wide : (start + values) * wide]
            self._count(self._row, caster.convert(values, before, after))
            view = memoryview(caster.target)[: values * narrow]
            into[start * narrow : (start + values) * narrow] = view

    def _loaded(self) -> "Caster | None":
        job = self._job
        if self._caster is None and job.torch:
            self._caster = job.torch.caster(SLICE_VALUES, job.given_up)
        return self._caster

    def _count(self, row: int, counts: Counts) -> None:
        job = self._job
        job.tally.add(row, counts)
        if counts.overflowed and job.on_overflow is not OnOverflow.CLAMP:
            job.lost = True

    def _write(self, data: bytearray | memoryview, task: Task) -> None:
        job = self._job
        if job.lost:
            job.meter.add(len(data), self._label(task.row))
            return
        write_all(job.files, job.file, data, task.to)
        self._see(data)
        self._wrote(len(data), task.row)

    def _see(self, data: bytearray | memoryview) -> None:
        if self._job.checks is not None:
            self._crc = zlib.crc32(data, self._crc)

    def _wrote(self, count: int, row: int) -> bool:
        job = self._job
        job.meter.add(count, self._label(row))
        job.flusher.wrote(count)
        return not (job.lost or job.given_up())

    def _finish(self, task: Task) -> None:
        job = self._job
        job.mark.complete(task.to, task.to + task.nbytes)
        if job.checks is not None:
            with job.lock:
                job.checks.append(Check(task.row, task.to, task.nbytes, self._crc))

    def _label(self, row: int) -> str:
        tensor = self._job.rows[row]
        return tensor.part or tensor.name
