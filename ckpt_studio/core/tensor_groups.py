"""Tensors as a tree of dotted names, opened level by level, and totals over any of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ckpt_studio.core import text
from ckpt_studio.core.query import Row

_MOST_JOINED = 32


@dataclass(frozen=True, slots=True)
class Totals:
    """Number of tensors, elements and bytes, and the element types by bytes, largest first."""

    tensors: int
    parameters: int
    nbytes: int
    dtypes: tuple[str, ...]

    def text(self) -> str:
        """Return the totals without their number, as ``48 MiB · 25,165,824 parameters · F16``."""
        parameters = f"{text.count(self.parameters)} parameters"
        types = (", ".join(self.dtypes),) if self.dtypes else ()
        return " · ".join((text.binary_size(self.nbytes), parameters, *types))


def totals(rows: Iterable[Row]) -> Totals:
    """Add up some rows."""
    dtypes: Counter[str] = Counter()
    number = parameters = 0
    for row in rows:
        number += 1
        parameters += row.tensor.parameters
        dtypes[row.tensor.dtype.label] += row.tensor.nbytes
    names = tuple(name for name, _ in dtypes.most_common())
    return Totals(number, parameters, dtypes.total(), names)


@dataclass(eq=False)
class Group:
    """A folder of tensors whose names begin the same; ``row`` is set for a tensor itself.

    ``depth`` counts the dotted words that are spelled out by the folder and those above it.
    Folders with nothing but one folder inside are joined with it (``model.diffusion_model``).
    """

    name: str
    rows: Sequence[Row]
    depth: int = 0
    parent: "Group | None" = None
    place: int = 0
    row: Row | None = None

    @cached_property
    def totals(self) -> Totals:
        """What is inside."""
        return totals(self.rows)

    @cached_property
    def children(self) -> list["Group"]:
        """Folders and tensors inside, in the order of the rows."""
        if self.row is not None:
            return []
        children = [
            self._child(word, rows) for word, rows in _divided(self.rows, self.depth).items()
        ]
        for place, child in enumerate(children):
            child.place = place
        return children

    @property
    def prefix(self) -> str:
        """The beginning of the names of all tensors inside, with the dot."""
        words = self.rows[0].tensor.name.split(".") if self.rows else []
        return "".join(f"{word}." for word in words[: self.depth])

    def _child(self, word: str | None, rows: list[Row]) -> "Group":
        depth = self.depth + 1
        if len(rows) == 1:
            rest = rows[0].tensor.name.split(".")[self.depth :]
            return Group(".".join(rest) or rows[0].tensor.name, rows, depth, self, row=rows[0])
        name = word or ""
        while depth < self.depth + _MOST_JOINED and len(inner := _divided(rows, depth)) == 1:
            name, depth = f"{name}.{next(iter(inner))}", depth + 1
        return Group(name, rows, depth, self)


def _divided(rows: Iterable[Row], depth: int) -> dict[str | None, list[Row]]:
    """Sort rows by one of their words; None is for a name that has no more words."""
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        words = row.tensor.name.split(".", depth + 1)
        groups.setdefault(words[depth] if depth < len(words) else None, []).append(row)
    return groups
