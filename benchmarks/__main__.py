"""Measure, print the table, and write docs/performance.md when every job was measured."""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from benchmarks.extraction import EXTRACTION_JOBS
from benchmarks.jobs import JOBS, Figure, Setting
from benchmarks.merging import MERGE_JOBS
from benchmarks.others import Others
from benchmarks.values import VALUE_JOBS
from ckpt_studio import __version__

ALL_JOBS = {**JOBS, **VALUE_JOBS, **MERGE_JOBS, **EXTRACTION_JOBS}
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_NEEDED_BYTES = 20_000_000_000


def main() -> int:
    """Run the jobs that were asked for; 1 when a figure was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "jobs", nargs="*", metavar="JOB", help=f"{', '.join(ALL_JOBS)} (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="pairs of each timed job (default 5)")
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary one)")
    arguments = parser.parse_args()
    if unknown := set(arguments.jobs) - set(ALL_JOBS):
        parser.error(f"no such job: {', '.join(sorted(unknown))}")
    if shutil.disk_usage(arguments.folder or tempfile.gettempdir()).free < _NEEDED_BYTES:
        parser.error("20 GB of disk are needed; choose another --folder")
    figures: list[Figure] = []
    others = Others()
    for name in arguments.jobs or ALL_JOBS:
        with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="ckpt-studio-bench-") as at:
            for figure in ALL_JOBS[name](Setting(Path(at), arguments.rounds)):
                figures.append(figure)
                print(_row(figure), flush=True)
    if not arguments.jobs:
        PAGE.write_text("\n".join(_page(figures, arguments.rounds, others.share())), "utf-8")
        print(f"Wrote {PAGE}")
    return 1 if any(figure.reached is False for figure in figures) else 0


def _row(figure: Figure) -> str:
    mark = {True: "yes", False: "**no**", None: ""}[figure.reached]
    return f"| {figure.job} | {figure.measured} | {figure.limit} | {mark} |"


def _page(figures: list[Figure], rounds: int, others: float | None) -> Iterator[str]:
    yield "# Performance"
    yield ""
    yield "Written by `make bench` (`python -m benchmarks`); nothing here is typed by hand."
    yield ""
    yield (
        "`cp` means `cp` followed by `sync` of the copies, because a save is on the disk when it "
        f"says so. Times are medians of {rounds} rounds in which `cp` and the job took turns, with "
        "the sources in the page cache, from start to end of the process. Memory is the largest "
        "resident size of the process."
    )
    yield ""
    yield "| Job | Measured | Must be | Reached |"
    yield "|---|---|---|---|"
    yield from map(_row, figures)
    yield ""
    yield f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory()}; {_system()}."
    if others is not None:
        yield (
            f"Other programs used {others:.0%} of the processors during the run; times of a run "
            "with much of that say little, memory does not depend on it."
        )
    yield (
        f"Software: Checkpoint Studio {__version__}, Python {platform.python_version()}, "
        f"torch {version('torch')}, PySide6 {version('PySide6-Essentials')}, offscreen."
    )
    yield ""


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.0f} GiB of memory"


def _system() -> str:
    return f"{platform.system()} {platform.release()}"


if __name__ == "__main__":
    sys.exit(main())
