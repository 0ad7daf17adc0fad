"""The jobs of the table that read values: statistics, comparing, hashes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.jobs import MB, Figure, Setting
from benchmarks.measure import COMMAND_LINE, PYTHON, Run, run
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.demo import write_example_sources

_LEAST = 1.0
_MOST_MEMORY = 500 * MB
_SHARE = 0.7
_START_S = 0.4


def statistics(setting: Setting) -> Iterator[Figure]:
    """Every value of an fp16 and of an fp32 model is counted."""
    half = write_example_sources(setting.folder / "sources").model
    yield from _rate(setting, f"Statistics of all values, fp16 ({_size(half)})", "statistics", half)
    full = setting.folder / "fp32.safetensors"
    files.whole_checkpoint(full, "sd15", DType.F32, sparse=False)
    yield from _rate(setting, f"Statistics of all values, fp32 ({_size(full)})", "statistics", full)


def compare(setting: Setting) -> Iterator[Figure]:
    """Two fp16 models of other values; the rate is that of the bytes of both."""
    one = write_example_sources(setting.folder / "sources").model
    other = files.shifted(setting.folder / "other.safetensors", one)
    job = f"Comparing the values of two fp16 models (2 × {_size(one)})"
    yield from _rate(setting, job, "compare", one, other)


def hashes(setting: Setting) -> Iterator[Figure]:
    """All hashes in one pass, beside sha256sum, which takes one."""
    file = write_example_sources(setting.folder / "sources").model
    theirs, ours = [], []
    for _ in range(setting.rounds + 1):
        theirs.append(run(("sha256sum", file)).seconds)
        ours.append(run((*COMMAND_LINE, "hash", "--no-cache", file)).seconds)
    alone, all_of_them = median(theirs[1:]), median(ours[1:])
    limit = alone / _SHARE + _START_S
    text = f"≤ sha256sum ({alone:.2f} s) / {_SHARE} + {_START_S} s"
    job = f"Five hashes of {_size(file)} in one pass"
    yield Figure(job, f"{all_of_them:.2f} s", text, all_of_them <= limit)


def _rate(setting: Setting, job: str, *words: str | Path) -> Iterator[Figure]:
    runs = [_value_job(*words) for _ in range(setting.rounds + 1)][1:]
    rate = median(float(one.output.split()[-1]) for one in runs)
    yield Figure(job, f"{rate:.2f} GB/s", f"≥ {_LEAST:.0f} GB/s", rate >= _LEAST)
    peak = max(one.peak for one in runs)
    text = f"≤ {_MOST_MEMORY / MB:.0f} MB"
    yield Figure(f"{job}: peak memory", f"{peak / MB:.0f} MB", text, peak <= _MOST_MEMORY)


def _value_job(*words: str | Path) -> Run:
    return run((PYTHON, "-m", "benchmarks.value_job", *words))


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e9:.2f} GB"


VALUE_JOBS: dict[str, Callable[[Setting], Iterator[Figure]]] = {
    "statistics": statistics,
    "compare": compare,
    "hashes": hashes,
}
