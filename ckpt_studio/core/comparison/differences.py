"""How far the values of two tensors, or of two sets of them, are apart."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from ckpt_studio.core.comparison.comparing import ComparedTensor

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Difference:
    """Sums over pairs of values of A and B; two of them can be added.

    ``count`` pairs of finite values went into the sums, ``invalid`` others have NaN or an infinity:
    ``invalid_a`` values of A and ``invalid_b`` of B.
    ``squares_a``, ``squares_b`` and ``squares`` are sums of squares of A, B and A − B,
    ``products`` is the sum of A · B, ``largest`` the largest magnitude of A − B. The sums are those
    of values divided by two to the power of ``exponent``, so that the squares stay in range.
    """

    count: int = 0
    invalid: int = 0
    squares_a: float = 0.0
    squares_b: float = 0.0
    squares: float = 0.0
    products: float = 0.0
    largest: float = 0.0
    invalid_a: int = 0
    invalid_b: int = 0
    exponent: int = 0

    def __add__(self, other: "Difference") -> "Difference":
        """Return the difference of both sets of values."""
        one, two = self, other
        if one.exponent != two.exponent:
            both = [each for each in (one, two) if each.squares_a or each.squares_b]
            exponent = max((each.exponent for each in both), default=0)
            one, two = one._at(exponent), two._at(exponent)
        return Difference(
            one.count + two.count,
            one.invalid + two.invalid,
            one.squares_a + two.squares_a,
            one.squares_b + two.squares_b,
            one.squares + two.squares,
            one.products + two.products,
            max(one.largest, two.largest),
            one.invalid_a + two.invalid_a,
            one.invalid_b + two.invalid_b,
            one.exponent,
        )

    def _at(self, exponent: int) -> "Difference":
        """Return the same with another exponent, a lower one only where all sums are zero."""
        if exponent == self.exponent:
            return self
        by = 2 * (self.exponent - exponent)
        return replace(
            self,
            squares_a=math.ldexp(self.squares_a, by),
            squares_b=math.ldexp(self.squares_b, by),
            squares=math.ldexp(self.squares, by),
            products=math.ldexp(self.products, by),
            exponent=exponent,
        )

    @property
    def relative(self) -> float:
        """The length of A − B over that of A; infinite where only A is zero."""
        if not self.squares:
            return 0.0
        return math.sqrt(self.squares / self.squares_a) if self.squares_a else math.inf

    @property
    def cosine(self) -> float | None:
        """The cosine of the angle between A and B, None where one of them is zero."""
        lengths = math.sqrt(self.squares_a) * math.sqrt(self.squares_b)
        return max(-1.0, min(1.0, self.products / lengths)) if lengths else None


@dataclass(frozen=True, slots=True)
class TensorDifference:
    """What comparing the values of one tensor gave.

    ``identical``: the bytes are the same. ``same``: so are the values, or both can be
    the same ones, each rounded to its type. ``difference`` is None for codes, of which only the
    bytes are compared.
    """

    tensor: ComparedTensor
    identical: bool
    same: bool
    difference: Difference | None


def together(
    differences: Iterable[TensorDifference], group: Callable[[ComparedTensor], K]
) -> dict[K, Difference]:
    """Return the difference of each group of tensors, such as those of a part or a block."""
    sums: dict[K, Difference] = {}
    for one in differences:
        if one.difference is not None:
            key = group(one.tensor)
            sums[key] = sums.get(key, Difference()) + one.difference
    return sums


def by_part(differences: Iterable[TensorDifference]) -> Mapping[str, Difference]:
    """Return the difference of each part."""
    return together(differences, lambda tensor: tensor.part)


def by_block(differences: Iterable[TensorDifference]) -> Mapping[tuple[str, str], Difference]:
    """Return the difference of each block of each part."""
    return together(differences, lambda tensor: (tensor.part, tensor.block))
