"""One job over values in a process of its own: prints gigabytes a second, without loading torch."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from ckpt_studio.core.comparison.comparing import compare
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine._torch import counting, differences
from ckpt_studio.engine.comparing import compare_values
from ckpt_studio.engine.statistics import take_statistics

LOADED = (counting, differences)


def statistics(opened: Opened) -> object:
    """Take the statistics of all tensors."""
    return take_statistics(opened.checkpoint)


def both(one: Opened, other: Opened) -> object:
    """Compare the values of all tensors."""
    return compare_values(compare(one, other))


def main() -> None:
    """Time one job: ``statistics FILE`` or ``compare A B``."""
    name, *words = sys.argv[1:]
    job: Callable[..., object] = {"statistics": statistics, "compare": both}[name]
    opened = [open_checkpoint(Path(word)) for word in words]
    started = perf_counter()
    job(*opened)
    seconds = perf_counter() - started
    print(sum(each.checkpoint.size for each in opened) / seconds / 1e9)


if __name__ == "__main__":
    main()
