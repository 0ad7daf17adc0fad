"""What a merge method is, apart from its arithmetic: its inputs, parameters and words."""

from dataclasses import dataclass, replace
from enum import StrEnum

LARGEST = 1e6
"""No number of a merge may be larger: fp32 would overflow long before such a one made sense."""


class Reach(StrEnum):
    """What a method has to see to compute one value (``merging.md`` 2.7)."""

    ELEMENT = "element"  # the same element of every input
    TENSOR = "tensor"  # whole tensors
    MODEL = "model"  # statistics of all tensors first


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that the user chooses; ``low`` and ``high`` limit what is offered.

    ``minimum`` and ``maximum`` limit what makes sense mathematically (None: any finite number);
    ``above`` says that the minimum itself does not. ``low_end`` and ``high_end`` say in words what
    the ends mean, with {a}, {b} and {c} for the models. ``by_block`` parameters may have another
    value in each block.
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
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False

    def takes(self, value: float) -> bool:
        """Tell whether a finite value makes sense."""
        if self.minimum is not None and (
            value < self.minimum or (self.above and value == self.minimum)
        ):
            return False
        return self.maximum is None or value <= self.maximum

    @property
    def limits(self) -> str:
        """The values that make sense, in words: "above 0 and at most 1"."""
        words = []
        if self.minimum is not None:
            words.append(f"{'above' if self.above else 'at least'} {self.minimum:g}")
        if self.maximum is not None:
            words.append(f"at most {self.maximum:g}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True)
class Exact:
    """The result is this input when the parameters have these values; -1 is the last input."""

    input: int
    when: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method as the window shows it and a plan checks it.

    ``roles`` name the inputs in order ("A", "B", "C: common ancestor"); a method for any number of
    models has ``most`` None, and ``roles`` for the least number. ``base`` says that the last input
    is the common ancestor of the others. ``weight`` describes one more parameter for each model
    (without the ancestor), called ``weight_1``, ``weight_2`` and so on. ``exact`` says when the
    result is an input bit for bit. ``source`` says where the formula comes from.
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
    base: bool = False
    weight: Parameter | None = None
    exact: tuple[Exact, ...] = ()

    def parameters_for(self, count: int) -> tuple[Parameter, ...]:
        """Return all parameters for so many inputs: those of the method, then the weights."""
        if self.weight is None:
            return self.parameters
        models = count - 1 if self.base else count
        return self.parameters + tuple(
            replace(self.weight, id=f"weight_{number}", name=f"Weight of model {number}")
            for number in range(1, models + 1)
        )
