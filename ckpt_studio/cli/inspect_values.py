"""The parts of ``inspect`` that read tensor data: statistics, the health check, one array."""

from argparse import Namespace
from collections.abc import Iterator

from ckpt_studio.cli.inspection_text import number
from ckpt_studio.cli.job import job
from ckpt_studio.cli.printing import printable, table
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.pattern import compile_pattern
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.statistics import TensorStatistics
from ckpt_studio.core.text import count
from ckpt_studio.engine.health import check_health
from ckpt_studio.engine.npy_saving import NpyOptions, save_npy
from ckpt_studio.engine.statistics import take_statistics
from ckpt_studio.engine.summary import Json
from ckpt_studio.engine.value_summary import array_summary, findings_summary, statistics_summary
from ckpt_studio.formats.shown import shown_name

_TITLES = (
    *("Name", "Type", "Min", "Max", "Mean", "Std", "Zeros", "NaN", "Inf"),
    *("> F16", "> E4M3", "→ 0 F16", "→ 0 E4M3"),
)


def values_of(opened: Opened, arguments: Namespace) -> Json:
    """Return what the options ask for beside the header.

    Raises:
        CkptStudioError: the file changed, cannot be read, has no tensor of the name or pattern, or
            a tensor cannot be saved.
        Cancelled: the user stopped it.
    """
    document: Json = {}
    with job(arguments) as (progress, cancel):
        known: tuple[TensorStatistics, ...] | None = None
        if arguments.stats is not None:
            names = _matching(opened, arguments.stats)
            known = take_statistics(opened.checkpoint, names, progress=progress, cancel=cancel)
            document["statistics"] = statistics_summary(known)
        if arguments.health:
            every = known if arguments.stats == "" else None
            document["health"] = findings_summary(
                check_health(opened, statistics=every, progress=progress, cancel=cancel)
            )
        if arguments.npy is not None:
            npy = NpyOptions(raw=arguments.npy_raw, overwrite=arguments.overwrite)
            document["npy"] = array_summary(
                save_npy(
                    *(opened.checkpoint, arguments.npy, arguments.output, npy),
                    progress=progress,
                    cancel=cancel,
                )
            )
    return document


def _matching(opened: Opened, pattern: str) -> list[str]:
    found = compile_pattern(pattern)
    names = [name for name in opened.checkpoint.tensors if found.search(name)]
    if pattern and not names:
        raise PlanError(
            f"No tensor of {shown_name(opened.checkpoint.path)} has ‘{pattern}’ in its name.",
            "List the names with --tensors.",
        )
    return names


def value_lines(document: Json) -> Iterator[str]:
    """Return what a person reads of it."""
    if "statistics" in document:
        yield ""
        yield from _statistics(document["statistics"])
    if "health" in document:
        yield ""
        yield from _health(document["health"])
    if "npy" in document:
        saved = document["npy"]
        what = "widened to fp32" if saved["widened"] else "codes" if saved["codes"] else "values"
        shape = "×".join(map(str, saved["shape"])) or "one number"
        yield f"  Saved {printable(saved['file'])}: {shape}, {saved['dtype']} ({what})"


def _statistics(found: Json) -> Iterator[str]:
    rows = [_row(one) for one in found["tensors"]]
    if len(rows) > 1:
        rows.append(_row({**found["together"], "name": "together", "dtype": "", "codes": False}))
    yield table(_TITLES, rows, right=frozenset(range(2, len(_TITLES))))
    if any(one["codes"] for one in found["tensors"]):
        yield "  * codes of quantised weights: they mean something only with their scales"


def _row(one: Json) -> tuple[str, ...]:
    name = one["name"] + (" *" if one["codes"] else "")
    if "count" not in one:
        return (name, one["dtype"], *[""] * (len(_TITLES) - 2))
    large, small = one["too_large"], one["too_small"]
    return (
        name,
        one["dtype"],
        *(_real(one[key]) for key in ("min", "max", "mean", "std")),
        *(count(one[key]) for key in ("zeros", "nan", "infinite")),
        *(_whole(large.get(kind)) for kind in ("F16", "F8_E4M3")),
        *(_whole(small.get(kind)) for kind in ("F16", "F8_E4M3")),
    )


def _real(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _whole(value: int | None) -> str:
    return "" if value is None else count(value)


def _health(found: list[Json]) -> Iterator[str]:
    if not any(finding["severity"] != "note" for finding in found):
        yield "  Health: nothing is wrong"
    else:
        yield f"  Health: {number(len(found), 'finding')}"
    for finding in found:
        yield f"  {finding['severity']}: {printable(finding['message'])}"
        if finding["hint"]:
            yield f"    {printable(finding['hint'])}"
        if finding["fix"]:
            yield f"    {_fix(finding['fix'])}"


def _fix(fix: Json) -> str:
    words = fix["options"]
    shown = " ".join(map(printable, words[:4])) + (" …" if len(words) > 4 else "")  # noqa: PLR2004 - two options
    return f"convert {shown}: {fix['label'][0].lower()}{fix['label'][1:]}"
