"""What conversions did to the values, per row; filled by several threads."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counts:
    """What one conversion did: values too large, the largest of them, values made zero, NaN/Inf."""

    overflowed: int = 0
    max_abs: float = 0.0
    flushed: int = 0
    invalid: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            self.overflowed + other.overflowed,
            max(self.max_abs, other.max_abs),
            self.flushed + other.flushed,
            self.invalid + other.invalid,
        )


@dataclass(slots=True)
class Tally:
    """Counts of all rows that have any."""

    rows: dict[int, Counts] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, row: int, counts: Counts) -> None:
        """Add the counts of a slice of a row."""
        if counts == _NOTHING:
            return
        with self._lock:
            self.rows[row] = self.rows.get(row, _NOTHING) + counts

    @property
    def flushed(self) -> int:
        """Values that became zero, all rows together."""
        return sum(counts.flushed for counts in self.rows.values())

    def overflowed(self) -> dict[int, Counts]:
        """Return the rows with values too large, the worst first."""
        found = {row: counts for row, counts in self.rows.items() if counts.overflowed}
        return dict(sorted(found.items(), key=lambda item: (-item[1].max_abs, item[0])))

    def invalid(self) -> list[int]:
        """Return the rows with NaN or infinite values."""
        return sorted(row for row, counts in self.rows.items() if counts.invalid)


_NOTHING = Counts()
