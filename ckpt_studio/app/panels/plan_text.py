"""What a plan says in words: totals, the share of each part, the verdict and the problems."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core import text
from ckpt_studio.core.duration_estimate import seconds
from ckpt_studio.core.families import architecture
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plan import Coverage, Plan
from ckpt_studio.core.problems import Problem, Severity
from ckpt_studio.qt.part_colors import part_index
from ckpt_studio.qt.size_bar import Segment

MISSING_PART = "missing-part:"
ERROR = ("alert-circle-outline", "bad")
WARNING = ("alert-outline", "warn")
NOTE = ("information-outline", "dim")
GOOD = ("check-circle-outline", "good")
_SIGNS = {Severity.ERROR: ERROR, Severity.WARNING: WARNING, Severity.NOTE: NOTE}
_LONG_ENOUGH_S = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the plan: a sign, a sentence, names to show, and a code to act on."""

    sign: tuple[str, str]
    sentence: str
    hint: str = ""
    names: tuple[str, ...] = ()
    code: str = ""


def tr(sentence: str) -> str:
    """Translate a text of the plan."""
    return QCoreApplication.translate("Plan", sentence)


def segments(plan: Plan) -> tuple[Segment, ...]:
    """Return the parts of a plan with their colours; what belongs to no part comes last."""
    if plan.verb == "lora":
        return _lora_segments(plan)
    parts = [
        Segment(part_name(part.part), part.bytes, part_index(part.part)) for part in plan.parts
    ]
    rest = plan.data_bytes - sum(part.bytes for part in plan.parts)
    return (*parts, Segment(tr("Other"), rest, part_index(""))) if rest > 0 else tuple(parts)


def _lora_segments(plan: Plan) -> tuple[Segment, ...]:
    """Return how much of a LoRA is for which part of a model, where that is known."""
    sizes: dict[str, int] = {}
    for row in plan.tensors:
        sizes[row.part] = sizes.get(row.part, 0) + row.nbytes
    return tuple(
        Segment(part_name(part) if part else tr("LoRA"), size, part_index(part))
        for part, size in sizes.items()
    )


def totals(plan: Plan) -> str:
    """Return size, tensors, time and memory in one line."""
    size = plan.bytes
    shown = [
        text.binary_size(size),
        tr("{count} tensors").format(count=text.count(len(plan.tensors))),
    ]
    expected = seconds(plan)
    if expected >= _LONG_ENOUGH_S:
        shown.append(tr("about {time}").format(time=text.duration(expected)))
    if plan.peak_memory_bytes:
        shown.append(tr("{size} of memory").format(size=text.binary_size(plan.peak_memory_bytes)))
    if plan.coverage is not None and plan.free_bytes is not None:
        shown.append(tr("{size} free on that disk").format(size=text.binary_size(plan.free_bytes)))
    return " · ".join(shown)


def lines(plan: Plan) -> tuple[Line, ...]:
    """Return the verdict and the problems, errors first."""
    order = list(Severity)
    problems = sorted(plan.problems, key=lambda problem: order.index(problem.severity))
    shown = tuple(_line(problem) for problem in problems)
    said = _conflicts(plan.coverage) if plan.coverage else ()
    return (*shown, *said) if plan.errors else (_verdict(plan), *shown, *said)


def _conflicts(coverage: Coverage) -> tuple[Line, ...]:
    """Return a line about tensors that a merge cannot compute, because their shapes differ."""
    if not coverage.conflicts:
        return ()
    count = text.counted(len(coverage.conflicts), "tensor")
    words = tr("{count} of another shape in another model, copied from A.").format(count=count)
    return (Line(WARNING, words, names=coverage.conflicts),)


def _verdict(plan: Plan) -> Line:
    family = architecture.family(plan.target).name if plan.target else ""
    if plan.missing:
        return Line(WARNING, tr("Can be written, but is not complete."), names=plan.missing)
    if plan.verb == "extract" and plan.files:
        files = tr("Complete: {count} files, each loads by itself.")
        one = tr("Complete: one file that loads by itself.")
        return Line(GOOD, one if len(plan.files) == 1 else files.format(count=len(plan.files)))
    if plan.verb == "lora" and family:
        return Line(GOOD, tr("Ready to be written: a LoRA for {family}.").format(family=family))
    if not family:
        return Line(GOOD, tr("Ready to be written."))
    return Line(GOOD, tr("Complete: loads as a {family} checkpoint.").format(family=family))


def _line(problem: Problem) -> Line:
    sentence = f"{problem.message} {problem.hint}".strip()
    return Line(_SIGNS[problem.severity], sentence, problem.hint, problem.names, problem.code)
