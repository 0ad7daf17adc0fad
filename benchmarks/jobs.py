"""The jobs of the table in docs/performance.md: each gives one or more figures."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

from benchmarks import files
from benchmarks.measure import COMMAND_LINE, PYTHON, against_copy, run
from ckpt_studio.core.tensors import DType
from ckpt_studio.core.text import binary_size
from ckpt_studio.engine.demo import write_example_sources

MB = 1_000_000
_OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number as text, what it may be at most, and whether it is."""

    job: str
    measured: str
    limit: str
    reached: bool | None


@dataclass(frozen=True, slots=True)
class Setting:
    """An empty folder to work in, and how often timed jobs are repeated."""

    folder: Path
    rounds: int


def assemble(setting: Setting) -> Iterator[Figure]:
    """Three fp16 files become one; nothing is converted."""
    sources = write_example_sources(setting.folder / "sources")
    out = setting.folder / "out.safetensors"
    command = (
        *(*COMMAND_LINE, "save", "--model", sources.model),
        *("--text-encoder", sources.text_encoder, "--vae", sources.vae, "-o", out),
    )
    pair = against_copy(sources.paths, command, out, setting.rounds)
    job, limit = "Assemble SD 1.5 fp16 from three files (2.13 GB)", 1.15 * pair.theirs + 0.4
    yield seconds_figure(job, pair.ours, limit, f"1.15 × cp ({pair.theirs:.2f} s) + 0.4 s")
    yield memory_figure(f"{job}: peak memory", pair.peak, 100 * MB)


def halve(setting: Setting) -> Iterator[Figure]:
    """A whole fp32 checkpoint becomes fp16."""
    source = setting.folder / "fp32.safetensors"
    files.whole_checkpoint(source, "sd15", DType.F32, sparse=False)
    out = setting.folder / "out.safetensors"
    command = (*COMMAND_LINE, "convert", source, "-o", out, "--dtype", "fp16")
    pair = against_copy((source,), command, out, setting.rounds)
    job, limit = "SD 1.5 checkpoint fp32 → fp16 (4.27 GB in)", pair.theirs + 1.8
    yield seconds_figure(job, pair.ours, limit, f"cp of the input ({pair.theirs:.2f} s) + 1.8 s")
    yield memory_figure(f"{job}: peak memory", pair.peak, 450 * MB)
    peer = run((PYTHON, "-c", _PEER, source, out))
    text = f"{peer.seconds:.2f} s, {binary_size(peer.peak)}"
    yield Figure("The same with load_file, .half(), save_file (no sync)", text, "", None)


_PEER = """
import sys
from safetensors.torch import load_file, save_file
tensors = load_file(sys.argv[1])
halves = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
save_file(halves, sys.argv[2])
"""


def from_pytorch(setting: Setting) -> Iterator[Figure]:
    """A checkpoint goes from .ckpt to safetensors, and the other way; nothing is converted."""
    source, ckpt = setting.folder / "sd15.safetensors", setting.folder / "sd15.ckpt"
    files.whole_checkpoint(source, "sd15", DType.F16, sparse=False)
    run((*COMMAND_LINE, "convert", source, "-o", ckpt))
    out = setting.folder / "out.safetensors"
    pair = against_copy((ckpt,), (*COMMAND_LINE, "convert", ckpt, "-o", out), out, setting.rounds)
    job, limit = "SD 1.5 fp16 .ckpt → safetensors (2.13 GB)", 1.3 * pair.theirs
    yield seconds_figure(job, pair.ours, limit, f"1.3 × cp ({pair.theirs:.2f} s)")
    yield memory_figure(f"{job}: peak memory", pair.peak, 100 * MB)
    ckpt.unlink()
    back = (*COMMAND_LINE, "convert", source, "-o", ckpt)
    pair = against_copy((source,), back, ckpt, setting.rounds)
    text = f"{pair.ours:.2f} s (cp: {pair.theirs:.2f} s)"
    yield Figure("The same from safetensors to .ckpt, with its CRCs", text, "", None)


def edit(setting: Setting) -> Iterator[Figure]:
    """The metadata of a checkpoint change; on disks that share blocks this takes no time."""
    source, out = setting.folder / "sd15.safetensors", setting.folder / "out.safetensors"
    files.whole_checkpoint(source, "sd15", DType.F16, sparse=False)
    command = (*COMMAND_LINE, "meta", "set", source, "title=edited", "-o", out)
    pair = against_copy((source,), command, out, setting.rounds)
    job, limit = "Edit the metadata of an SD 1.5 checkpoint (2.13 GB)", 1.15 * pair.theirs + 0.4
    yield seconds_figure(job, pair.ours, limit, f"1.15 × cp ({pair.theirs:.2f} s) + 0.4 s")
    yield memory_figure(f"{job}: peak memory", pair.peak, 100 * MB)


def shrink_flux(setting: Setting) -> Iterator[Figure]:
    """A 24 GB diffusion transformer becomes fp8; memory does not grow with it."""
    source, out = setting.folder / "flux.safetensors", setting.folder / "out.safetensors"
    files.flux_transformer(source, DType.BF16)
    done = run((*COMMAND_LINE, "convert", source, "-o", out, "--dtype", "fp8_e4m3fn"))
    size = f"{source.stat().st_size / 1e9:.1f} GB"
    job = f"Flux dev bf16 → fp8 ({size}, sparse): peak memory"
    yield memory_figure(job, done.peak, 450 * MB)
    yield Figure("The same: time, for information", f"{done.seconds:.1f} s", "", None)


def inspect(setting: Setting) -> Iterator[Figure]:
    """The header of a 40 GB file."""
    source = files.many_tensors(setting.folder / "large.safetensors", 1_933, (2_750, 3_200))
    runs = [run((*COMMAND_LINE, "inspect", source, "--json")) for _ in range(setting.rounds + 1)]
    job = "inspect of a 40.8 GB file with 1,933 tensors"
    yield seconds_figure(job, median(one.seconds for one in runs[1:]), 0.4, "0.4 s")
    yield memory_figure(f"{job}: peak memory", max(one.peak for one in runs), 80 * MB)


def window(setting: Setting) -> Iterator[Figure]:
    """Start, a large table, one letter in its filter."""
    large = files.many_tensors(setting.folder / "20000.safetensors", 20_000, (64, 64))
    os.sync()  # what the jobs before have written
    home = {**_OFFSCREEN, "XDG_CONFIG_HOME": str(setting.folder / "settings")}
    rounds = range(setting.rounds + 1)
    starts = [_window_job(home, "first", str(monotonic())) for _ in rounds][1:]
    yield seconds_figure("First window, torch not imported", median(starts), 0.6, "0.6 s")
    tables = [_window_job(home, "table", large) for _ in rounds][1:]
    yield seconds_figure("20,000-tensor header → table", median(tables), 0.4, "0.4 s")
    strokes = [_window_job(home, "keystroke", large) for _ in rounds][1:]
    yield seconds_figure("One keystroke in its filter", median(strokes), 0.030, "0.03 s", digits=3)
    visits = [_window_job(home, "visits", large) for _ in rounds][1:]
    job = "Longest stall of the window from its start to the first look at every panel"
    yield seconds_figure(job, median(visits), 0.05, "0.05 s", digits=3)


def stall(setting: Setting) -> Iterator[Figure]:
    """The longest time in which the window does not answer while it saves; median of the runs."""
    sources = write_example_sources(setting.folder / "sources")
    os.sync()  # the disk has nothing else to do than the save
    home = {**_OFFSCREEN, "XDG_CONFIG_HOME": str(setting.folder / "settings")}
    for precision, what in (("keep", "a save that copies"), ("bf16", "a save that converts")):
        longest = [
            _window_job(
                home,
                "stall",
                setting.folder / f"{precision}{n}.safetensors",
                precision,
                *sources.paths,
            )
            for n in range(setting.rounds + 1)
        ][1:]
        job = f"Longest stall of the window during {what}"
        yield seconds_figure(job, median(longest), 0.05, "0.05 s", digits=3)


def metadata(setting: Setting) -> Iterator[Figure]:
    """A workflow in the metadata: its nodes, its text, and whether the window goes on answering."""
    source = files.with_workflow(setting.folder / "workflow.safetensors", 2_750)
    home = {**_OFFSCREEN, "XDG_CONFIG_HOME": str(setting.folder / "settings")}
    size = f"{source.stat().st_size / MB:.1f} MB"
    for word, what, limit in (
        ("nodes", f"Workflow of {size} as a list of nodes", 0.5),
        ("text", "The same as text in the editor, laid out", 0.5),
        ("stall", "Longest stall of the window while it is read and edited", 0.05),
    ):
        measured = [
            _window_job(home, word, source, module="benchmarks.metadata_job")
            for _ in range(setting.rounds + 1)
        ][1:]
        yield seconds_figure(what, median(measured), limit, f"{limit:g} s", digits=3)


def _window_job(
    environment: dict[str, str], *words: str | Path, module: str = "benchmarks.window_job"
) -> float:
    done = run((PYTHON, "-m", module, *words), **environment)
    return float(done.output.split()[-1])


def seconds_figure(job: str, measured: float, limit: float, text: str, digits: int = 2) -> Figure:
    """Return a time and its limit, in seconds."""
    return Figure(job, f"{measured:.{digits}f} s", f"≤ {text}", measured <= limit)


def memory_figure(job: str, measured: int, limit: int) -> Figure:
    """Return a size of memory and its limit, in bytes."""
    return Figure(job, f"{measured / MB:.0f} MB", f"≤ {limit / MB:.0f} MB", measured <= limit)


JOBS: dict[str, Callable[[Setting], Iterator[Figure]]] = {
    "assemble": assemble,
    "halve": halve,
    "ckpt": from_pytorch,
    "edit": edit,
    "flux": shrink_flux,
    "inspect": inspect,
    "window": window,
    "stall": stall,
    "metadata": metadata,
}
