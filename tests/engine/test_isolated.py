"""A save in a process of its own does what a save does, and its end is noticed."""

import os
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.errors import (
    Cancelled,
    OverflowFoundError,
    PlanError,
    SourceChangedError,
    WriteError,
)
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.isolated import isolated, write_isolated
from ckpt_studio.engine.writing import WriteOptions
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.plans import write_source


def plan_of(tmp_path: Path, values: bytes, dtype: DType = DType.F16) -> Plan:
    tensors = {"w": ("F32", [len(values) // 4], values)}
    source = write_source(tmp_path / "source.safetensors", tensors, {})
    rows = tuple(PlannedTensor(n, cast(read(0, t), dtype)) for n, t in source.tensors.items())
    return Plan("convert", (source,), rows, {}, output=tmp_path / "out.safetensors")


def large(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, bytes(64 << 20))


def test_the_file_and_the_report_are_the_same(tmp_path: Path):
    seen = []
    plan = plan_of(tmp_path, struct.pack("<3f", 1.0, 2.0, 1e-12))
    report = write_isolated(plan, WriteOptions(hashes=True), progress=seen.append)
    assert report.path == tmp_path / "out.safetensors"
    assert (report.converted, report.flushed) == (1, 1)
    assert report.sha256
    assert read_checkpoint(report.path).tensors["w"].dtype is DType.F16
    assert seen
    assert seen[-1].done <= seen[-1].total


def test_errors_come_over_with_their_hints(tmp_path: Path):
    plan = plan_of(tmp_path, struct.pack("<2f", 1.0, 1e9))
    with pytest.raises(OverflowFoundError) as caught:
        write_isolated(plan)
    assert "too large" in caught.value.message
    assert "Nothing was saved" in caught.value.hint
    with pytest.raises(PlanError):
        write_isolated(replace(plan, output=None))
    assert [path.name for path in tmp_path.iterdir()] == ["source.safetensors"]


def test_a_cancel_reaches_the_other_process(tmp_path: Path):
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        write_isolated(large(tmp_path), progress=lambda _: cancel.cancel(), cancel=cancel)
    assert [path.name for path in tmp_path.iterdir()] == ["source.safetensors"]


def children() -> list[int]:
    task = Path(f"/proc/{os.getpid()}/task")
    found = (path / "children" for path in task.iterdir())
    return [int(pid) for path in found if path.exists() for pid in path.read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the process in /proc")
def test_a_killed_process_is_a_sentence(tmp_path: Path):
    before, threads = set(children()), threading.active_count()

    def kill(_: object) -> None:
        for pid in set(children()) - before:
            if b"isolated" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(WriteError, match="ended without an answer"):
        write_isolated(large(tmp_path), progress=kill)
    assert not (tmp_path / "out.safetensors").exists()
    assert threading.active_count() == threads


def test_an_answer_that_is_broken_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    answer = "import sys; sys.stdout.buffer.write(b'cnowhere\\nthing\\n.')"
    monkeypatch.setattr("ckpt_studio.engine.isolated._START", answer)
    with pytest.raises(WriteError, match="ended without an answer"):
        write_isolated(plan_of(tmp_path, bytes(64)))


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ckpt_studio.engine.isolated import write_isolated
from tests.engine.test_isolated import plan_of
print("started", write_isolated(plan_of(Path(sys.argv[2]), bytes(64))).bytes)
"""


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, script, root, tmp_path], check=True, capture_output=True, text=True
    )
    assert done.stdout.count("started") == 1


def test_results_arrive_while_a_verb_runs(tmp_path: Path):
    (checkpoint,) = plan_of(tmp_path, bytes(64)).sources
    seen = []
    result = isolated("take_statistics", checkpoint, found=seen.append)
    assert tuple(seen) == result
    assert result[0].values.zeros == result[0].values.count == 16


def test_an_error_of_a_verb_is_raised_here(tmp_path: Path):
    (checkpoint,) = plan_of(tmp_path, bytes(64)).sources
    with checkpoint.path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(SourceChangedError):
        isolated("take_statistics", checkpoint)
