"""Write a set of files, shards with their index or the folder of a model: all of it or nothing.

Every file is written and checked as a single one is, but none takes its place before all are
complete and on the disk. ``exchange`` says how they do.
"""

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from ckpt_studio.core.assembly.sharding import file_plans, older_shards
from ckpt_studio.core.errors import PlanError, VerifyError, WriteError
from ckpt_studio.core.plan import Plan, Report, WrittenFile
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.engine.copying import write_all
from ckpt_studio.engine.exchange import Exchange, existing
from ckpt_studio.engine.overflow import invalid_numbers
from ckpt_studio.engine.reasons import write_error
from ckpt_studio.engine.tally import Tally
from ckpt_studio.engine.target import SUFFIX, TargetMaker
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.shown import shown, shown_name

WriteOne = Callable[[Plan, Path, TargetMaker, ProgressCallback], tuple[Report | None, Tally]]
"""Writes one file through the target it is given; no report when values did not fit."""

_WRITING = "Writing"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class FileSet:
    """How to write the files of a plan. ``verify`` says that each is read back as well."""

    write_one: WriteOne
    progress: ProgressCallback
    cancel: CancelToken
    files: Files
    verify: bool

    def attempt(self, plan: Plan) -> tuple[Report | None, Tally]:
        """Write the set; without a report when overflow was found and counted.

        Raises:
            PlanError: a name leads out of the folder.
            WriteError: as for one file, or the folder of a model holds something already.
        """
        root = plan.folder or Path()
        try:
            return self._staged(plan, root)
        except WriteError as problem:
            cause = problem.__cause__
            if isinstance(cause, OSError) and cause.errno in _NO_ROOM:  # free room is known now
                raise self._error(cause, plan) from cause
            raise
        except OSError as problem:
            raise self._error(problem, plan) from problem

    def _error(self, problem: OSError, plan: Plan) -> WriteError:
        free = self.files.free_bytes(existing(self.files, plan.folder or Path()))
        return write_error(problem, plan.output or Path(), plan.bytes, free)

    def _staged(self, plan: Plan, root: Path) -> tuple[Report | None, Tally]:
        paths = {name: root / _plain(name) for name in chain(plan.files, plan.texts)}
        older = self._older(plan, root)
        exchange = Exchange(self.files)
        try:
            reports, tally = self._write_files(plan, paths, exchange)
            if tally.overflowed() and None in reports:
                return None, tally
            for name in sorted(plan.texts, key=_comes_late):
                self._write_text(exchange, paths[name], plan.texts[name], plan)
            self.cancel.raise_if_cancelled()
            exchange.carry_out(older)
        finally:
            exchange.discard()
        return self._report(plan, [each for each in reports if each], exchange, tally), tally

    def _older(self, plan: Plan, root: Path) -> list[Path]:
        """Return the shards of an older set of this name, which the new one replaces."""
        names = self.files.entries(root)
        if not plan.has_index:
            if any(not name.endswith(SUFFIX) for name in names):
                raise WriteError(
                    f"{shown_name(root)} is not an empty folder",
                    "Choose a new folder, or an empty one.",
                )
            return []
        older = older_shards(plan, names)
        if older and not plan.overwrite:
            raise WriteError(
                f"{shown(older[0])} is there already, a part of another set of this name",
                "Choose another name, or allow replacing it.",
            )
        return [root / name for name in older]

    def _write_files(
        self, plan: Plan, paths: Mapping[str, Path], exchange: Exchange
    ) -> tuple[list[Report | None], Tally]:
        reports: list[Report | None] = []
        whole = Tally()
        numbers: dict[str, list[int]] = {}
        for number, row in enumerate(plan.tensors):
            numbers.setdefault(row.file, []).append(number)
        before = 0
        for name, part in file_plans(plan).items():
            self.cancel.raise_if_cancelled()
            show = _Part(self.progress, plan.data_bytes, before, part.data_bytes, self.verify)
            report, tally = self.write_one(part, paths[name], exchange.stage, show)
            reports.append(report)
            for index, counts in tally.rows.items():
                whole.add(numbers[name][index], counts)
            before += part.data_bytes
        return reports, whole

    def _write_text(self, exchange: Exchange, path: Path, text: str, plan: Plan) -> None:
        target = exchange.stage(self.files, path, overwrite=plan.overwrite)
        data = text.encode()
        write_all(self.files, target.file, data, 0)
        target.settle()
        found = bytearray(len(data))
        count = self.files.read_into(target.file, memoryview(found), 0) if data else 0
        if count != len(data) or found != data:
            raise VerifyError(
                f"{shown_name(path)} does not read back as it was written",
                "Nothing was saved. Check the disk and the memory of this computer.",
            )
        target.commit()

    def _report(
        self, plan: Plan, reports: list[Report], exchange: Exchange, tally: Tally
    ) -> Report:
        root = plan.folder or Path()
        texts = (WrittenFile(root / name, len(text.encode())) for name, text in plan.texts.items())
        files = (
            WrittenFile(each.path, each.bytes, each.sha256, each.autov2, each.autov3)
            for each in reports
        )
        written = (*files, *texts)
        return Report(
            path=plan.output or root,
            bytes=sum(each.bytes for each in written),
            seconds=0.0,
            flushed=tally.flushed,
            converted=sum(each.converted for each in reports),
            copied=sum(each.copied for each in reports),
            verified=all(each.verified for each in reports),
            problems=(*exchange.problems, *invalid_numbers(plan.tensors, tally)),
            files=written,
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """Shows the progress of one file as that of the whole set, in one phase."""

    show: ProgressCallback
    total: int
    before: int
    own: int
    verify: bool

    def __call__(self, progress: Progress) -> None:
        times = 2 if self.verify else 1
        done = self.before * times
        if progress.phase == _WRITING:
            done += progress.done
        elif self.verify and progress.total == self.own:
            done += self.own + progress.done
        else:  # a hash catches up with what is written
            done += self.own
        phase = "Writing and checking" if self.verify else _WRITING
        self.show(Progress(done, self.total * times, progress.label, phase))


def _plain(name: str) -> PurePosixPath:
    """Return the path of a file of the set, which never leads out of its folder."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise PlanError(f"“{shown(name)}” cannot be the name of a file in a set.")
    return path


def _comes_late(name: str) -> tuple[bool, int]:
    """Sort the indexes to the end, the one of the whole set last: they make it complete."""
    return name.endswith("index.json"), -name.count("/")
