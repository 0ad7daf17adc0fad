"""Each file call of a save fails once, with several reasons, in every way to save."""

import errno
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.expr import Expr, cast, read, transpose
from ckpt_studio.core.plan import Container, Plan, Report
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.single import read_single
from tests.making.faults import contents, counting, failing
from tests.making.plans import plan_for, write_source

CODES = [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EINTR, errno.EROFS, errno.EDQUOT]
OLD = b"the old file"


@dataclass(frozen=True)
class Case:
    """A way to save: over an existing file or not, with a named temporary file or not."""

    exists: bool
    named: bool
    options: WriteOptions
    container: Container = Container.SAFETENSORS

    def prepare(self, folder: Path) -> Plan:
        source = make_source(folder)
        output = folder / "out.safetensors" if self.exists else folder / "new" / "out.safetensors"
        if self.exists:
            output.write_bytes(OLD)
        info = source.tensors
        rows: dict[str, Expr] = {
            "copied": read(0, info["a"]),
            "turned": transpose(read(0, info["a"])),
            "half": cast(read(0, info["b"]), DType.F16),
        }
        plan = plan_for((source,), rows, output, metadata={"k": "v"}, overwrite=True)
        return replace(plan, container=self.container)


def make_source(folder: Path) -> Checkpoint:
    return write_source(
        folder / "source.safetensors",
        {"a": ("U8", [2, 8], bytes(range(16))), "b": ("F32", [4], bytes(16))},
    )


CASES = {
    "new": Case(exists=False, named=False, options=WriteOptions(threads=1)),
    "new-named": Case(exists=False, named=True, options=WriteOptions(threads=1)),
    "replace": Case(exists=True, named=False, options=WriteOptions(threads=1)),
    "replace-named": Case(exists=True, named=True, options=WriteOptions(threads=1)),
    "checked": Case(exists=True, named=False, options=WriteOptions(True, True, 1)),
    "pytorch": Case(
        exists=True,
        named=False,
        options=WriteOptions(True, True, 1),
        container=Container.TORCH_ZIP,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_old_file_or_new_file_and_nothing_else(
    case: Case, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("count")
    plan = case.prepare(folder)
    calls = counting(named=case.named)
    write(plan, case.options, files=calls)
    assert plan.output
    new = plan.output.read_bytes()
    assert list(read_single(plan.output).tensors) == ["copied", "turned", "half"]
    failures = 0
    for number in range(1, calls.count + 1):
        for code in CODES:
            failures += attempt(case, tmp_path_factory.mktemp("fault"), number, code, new)
    assert failures > calls.count  # most failures must be reported, not survived by luck


def attempt(case: Case, folder: Path, number: int, code: int, new: bytes) -> bool:
    plan = case.prepare(folder)
    assert plan.output
    before = contents(folder)
    files = failing(number, code, named=case.named)
    where = f"call {number} ({files.names}) failing with {errno.errorcode[code]}"
    try:
        report = write(plan, case.options, files=files)
    except CkptStudioError as refused:
        problem = refused
    else:
        check_saved(plan.output, report, new, before, where)
        return False
    assert problem.message.count("\n") == 0, where
    assert contents(folder) == before, f"{where}: {problem.message}"
    return True


def check_saved(
    output: Path, report: Report, new: bytes, before: dict[str, bytes | None], where: str
) -> None:
    assert output.read_bytes() == new, where
    allowed = {"leftover", "not-confirmed", "lost-properties"}
    codes = {problem.code for problem in report.problems}
    assert codes <= allowed, where
    folder = next(path for path in output.parents if (path / "source.safetensors").exists())
    others = set(contents(folder)) - set(before) - {str(output.relative_to(folder)), "new"}
    assert len(others) == (1 if "leftover" in codes else 0), where


def test_a_folder_that_cannot_be_synced_is_a_warning(tmp_path: Path) -> None:
    plan = CASES["replace"].prepare(tmp_path)
    names = counting()
    write(plan, files=names)
    number = names.names.index("sync_folder") + 1
    report = write(CASES["replace"].prepare(tmp_path), files=failing(number, errno.EIO))
    assert [problem.code for problem in report.problems] == ["not-confirmed"]
    assert "saved, but not confirmed on disk" in report.problems[0].message
