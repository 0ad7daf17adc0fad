"""What to do about a problem, in the words of the command line: the option that helps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.problems import Problem, Severity

_MISSING = "missing-part"
_OPTIONS = {"unet": "--model", "vae": "--vae", "clip_vision": "--clip-vision"}
_HINTS = {
    "exists": "Choose another name, or use --overwrite.",
    "overflow": "Nothing was saved. Choose another precision, such as bf16, or use "
    "--on-overflow keep (these tensors stay as they are) or clamp (the largest value that fits).",
    f"{_MISSING}:conditioner": "Name a whole checkpoint with --from, or use --allow-missing.",
}


_BESIDE = "Write another file with -o OUT; with -o NAME.json the metadata go into a text instead."
_META_HINTS = {
    "not-in-place": _BESIDE,
    "read-only-file": _BESIDE,
    "read-only": _BESIDE,
    "no-permission": _BESIDE,
}
"""Of edits, for which a text beside the model does as well."""


def hint(code: str, text: str) -> str:
    """Return what to do about a kind of error or a code of a problem; ``text`` where it is said."""
    kind, _, part = code.partition(":")
    if code in _HINTS:
        return _HINTS[code]
    if code == "missing-sources":
        return "Say where they are, with --models FILE or --models FOLDER."
    if code == "not-in-place":
        return _META_HINTS[code]
    if kind == _MISSING:
        return f"Name a file with {_OPTIONS.get(part, '--text-encoder')}, or use --allow-missing."
    return f"Use --dtype {part}=keep." if kind == "quantised" else text


def with_hints(made: Plan) -> Plan:
    """Return the plan whose errors name options."""
    own = _META_HINTS if made.verb == "meta" else {}
    return replace(made, problems=tuple(_with_hint(problem, own) for problem in made.problems))


def refusal(made: Plan) -> PlanError | None:
    """Return the errors of a plan as one sentence; all missing parts count as one."""
    parts = [problem for problem in made.errors if _is_part(problem)]
    # a file that was refused explains why its part is missing
    others = [problem for problem in made.errors if problem not in parts]
    errors = [*others, *_joined(made.target, parts)]
    if not errors:
        return None
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return PlanError(f"{errors[0].message}{more}", errors[0].hint)


def _with_hint(problem: Problem, own: Mapping[str, str]) -> Problem:
    if problem.severity is not Severity.ERROR:
        return problem
    words = own.get(problem.code) or hint(problem.code, problem.hint)
    return replace(problem, hint=words)


def _is_part(problem: Problem) -> bool:
    return problem.code.startswith(f"{_MISSING}:") and problem.code not in _HINTS


def _joined(target: str | None, missing: Sequence[Problem]) -> Sequence[Problem]:
    if len(missing) < 2 or target is None:  # noqa: PLR2004 - one speaks for itself
        return missing
    parts = [problem.code.partition(":")[2] for problem in missing]
    *names, last = map(part_name, parts)
    options = dict.fromkeys(_OPTIONS.get(part, "--text-encoder") for part in parts)
    return [
        replace(
            missing[0],
            message=f"There is no {', '.join(names)} or {last}: {family(target).name} needs them.",
            hint=f"Name files with {' and '.join(options)}, or use --allow-missing.",
        )
    ]
