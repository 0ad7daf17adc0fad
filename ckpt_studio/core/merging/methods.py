"""The merge methods: what they are called, what they take, and how they are computed."""

from dataclasses import dataclass
from enum import StrEnum

from ckpt_studio.core.errors import PlanError


class Reach(StrEnum):
    """What a method has to see to compute one value (``merging.md`` 2.7)."""

    ELEMENT = "element"  # the same element of every input
    TENSOR = "tensor"  # whole tensors
    MODEL = "model"  # statistics of all tensors first


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that the user chooses; ``low`` and ``high`` limit what is offered.

    ``low_end`` and ``high_end`` say in words what the ends mean, with {a} and {b} for the models.
    ``by_block`` parameters may have another value in each block.
    """

    id: str
    name: str
    sentence: str
    default: float
    low: float = 0.0
    high: float = 1.0
    step: float = 0.05
    low_end: str = ""
    high_end: str = ""
    by_block: bool = True


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method as the window shows it and a plan checks it.

    ``roles`` name the inputs in order ("A", "B", "C: common ancestor"); a method for any number of
    models has ``most`` None. ``source`` says where the formula comes from.
    """

    id: str
    name: str
    sentence: str
    formula: str
    roles: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    reach: Reach
    source: str
    least: int = 2
    most: int | None = 2
    random: bool = False


_ALPHA = Parameter(
    "alpha", "α", "How much of B there is in the result", 0.5, low_end="all {a}", high_end="all {b}"
)

METHODS: tuple[MethodSpec, ...] = (
    MethodSpec(
        "weighted_sum",
        "Weighted sum",
        "Mixes two models: the slider says how much of B there is in the result.",
        "(1 − α)·A + α·B",
        ("A", "B"),
        (_ALPHA,),
        Reach.ELEMENT,
        "merging.md 2.2",
    ),
)


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
