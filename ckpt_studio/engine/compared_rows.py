"""Compare the values of two files in a process of its own, with little to say between the two.

Sending a comparison of 20,000 tensors takes a second and holds up the window; opening both files
again takes less and does not. So paths and row numbers travel, and numbers come back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.checkpoint import SourceFile
from ckpt_studio.core.comparison.comparing import Comparison, compare
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from ckpt_studio.core.errors import SourceChangedError
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.comparing import compare_values
from ckpt_studio.engine.isolated import isolated
from ckpt_studio.engine.opening import open_checkpoint
from ckpt_studio.formats.shown import shown_name

Numbers = tuple[int, int, float, float, float, float, float, int, int, int]
"""The fields of a ``Difference``."""

RowDifference = tuple[int, bool, bool, Numbers | None]
"""The number of a row, whether it is identical, whether it is the same, and how far apart."""


@dataclass(frozen=True, slots=True)
class Given:
    """A model as it was opened: where it is, and its files as they were."""

    path: Path
    files: tuple[SourceFile, ...]


def compare_rows_isolated(
    comparison: Comparison,
    rows: Sequence[int],
    *,
    found: Callable[[int, TensorDifference], object],
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Compare the values of some rows of ``comparison.tensors`` in another process.

    ``found`` is told of each row and its difference as soon as it is done, on the calling thread.

    Raises:
        SourceChangedError: a file is not what it was when it was opened.
        FormatError: a file cannot be read.
        WriteError: the process ended without an answer.
        Cancelled: the token was raised; what was ``found`` until then holds.
    """

    def take(news: Sequence[RowDifference]) -> None:
        for index, identical, same, numbers in news:
            gap = None if numbers is None else Difference(*numbers)
            found(index, TensorDifference(comparison.tensors[index], identical, same, gap))

    isolated(
        "compare_rows",
        _given(comparison.a),
        _given(comparison.b),
        tuple(rows),
        found=take,
        progress=progress,
        cancel=cancel,
    )


def compare_rows(
    a: Given,
    b: Given,
    rows: Sequence[int],
    *,
    found: Callable[[Sequence[RowDifference]], object],
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Open two models again and compare the values of some rows; see ``compare_rows_isolated``.

    What is found is told together with the progress: whoever listens is woken less often.
    """
    comparison = compare(_opened(a), _opened(b))
    wanted = [comparison.tensors[index] for index in rows]
    places = ((row.part, row.name) for row in wanted)
    numbers = dict(zip(places, rows, strict=True))
    news: list[RowDifference] = []

    def keep(one: TensorDifference) -> None:
        index = numbers[one.tensor.part, one.tensor.name]
        news.append((index, one.identical, one.same, _numbers(one.difference)))

    def tell() -> None:
        if news:
            found(tuple(news))
            news.clear()

    def pass_on(now: Progress) -> None:
        tell()
        progress(now)

    try:
        compare_values(comparison, wanted, found=keep, progress=pass_on, cancel=cancel)
    finally:
        tell()


def _numbers(gap: Difference | None) -> Numbers | None:
    if gap is None:
        return None
    sums = gap.squares_a, gap.squares_b, gap.squares, gap.products
    sides = gap.invalid_a, gap.invalid_b
    return (gap.count, gap.invalid, *sums, gap.largest, *sides, gap.exponent)


def _given(opened: Opened) -> Given:
    return Given(opened.checkpoint.path, opened.checkpoint.files)


def _opened(given: Given) -> Opened:
    """Open a model that has to be what it was."""
    opened = open_checkpoint(given.path)
    if opened.checkpoint.files != given.files:
        raise SourceChangedError(
            f"{shown_name(given.path)} has changed since it was opened", "Open it again."
        )
    return opened
