"""Full disks, forbidden folders, changing sources, cancels and planted links."""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import Cancelled, CkptStudioError, SourceChangedError, WriteError
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.plan import Container, Plan
from ckpt_studio.core.progress import CancelToken, Progress
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine import target
from ckpt_studio.engine.flushing import Flusher
from ckpt_studio.engine.leftovers import leftovers
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.faults import Watched, contents, meddling, nothing_new_in
from tests.making.plans import copy_plan, data_of, plan_for, write_source

MIB = 1 << 20
both = pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    left = [thread for thread in threading.enumerate() if thread.name.startswith(WORKERS)]
    assert not left


WORKERS = ("worker-", "flush", "SHA-256", "CRC-32")


def source_of(folder: Path, megabytes: int = 1) -> Checkpoint:
    data = os.urandom(MIB) * megabytes
    return write_source(
        folder / "source.safetensors",
        {"w": ("U8", [len(data)], data), "f": ("F32", [4], bytes(16))},
    )


@pytest.fixture
def source(tmp_path: Path) -> Checkpoint:
    return source_of(tmp_path)


def refused(
    plan: Plan, kind: type[CkptStudioError] = WriteError, files: Files | None = None
) -> str:
    """Run a plan that must fail, and return the sentence."""
    with pytest.raises(kind) as caught:
        write(plan, files=files)
    assert caught.value.hint
    return caught.value.message


def test_a_full_disk_says_how_much_is_missing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        (disk / "out.safetensors").write_bytes(b"old")
        plan = copy_plan(source_of(tmp_path, 4), disk / "out.safetensors", overwrite=True)
        with nothing_new_in(disk):
            message = refused(plan)
        assert message.startswith("The disk is full: out.safetensors needs 4.00 MiB, 2.00 MiB are")
        new = replace(plan, output=disk / "new" / "out.safetensors")
        with nothing_new_in(disk):
            assert "2.00 MiB are free" in refused(new)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_with_a_file_size_limit(tmp_path: Path, source: Checkpoint) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, limits[1]))
    try:
        message = refused(copy_plan(source, tmp_path / "out.safetensors"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot hold a file of 1.00 MiB" in message
    assert sorted(contents(tmp_path)) == ["source.safetensors"]


@pytest.mark.skipif(os.name == "nt", reason="other permissions there")
def test_a_folder_without_permission() -> None:
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    try:
        folder.chmod(0o755)
        source_of(folder).path.chmod(0o644)
        source = read_checkpoint(folder / "source.safetensors")
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)
        with nothing_new_in(folder):
            message = refused(copy_plan(source, folder / "out.safetensors"))
        assert message.startswith("No permission to write out.safetensors in ")
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_places_that_cannot_be_a_file(tmp_path: Path, source: Checkpoint) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for output, says in (
        (tmp_path / "folder", "folder is a folder"),
        (tmp_path / "pipe", "pipe is a pipe"),
        (source.path / "out.safetensors", "is a file, not a folder"),
        (tmp_path / ("x" * 256), "is too long for"),
        (loop, "leads in a circle"),
    ):
        assert says in refused(copy_plan(source, output, overwrite=True))
    assert sorted(contents(tmp_path)) == ["folder", "loop", "pipe", "source.safetensors"]


@both
def test_names_as_long_as_the_disk_allows(tmp_path: Path, source: Checkpoint, named: bool) -> None:
    for name in ("x" * 243 + ".safetensors", "é" * 121 + ".safetensors", "語" * 85):
        for _ in range(2):
            plan = copy_plan(source, tmp_path / name, overwrite=True)
            write(plan, files=Watched(lambda *_: None, named=named))
        assert read_checkpoint(tmp_path / name).tensors.keys() == source.tensors.keys()
    assert len(contents(tmp_path)) == 4


@both
def test_a_link_planted_at_the_temporary_name_is_not_followed(
    tmp_path: Path, source: Checkpoint, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, victim = tmp_path / "out.safetensors", tmp_path / "victim"
    out.write_bytes(b"old")
    victim.write_bytes(b"precious")
    planted = tmp_path / ".out.safetensors.known.cstudio-tmp"
    planted.symlink_to(victim)
    names = iter(["known", "other"])
    monkeypatch.setattr(target.secrets, "token_hex", lambda _count: next(names))
    write(copy_plan(source, out, overwrite=True), files=Watched(lambda *_: None, named=named))
    assert victim.read_bytes() == b"precious"
    assert planted.is_symlink()
    assert read_checkpoint(out).tensors.keys() == source.tensors.keys()


@both
@pytest.mark.parametrize("way", ["same", "symlink", "hardlink"])
def test_the_target_may_be_the_source(tmp_path: Path, way: str, named: bool) -> None:
    source = source_of(tmp_path)
    data = data_of(source.path, "w")
    output = source.path if way == "same" else tmp_path / "other.safetensors"
    if way == "symlink":
        output.symlink_to(source.path.name)
    elif way == "hardlink":
        os.link(source.path, output)
        source = read_checkpoint(source.path)  # a second name changes the state of a file
    plan = plan_for((source,), {"new": read(0, source.tensors["w"])}, output, overwrite=True)
    write(plan, files=Watched(lambda *_: None, named=named))
    assert data_of(output, "new") == data
    assert output.is_symlink() == (way == "symlink")
    kept = {"same": "new", "symlink": "new", "hardlink": "w"}[way]
    assert data_of(source.path, kept) == data


def truncate(path: Path) -> None:
    os.truncate(path, 1000)


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def rewrite(path: Path) -> None:
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"evil")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def exchange(path: Path) -> None:
    other = path.with_suffix(".other")
    shutil.copy2(path, other)
    other.replace(path)


@pytest.mark.parametrize("change", [truncate, touch, rewrite, exchange, Path.unlink])
@pytest.mark.parametrize("call", ["create_unnamed", "copy_range", "sync"])
def test_a_source_that_changes_during_the_save(
    tmp_path: Path, change: Callable[[Path], object], call: str
) -> None:
    source = source_of(tmp_path)
    out = tmp_path / "out.safetensors"
    out.write_bytes(b"old")
    files = meddling(call, lambda: change(source.path))
    message = refused(copy_plan(source, out, overwrite=True), SourceChangedError, files)
    assert message.startswith("source.safetensors")
    assert out.read_bytes() == b"old"
    assert len(contents(tmp_path)) <= 2


def test_a_source_that_changed_before_the_save(tmp_path: Path, source: Checkpoint) -> None:
    touch(source.path)
    plan = copy_plan(source, tmp_path / "out.safetensors")
    assert "was changed by another program" in refused(plan, SourceChangedError)
    source.path.unlink()
    assert "is no longer there" in refused(plan, SourceChangedError)
    assert contents(tmp_path) == {}


@both
def test_a_target_that_somebody_else_writes_meanwhile(tmp_path: Path, named: bool) -> None:
    source = source_of(tmp_path)
    out = tmp_path / "out.safetensors"
    for call in ("write_at", "link_unnamed" if not named else "link"):
        files = meddling(call, lambda: out.write_bytes(b"theirs"), named=named)
        refused(copy_plan(source, out, overwrite=True), WriteError, files)
        assert out.read_bytes() == b"theirs"
        out.unlink()
    assert sorted(contents(tmp_path)) == ["source.safetensors"]


class Slow(Files):
    """A disk that takes its time; ``slept`` is the least of it, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0.0

    def copy_range(self, source: int, start: int, target: int, to: int, count: int) -> int:
        time.sleep(0.1)
        self.slept += 0.1
        return super().copy_range(source, start, target, to, min(count, 4096))

    def write_at(self, file: int, data: bytes | bytearray | memoryview, offset: int) -> int:
        time.sleep(0.01)
        self.slept += 0.01
        return super().write_at(file, data, offset)


containers = pytest.mark.parametrize("container", list(Container))


@containers
@pytest.mark.parametrize("work", ["copy", "convert"])
def test_cancel_within_a_second(tmp_path: Path, work: str, container: Container) -> None:
    source = source_of(tmp_path, 4)
    out = tmp_path / "out"
    out.write_bytes(b"old")
    rows = {"w": read(0, source.tensors["w"])}
    if work == "convert":
        rows = {str(i): cast(read(0, source.tensors["f"]), DType.F16) for i in range(5000)}
    token, disk = CancelToken(), Slow()
    asked: list[float] = []

    def progress(snapshot: Progress) -> None:
        if snapshot.done and not asked:
            asked.append(disk.slept)
            token.cancel()

    plan = replace(plan_for((source,), rows, out, overwrite=True), container=container)
    with nothing_new_in(tmp_path), pytest.raises(Cancelled):
        write(plan, WriteOptions(hashes=True), progress=progress, cancel=token, files=disk)
    assert disk.slept - asked[0] < 1


@both
@containers
@pytest.mark.parametrize("phase", ["Writing", "Checking"])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_nothing(
    tmp_path: Path, named: bool, container: Container, phase: str, interrupt: type[BaseException]
) -> None:
    source = source_of(tmp_path)

    def progress(snapshot: Progress) -> None:
        if snapshot.phase == phase:
            raise interrupt

    plan = replace(copy_plan(source, tmp_path / "new" / "out"), container=container)
    files = Watched(lambda *_: None, named=named)
    with nothing_new_in(tmp_path), pytest.raises(interrupt):
        write(plan, WriteOptions(hashes=True, verify=True), progress=progress, files=files)


KILLED = """
import sys
from pathlib import Path
from tests.making.plans import copy_plan, read_checkpoint
from tests.making.faults import counting
from ckpt_studio.engine.writing import write
source, out, named = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "named"
plan = copy_plan(read_checkpoint(source), out, overwrite=True)
print("ready", flush=True)
while True:
    write(plan, files=counting(named=named))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9 and files without a name")
@both
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_a_killed_save_loses_nothing(tmp_path: Path, named: bool, how: signal.Signals) -> None:
    source = source_of(tmp_path, 24)
    out = tmp_path / "out.safetensors"
    write(copy_plan(source, out))
    good = out.read_bytes()
    script = [sys.executable, "-c", KILLED, str(source.path), str(out), "named" if named else ""]
    root = Path(__file__).parents[2]
    left = 0
    for wait in range(6):
        with subprocess.Popen(script, stdout=subprocess.PIPE, text=True, cwd=root) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.013 * wait)
            process.send_signal(how)
        assert out.read_bytes() == good
        found = leftovers(tmp_path, now=time.time() + 7200)
        assert len(found) <= 1
        names = {"source.safetensors", "out.safetensors", *(path.name for path in found)}
        assert set(contents(tmp_path)) == names
        left += len(found)
        for path in found:
            path.unlink()
    assert (
        named or left <= 1
    )  # without a name only the moment between link and rename can leave one


def test_leftovers_are_only_what_a_save_has_abandoned(tmp_path: Path) -> None:
    source = source_of(tmp_path)
    (tmp_path / ".a.0123.cstudio-tmp").write_bytes(b"x")
    (tmp_path / "mine.cstudio-tmp").write_bytes(b"x")
    (tmp_path / ".folder.cstudio-tmp").mkdir()
    (tmp_path / ".link.cstudio-tmp").symlink_to(source.path)
    assert leftovers(tmp_path) == ()
    later = time.time() + 7200
    assert leftovers(tmp_path, now=later) == (tmp_path / ".a.0123.cstudio-tmp",)
    seen: list[int] = []
    files = meddling("sync", lambda: seen.append(len(leftovers(tmp_path, now=later))), named=True)
    write(copy_plan(source, tmp_path / "out.safetensors"), files=files)
    assert seen == [1]  # the one in use is locked
    assert leftovers(tmp_path / "nowhere") == ()


def test_what_the_disk_reports_while_flushing_stops_the_save() -> None:
    class Broken(Files):
        def flush_data(self, file: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def fill(flusher: Flusher) -> None:
        for _ in range(1000):
            flusher.wrote(MIB)
            time.sleep(0.001)

    with Flusher(Broken(), 0, 1 << 30) as flusher, pytest.raises(OSError, match="Input/output"):
        fill(flusher)


def test_flushing_keeps_up_with_the_writing() -> None:
    flushed: list[int] = []

    class Disk(Files):
        def flush_data(self, file: int) -> None:
            time.sleep(0.2)
            flushed.append(file)

    with Flusher(Disk(), 7, 1 << 40) as flusher:
        for _ in range(3000):
            flusher.wrote(MIB)
    assert set(flushed) == {7}
    assert len(flushed) >= 3  # who writes faster than the disk has to wait for it
