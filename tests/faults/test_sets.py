"""A set of files in a world that fails: all of the new set, or all of the old one."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ckpt_studio.core.errors import (
    Cancelled,
    CkptStudioError,
    FormatError,
    SourceChangedError,
    WriteError,
)
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, Progress
from ckpt_studio.engine.exchange import OLD_SUFFIX
from ckpt_studio.engine.leftovers import leftovers
from ckpt_studio.engine.target import SUFFIX
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.opening import read_any
from tests.making.faults import Watched, contents, counting, failing, meddling, nothing_new_in
from tests.making.plans import write_source
from tests.making.sets import folder_plan, shard, shard_plan, source_with

CODES = [errno.EIO, errno.ENOSPC, errno.EINTR]
PLAIN = WriteOptions(threads=1)
both = pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])


@dataclass(frozen=True)
class Case:
    """A way to save a set; ``old`` is the number of shards that are there already."""

    named: bool = False
    old: int = 0
    folder: bool = False
    options: WriteOptions = PLAIN

    def prepare(self, folder: Path) -> Plan:
        if self.old:
            source = source_with(folder, self.old, "old.safetensors")
            write(shard_plan(source, folder / "out.safetensors"))
        source = source_with(folder)
        if self.folder:
            return folder_plan(source, folder / "new" / "model")
        parent = folder if self.old else folder / "new"
        return shard_plan(source, parent / "out.safetensors", overwrite=True)


CASES = {
    "new": Case(),
    "new-named": Case(named=True),
    "same-names": Case(old=3),
    "same-names-named": Case(old=3, named=True),
    "other-names": Case(old=4),
    "folder": Case(folder=True),
    "folder-named": Case(folder=True, named=True),
    "checked": Case(old=3, options=WriteOptions(True, True, 1)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_old_set_or_new_set_and_nothing_else(
    case: Case, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("count")
    plan = case.prepare(folder)
    calls = counting(named=case.named)
    write(plan, case.options, files=calls)
    new = contents(folder)
    assert not any(name.endswith((SUFFIX, OLD_SUFFIX)) for name in new)
    failures = 0
    for number in range(1, calls.count + 1):
        for code in CODES:
            failures += attempt(case, tmp_path_factory.mktemp("fault"), number, code, new)
    assert failures > calls.count  # most failures must be reported, not survived by luck


def attempt(case: Case, folder: Path, number: int, code: int, new: dict[str, bytes | None]) -> bool:
    plan = case.prepare(folder)
    before = contents(folder)
    files = failing(number, code, named=case.named)
    where = f"call {number} ({files.names}) failing with {errno.errorcode[code]}"
    try:
        report = write(plan, case.options, files=files)
    except CkptStudioError as refused:
        said = refused.message
    else:
        check_saved(folder, report, new, where)
        return False
    assert "\n" not in said, where
    assert contents(folder) == before, f"{where}: {said}"
    return True


def check_saved(folder: Path, report: Report, new: dict[str, bytes | None], where: str) -> None:
    codes = {problem.code for problem in report.problems}
    assert codes <= {"leftover", "not-confirmed", "lost-properties"}, where
    found = contents(folder)
    assert found.items() >= new.items(), where
    assert len(found) - len(new) == ("leftover" in codes), where


@pytest.mark.parametrize(("count", "states"), [(3, "old incomplete new"), (5, "old new")])
def test_nobody_ever_sees_a_mixture(tmp_path: Path, count: int, states: str) -> None:
    """Before every call of an exchange; only sets of the same names have a moment without one."""
    write(shard_plan(source_with(tmp_path, count, "old.safetensors"), tmp_path / "out.safetensors"))
    data = {f"t{n}": ("U8", [8], b"newdata!") for n in range(3)}
    new = write_source(tmp_path / "new.safetensors", data)
    by_index: dict[str, None] = {}
    by_shard: dict[str, None] = {}

    def look(_name: str, _number: int) -> None:
        by_index[state_of(tmp_path / "out.safetensors.index.json")] = None
        by_shard[state_of(tmp_path / shard(1, 3))] = None

    plan = shard_plan(new, tmp_path / "out.safetensors", overwrite=True)
    write(plan, PLAIN, files=Watched(look))
    look("", 0)
    assert list(by_index) == states.split()
    assert by_shard.keys() <= {"old", "new", "incomplete"}


def state_of(path: Path) -> str:
    try:
        found = read_any(path)
    except FormatError as problem:
        return "incomplete" if "not found" in problem.message or "exist" in problem.message else "?"
    data = [
        found.files[info.shard].path.read_bytes()[info.offset : info.offset + info.nbytes]
        for info in found.tensors.values()
    ]
    news = {each == b"newdata!" for each in data}
    return "mixed" if len(news) > 1 else "new" if news == {True} else "old"


def test_what_cannot_be_put_back_is_named(tmp_path: Path) -> None:
    plan = Case(old=3).prepare(tmp_path)

    def fail(name: str, number: int) -> None:
        if name == "link_unnamed" or (name == "replace" and moved):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if name == "replace" and files.names.count("replace") == 3:
            moved.append(number)

    moved: list[int] = []
    files = Watched(fail)
    with pytest.raises(WriteError, match="not all old ones could be put back") as caught:
        write(plan, PLAIN, files=files)
    aside = sorted(path for path in tmp_path.iterdir() if path.name.endswith(OLD_SUFFIX))
    assert len(aside) == 3
    assert all(str(path) in caught.value.hint for path in aside)
    assert leftovers(tmp_path, now=time.time() + 7200) == ()  # they are nothing to throw away


@both
@pytest.mark.parametrize("call", ["write_at", "sync"])
def test_a_place_that_somebody_else_takes_meanwhile(tmp_path: Path, named: bool, call: str) -> None:
    theirs = tmp_path / "new" / shard(2, 3)

    def take() -> None:
        theirs.parent.mkdir(exist_ok=True)
        theirs.write_bytes(b"theirs")

    plan = replace(Case().prepare(tmp_path), overwrite=False)
    with pytest.raises(WriteError, match=r"is there already|Another program wrote"):
        write(plan, PLAIN, files=meddling(call, take, named=named))
    assert sorted(contents(tmp_path / "new")) == [theirs.name]
    assert theirs.read_bytes() == b"theirs"


@both
def test_a_place_that_is_taken_in_the_last_moment(tmp_path: Path, named: bool) -> None:
    plan = Case(old=4).prepare(tmp_path)
    before = contents(tmp_path)
    theirs = tmp_path / shard(2, 3)
    call = "link" if named else "link_unnamed"
    with pytest.raises(WriteError):
        write(plan, PLAIN, files=meddling(call, lambda: theirs.write_bytes(b"x"), named=named))
    assert contents(tmp_path) == {**before, theirs.name: b"x"}


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [touch, Path.unlink])
def test_a_source_that_changes_during_the_save(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    plan = Case(old=3).prepare(tmp_path)
    path = tmp_path / "source.safetensors"
    before = contents(tmp_path)
    with pytest.raises(SourceChangedError):
        write(plan, PLAIN, files=meddling("sync", lambda: change(path)))
    after = contents(tmp_path)
    assert {**before, path.name: None} == {**after, path.name: None}


@both
@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_cancel_leaves_the_old_set(tmp_path: Path, named: bool, fraction: float) -> None:
    plan = Case(old=3).prepare(tmp_path)
    token = CancelToken()

    def progress(snapshot: Progress) -> None:
        if snapshot.fraction >= fraction:
            token.cancel()

    files = Watched(lambda *_: None, named=named)
    with nothing_new_in(tmp_path), pytest.raises(Cancelled):
        write(plan, PLAIN, progress=progress, cancel=token, files=files)


@both
@pytest.mark.parametrize("call", ["settle", "place"])
def test_an_interrupt_leaves_the_old_set(tmp_path: Path, named: bool, call: str) -> None:
    plan = Case(old=3).prepare(tmp_path)
    last = "link" if named else "link_unnamed"
    counted = {"settle": ("sync", 2), "place": (last, 2)}[call]

    def interrupt(name: str, _number: int) -> None:
        if name == counted[0] and files.names.count(name) == counted[1]:
            raise KeyboardInterrupt

    files = Watched(interrupt, named=named)
    with nothing_new_in(tmp_path), pytest.raises(KeyboardInterrupt):
        write(plan, PLAIN, files=files)


def test_a_folder_without_room_says_what_the_whole_set_needs(tmp_path: Path) -> None:
    plan = Case().prepare(tmp_path)

    def fail(name: str, _number: int) -> None:
        if name == "copy_range" and files.names.count(name) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    files = Watched(fail)
    plan = replace(plan, header_bytes=3 * 4096)
    with nothing_new_in(tmp_path), pytest.raises(WriteError) as caught:
        write(plan, PLAIN, files=files)
    assert "out.safetensors.index.json needs 12.2 KiB" in caught.value.message


KILLED = """
import sys
from pathlib import Path
from tests.making.faults import counting
from tests.making.sets import shard_plan
from ckpt_studio.engine.writing import write
from ckpt_studio.formats.opening import read_any
source, out, named = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "named"
plan = shard_plan(read_any(source), out, limit=9 << 20)
print("ready", flush=True)
write(plan, files=counting(named=named), progress=lambda p: print(p.done, flush=True))
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9 and files without a name")
@both
def test_a_killed_save_leaves_only_files_that_are_offered_for_removal(
    tmp_path: Path, named: bool
) -> None:
    data = os.urandom(1 << 20) * 8
    tensors = {f"t{n}": ("U8", [len(data)], data) for n in range(4)}
    write_source(tmp_path / "source.safetensors", tensors)
    before = contents(tmp_path)
    arguments = [str(tmp_path / "source.safetensors"), str(tmp_path / "out.safetensors")]
    script = [sys.executable, "-c", KILLED, *arguments, "named" if named else ""]
    with subprocess.Popen(
        script,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout
        while int("0" + "".join(filter(str.isdigit, process.stdout.readline()))) <= len(data):
            continue
        process.send_signal(signal.SIGKILL)
    found = leftovers(tmp_path, now=time.time() + 7200)
    assert bool(found) == named
    for path in found:
        path.unlink()
    assert contents(tmp_path) == before


@both
def test_temporary_files_of_a_new_folder_lie_beside_it(tmp_path: Path, named: bool) -> None:
    plan = folder_plan(source_with(tmp_path), tmp_path / "new" / "model")
    seen: list[tuple[int, bool]] = []
    later = time.time() + 7200

    def look() -> None:
        assert not (tmp_path / "new").exists()
        seen.append((len(list(tmp_path.glob(f".*{SUFFIX}"))), bool(leftovers(tmp_path, now=later))))

    write(plan, PLAIN, files=meddling("make_folder", look, named=named))
    assert seen == [(len(plan.files) + len(plan.texts) if named else 0, False)]  # they are in use
