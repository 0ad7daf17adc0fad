"""Both sides of a product of matrices are worked out at once; the other one waits for its row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Protocol

from ckpt_studio.core.expr import Factor
from ckpt_studio.core.plan import Retained


class Sides(Protocol):
    """What was worked out: ``sides`` are tensors by their side, the others sums of squares."""

    @property
    def sides(self) -> Mapping[str, Any]:
        """The tensors, ``up`` and ``down``."""

    @property
    def kept(self) -> float:
        """Sum of squares of the product."""

    @property
    def total(self) -> float:
        """Sum of squares of what it stands for."""


@dataclass(slots=True)
class _Entry:
    lock: Lock = field(default_factory=Lock)
    sides: dict[str, Any] = field(default_factory=dict)


class Factored:
    """Sides that are worked out but not written yet; several threads may ask at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[Factor, _Entry] = {}
        self._retained: dict[str, Retained] = {}

    def side(self, expr: Factor, make: Callable[[], Sides]) -> Any:
        """Return one side; ``make`` is called for the first of the two that is asked for."""
        key = replace(expr, side="")
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if expr.side not in entry.sides:
                made = make()
                entry.sides = dict(made.sides)
                self._retained[expr.key] = Retained(expr.key, made.kept, made.total)
            side = entry.sides.pop(expr.side)
            if not entry.sides:
                with self._lock:
                    self._entries.pop(key, None)
        return side

    def retained(self) -> tuple[Retained, ...]:
        """Return what the products hold of each tensor."""
        return tuple(self._retained[key] for key in sorted(self._retained))
