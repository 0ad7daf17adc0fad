"""What is said about values that do not fit the chosen precision, or are no numbers."""

from collections.abc import Sequence

from ckpt_studio.core.errors import OverflowFoundError
from ckpt_studio.core.expr import AddAdapter, Blend, Expr
from ckpt_studio.core.plan import OverflowCount, Plan, PlannedTensor
from ckpt_studio.core.problems import Problem, warning
from ckpt_studio.core.rewriting import parts_of
from ckpt_studio.core.text import count
from ckpt_studio.engine.tally import Tally
from ckpt_studio.formats.shown import shown

_NAMED = 3


def overflow_counts(plan: Plan, tally: Tally) -> tuple[OverflowCount, ...]:
    """Return the tensors with values that do not fit, the largest magnitude first."""
    return tuple(
        OverflowCount(plan.tensors[row].name, counts.overflowed, counts.max_abs)
        for row, counts in tally.overflowed().items()
    )


def overflow_error(plan: Plan, counts: tuple[OverflowCount, ...]) -> OverflowFoundError:
    """Return the error that names the worst tensors."""
    types = {row.name: row.dtype.label for row in plan.tensors}
    worst = "; ".join(
        f"{shown(item.name)} ({count(item.count)}, up to {item.max_abs:.6g})"
        for item in counts[:_NAMED]
    )
    total = sum(item.count for item in counts)
    values = "1 value is" if total == 1 else f"{count(total)} values are"
    tensors = "1 tensor" if len(counts) == 1 else f"{count(len(counts))} tensors"
    kinds = " and ".join(sorted({types[item.name] for item in counts}))
    return OverflowFoundError(
        f"{values} too large for {kinds} in {tensors}: {worst}",
        "Nothing was saved. Choose another precision, such as bf16, keep these tensors in their "
        "old precision, or allow the largest value that fits.",
    )


def invalid_numbers(rows: Sequence[PlannedTensor], tally: Tally) -> tuple[Problem, ...]:
    """Return the warning about converted tensors that hold NaN or infinity, if there are any."""
    names = tuple(rows[index].name for index in tally.invalid())
    if not names:
        return ()
    what = (
        "One converted tensor holds" if len(names) == 1 else f"{len(names)} converted tensors hold"
    )
    why = "They were invalid in the source already"
    if any(_mixed(rows[index].expr) for index in tally.invalid()):
        why = "Values of a model or a LoRA are invalid, or too large to be computed with"
    return (
        warning(
            f"{what} invalid numbers (NaN or infinity)",
            f"{why}; pictures may come out black.",
            code="invalid-numbers",
            names=names,
        ),
    )


def _mixed(expr: Expr) -> bool:
    """Whether values of several tensors are computed into one."""
    return isinstance(expr, Blend | AddAdapter) or any(map(_mixed, parts_of(expr)))
