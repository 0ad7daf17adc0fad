"""Run commands as processes of their own: seconds of the clock, peak memory of the process."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

PYTHON = sys.executable
_LAUNCH = os.fspath(Path(__file__).with_name("launch.py"))
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
"""Modules are compiled once, as they are in a program that is installed."""

COMMAND_LINE = (PYTHON, "-m", "ckpt_studio")


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: ``seconds`` by the clock, ``peak`` resident bytes, what it printed."""

    seconds: float
    peak: int
    output: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of runs that took turns, so that both met the same state of the machine."""

    theirs: float
    ours: float
    peak: int


def run(command: tuple[str | Path, ...], **environment: str) -> Run:
    """Run a command that has to succeed.

    Raises:
        RuntimeError: it failed; the text is what it said.
    """
    program = shutil.which(command[0])
    if program is None:
        raise RuntimeError(f"{command[0]} is not installed")
    reading, writing = os.pipe()
    done = subprocess.run(
        [PYTHON, "-S", "-E", _LAUNCH, str(writing), program, *map(os.fspath, command[1:])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writing,),
        text=True,
        env=_ENVIRONMENT | environment,
        check=False,
    )
    os.close(writing)
    with os.fdopen(reading) as answer:
        seconds, peak, code = answer.read().split() or ("0", "0", "1")
    if int(code):
        raise RuntimeError(f"{command} failed: {done.stdout}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(float(seconds), int(peak) * unit, done.stdout)


def copy_seconds(sources: tuple[Path, ...], folder: Path) -> float:
    """Copy files with ``cp``, put the copies on the disk with ``sync``, remove them again."""
    folder.mkdir()
    started = perf_counter()
    run(("cp", *sources, folder))
    run(("sync", *(folder / source.name for source in sources)))
    seconds = perf_counter() - started
    shutil.rmtree(folder)
    return seconds


def against_copy(
    sources: tuple[Path, ...], command: tuple[str | Path, ...], out: Path, rounds: int
) -> Pair:
    """Let ``cp`` of the sources and a command that writes ``out`` take turns."""
    copies, runs = [], []
    for _ in range(rounds + 1):
        copies.append(copy_seconds(sources, out.parent / "copy"))
        runs.append(run(command))
        out.unlink()
    # the first round only warms the page cache
    return Pair(
        median(copies[1:]),
        median(one.seconds for one in runs[1:]),
        max(one.peak for one in runs),
    )
