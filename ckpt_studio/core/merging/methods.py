"""The merge methods: what they are called, what they take, and what is wrong with a choice."""

import math
from collections.abc import Mapping

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.merging.delta_methods import DELTAS
from ckpt_studio.core.merging.linear_methods import LINEAR
from ckpt_studio.core.merging.method_spec import LARGEST, Exact, MethodSpec, Parameter, Reach
from ckpt_studio.core.merging.selective_methods import SELECTIVE

__all__ = [
    "METHODS",
    "Exact",
    "MethodSpec",
    "Parameter",
    "Reach",
    "check",
    "completed",
    "exact_input",
    "method",
]

METHODS: tuple[MethodSpec, ...] = (*LINEAR, *SELECTIVE, *DELTAS)

_SMALLEST_SUM = 1e-6


def method(name: str) -> MethodSpec:
    """Return the method of that id.

    Raises:
        PlanError: there is none.
    """
    for spec in METHODS:
        if spec.id == name:
            return spec
    known = ", ".join(spec.id for spec in METHODS)
    raise PlanError(f"There is no merge method “{name}”.", f"There are {known}.")


def completed(spec: MethodSpec, count: int, parameters: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters with the defaults of those that are missing, for so many inputs."""
    return {item.id: item.default for item in spec.parameters_for(count)} | dict(parameters)


def exact_input(
    spec: MethodSpec, parameters: Mapping[str, float], count: int | None = None
) -> int | None:
    """Return the index of the input that the result equals bit for bit, if there is one.

    ``count`` is the number of inputs; a method for any number of models needs it.
    """
    if count is None:
        if spec.most is None:
            return None
        count = spec.least
    values = completed(spec, count, parameters)
    if spec.weight is not None and not spec.base:
        used = [index for index in range(count) if values[f"weight_{index + 1}"]]
        return used[0] if len(used) == 1 else None
    for exact in spec.exact:
        if all(values[name] == value for name, value in exact.when):
            return exact.input % count
    return None


def check(spec: MethodSpec, count: int, parameters: Mapping[str, float]) -> None:
    """Check a choice of parameters for so many inputs; missing ones have their defaults.

    Raises:
        PlanError: the number of models is wrong, a parameter is unknown, no finite number or has a
            value that makes no sense.
    """
    _check_count(spec, count)
    known = {item.id: item for item in spec.parameters_for(count)}
    for name, value in parameters.items():
        if name not in known:
            names = ", ".join(known)
            raise PlanError(
                f"{spec.name} has no parameter “{name}”.",
                f"It has {names}." if known else "It has no parameters.",
            )
        _check_value(spec, known[name], value)
    _check_together(spec, completed(spec, count, parameters))


def _check_count(spec: MethodSpec, count: int) -> None:
    if count >= spec.least and (spec.most is None or count <= spec.most):
        return
    models = f"{spec.least} model{'' if spec.least == 1 else 's'}"
    wanted = models if spec.most is not None else f"at least {models}"
    last = " The last one is the common ancestor of the others." if spec.base else ""
    raise PlanError(
        f"{spec.name} takes {wanted}, not {count}.",
        f"Choose {wanted} or another method.{last}",
    )


def _check_value(spec: MethodSpec, parameter: Parameter, value: float) -> None:
    called = parameter.id if parameter.id == parameter.name else f"{parameter.name}, {parameter.id}"
    if not math.isfinite(value):
        raise PlanError(f"{spec.name} cannot use {value} ({called}).", "Give a finite number.")
    if abs(value) > LARGEST:
        raise PlanError(
            f"{spec.name} cannot use {value:g} ({called}).",
            f"Give a number between −{LARGEST:,.0f} and {LARGEST:,.0f}.",
        )
    if not parameter.takes(value):
        raise PlanError(
            f"{spec.name} cannot use {value:g} ({called}).",
            f"Give a number that is {parameter.limits}.",
        )


def _check_together(spec: MethodSpec, values: Mapping[str, float]) -> None:
    """Check what only parameters together can break."""
    if spec.id == "average":
        total = math.fsum(value for name, value in values.items() if name.startswith("weight_"))
        if abs(total) < _SMALLEST_SUM:
            raise PlanError(
                "The weights of the average add up to 0.", "Give at least one model a weight."
            )
    density = values.get("density", 1.0)
    if spec.id == "della" and not values["epsilon"] < density <= 1 - values["epsilon"]:
        raise PlanError(
            f"DELLA cannot use density {density:g} with ε {values['epsilon']:g}.",
            "Density − ε must be above 0, and density + ε at most 1.",
        )
    if spec.id == "breadcrumbs" and density + values["gamma"] > 1:
        raise PlanError(
            f"Breadcrumbs cannot keep {density:g} and drop {values['gamma']:g} of the changes.",
            "Density + γ must be at most 1.",
        )
