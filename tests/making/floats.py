"""Small floating types in exact integer arithmetic: the reference that casts are judged by."""

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Format:
    exponent: int
    mantissa: int
    has_infinity: bool = True

    @property
    def bias(self) -> int:
        return (1 << (self.exponent - 1)) - 1

    @property
    def sign_bit(self) -> int:
        return 1 << (self.exponent + self.mantissa)

    @property
    def infinity_bits(self) -> int:
        return ((1 << self.exponent) - 1) << self.mantissa

    @property
    def largest_bits(self) -> int:
        """Bits of the largest finite value; e4m3fn gives up only the very last code for NaN."""
        return self.infinity_bits - 1 if self.has_infinity else self.sign_bit - 2

    @property
    def nan_bits(self) -> int:
        if not self.has_infinity:
            return self.sign_bit - 1
        return self.infinity_bits | (1 << (self.mantissa - 1))

    def magnitude(self, bits: int) -> Fraction:
        """Exact value of a finite code without its sign."""
        exponent, fraction = bits >> self.mantissa, bits & ((1 << self.mantissa) - 1)
        if exponent:
            fraction |= 1 << self.mantissa
        else:
            exponent = 1
        return Fraction(fraction) * Fraction(2) ** (exponent - self.bias - self.mantissa)

    def value(self, bits: int) -> float:
        sign = -1.0 if bits & self.sign_bit else 1.0
        rest = bits & ~self.sign_bit
        if rest > self.largest_bits:
            is_inf = self.has_infinity and rest == self.infinity_bits
            return math.copysign(math.inf if is_inf else math.nan, sign)
        return math.copysign(float(self.magnitude(rest)), sign)

    def encode(self, value: float) -> tuple[int, bool]:
        """Return the code of a value rounded once to nearest even, and whether it overflowed.

        What overflows becomes the largest finite value.
        """
        sign = self.sign_bit if math.copysign(1.0, value) < 0 else 0
        if math.isnan(value):
            return sign | self.nan_bits, False
        if math.isinf(value):
            if self.has_infinity:
                return sign | self.infinity_bits, False
            return sign | self.largest_bits, True
        bits = self._nearest(Fraction(abs(value)))
        if bits > self.largest_bits:
            return sign | self.largest_bits, True
        return sign | bits, False

    def _nearest(self, exact: Fraction) -> int:
        """Round to a multiple of the unit in the last place; codes count on beyond the largest."""
        if not exact:
            return 0
        power = exact.numerator.bit_length() - exact.denominator.bit_length()
        if Fraction(2) ** power > exact:
            power -= 1
        power = max(power, 1 - self.bias)
        units = exact / Fraction(2) ** (power - self.mantissa)
        whole = round(units)  # Fraction rounds half to even
        return ((power + self.bias - 1) << self.mantissa) + whole


F32 = Format(8, 23)
F16 = Format(5, 10)
BF16 = Format(8, 7)
E4M3 = Format(4, 3, has_infinity=False)
E5M2 = Format(5, 2)
