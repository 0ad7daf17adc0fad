"""Where two models differ: differences added up by block and kind of layer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache

from ckpt_studio.core.comparison.comparing import ComparedTensor, Comparison
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from ckpt_studio.core.comparison.layer_kinds import KINDS, OTHER, kind_of

Column = tuple[str, str]
"""A part and one of its blocks."""

Place = tuple[str, str, str]
"""A part, one of its blocks ("" outside of any), and a kind of layer."""

_ROW_ORDER = (*KINDS, OTHER)
_BLOCK = re.compile(r"(?P<word>.*?) ?(?P<number>\d*)")
_STAGES = {"": 0, "IN": 1, "down": 1, "double": 1, "joint": 1, "MID": 2, "mid": 2, "single": 2}
_STAGE_OF_OTHERS, _LAST_STAGE = 1, {"OUT": 3, "up": 3}


class Metric(Enum):
    """A number for how far apart values are, 0 where they are the same; the value is its title."""

    RELATIVE = "Relative L2"
    COSINE = "1 − cosine"
    LARGEST = "Largest difference"

    @property
    def slight(self) -> float:
        """What is no more than this is little: rounding to F16 stays far below it."""
        return {Metric.RELATIVE: 0.01, Metric.COSINE: 1e-4, Metric.LARGEST: 1e-3}[self]

    def of(self, difference: Difference) -> float | None:
        """Return the number; None where there is none, as for the angle to a zero."""
        if self is Metric.RELATIVE:
            return difference.relative
        if self is Metric.LARGEST:
            return difference.largest
        cosine = difference.cosine
        if cosine is None:
            return None if difference.squares else 0.0
        return 1.0 - cosine


@dataclass(frozen=True, slots=True)
class Cell:
    """The tensors of one kind in one block.

    ``tensors`` of them are in both files in the same shape, ``unlike`` others are not. The values
    of ``compared`` were compared, of which ``same`` are the same or the one rounded to the other.
    """

    tensors: int = 0
    unlike: int = 0
    compared: int = 0
    same: int = 0
    difference: Difference = field(default_factory=Difference)

    def with_found(self, found: TensorDifference) -> "Cell":
        """Return the cell with one more tensor compared."""
        gap = found.difference
        return Cell(
            self.tensors,
            self.unlike,
            self.compared + 1,
            self.same + found.same,
            self.difference if gap is None else self.difference + gap,
        )

    @property
    def invalid(self) -> int:
        """Pairs of values of which one is NaN or infinite; they are in no number."""
        return self.difference.invalid

    def value(self, metric: Metric) -> float | None:
        """Return how far apart its values are, None where that is not known (yet)."""
        if not self.compared:
            return None
        gap = self.difference
        if gap.count:
            return metric.of(gap)
        return 0.0 if self.same == self.compared else None


@dataclass(frozen=True)
class DifferenceMap:
    """Cells by place; a new map is made when more tensors were compared."""

    cells: Mapping[Place, Cell]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The parts in the order of the files, in them the blocks in the order of the model."""
        order = {part: rank for rank, part in enumerate(dict.fromkeys(p for p, _, _ in self.cells))}
        found = {(part, block) for part, block, _ in self.cells}
        return tuple(sorted(found, key=lambda column: (order[column[0]], *block_rank(column[1]))))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of layers that occur."""
        found = {kind for _, _, kind in self.cells}
        return tuple(kind for kind in _ROW_ORDER if kind in found)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts that occur."""
        return tuple(dict.fromkeys(part for part, _ in self.columns))

    def of_part(self, part: str | None) -> "DifferenceMap":
        """Return the map of one part, or all of it."""
        if part is None:
            return self
        return DifferenceMap({at: cell for at, cell in self.cells.items() if at[0] == part})

    def updated(self, found: Iterable[tuple[Place, TensorDifference]]) -> "DifferenceMap":
        """Return the map with more tensors compared; those of no place in it are left out."""
        cells = dict(self.cells)
        for place, one in found:
            if place in cells:
                cells[place] = cells[place].with_found(one)
        return DifferenceMap(cells)

    def largest(self, metric: Metric) -> float:
        """Return the largest finite value, 0 where there is none."""
        values = (cell.value(metric) for cell in self.cells.values())
        return max((each for each in values if each is not None and each < float("inf")), default=0)

    def peak(self, metric: Metric) -> Place | None:
        """Return where the values are furthest apart, None where nothing differs."""
        known = {
            at: (value or 0.0, cell.invalid)
            for at, cell in self.cells.items()
            if (value := cell.value(metric)) or (cell.invalid and cell.same < cell.compared)
        }
        return max(known, key=known.__getitem__, default=None)


def block_rank(block: str) -> tuple[int, str, int]:
    """Return a key that sorts blocks as data runs through them: IN, MID, OUT; double, single."""
    word, number = block_words(block)
    stage = (_STAGES | _LAST_STAGE).get(word, _STAGE_OF_OTHERS)
    return stage, word, int(number or 0)


@lru_cache(maxsize=4096)
def block_words(block: str) -> tuple[str, str]:
    """Return ``IN`` and ``4`` of ``IN04``; a block without a number has an empty one."""
    match = _BLOCK.fullmatch(block)
    word, number = match.group("word", "number") if match else (block, "")
    return word, str(int(number)) if number else ""


def places_of(rows: Iterable[ComparedTensor]) -> list[Place]:
    """Return the place of each tensor; a bias stands with its weight."""
    rows = tuple(rows)
    dimensions: dict[tuple[str, str], int] = {}
    for row in rows:
        layer = row.part, row.name.rpartition(".")[0]
        dimensions[layer] = max(dimensions.get(layer, 0), _dimensions(row))
    return [
        (row.part, row.block, kind_of(row.name, dimensions[row.part, row.name.rpartition(".")[0]]))
        for row in rows
    ]


def _dimensions(row: ComparedTensor) -> int:
    side = row.a or row.b
    return len(side.shape) if side else 0


def map_of(comparison: Comparison, places: Iterable[Place]) -> DifferenceMap:
    """Return the map of two files before any value was compared; parts in both count.

    ``places`` are those of ``comparison.tensors``.
    """
    shared = frozenset(comparison.shared)
    counts: dict[Place, list[int]] = {}
    for row, place in zip(comparison.tensors, places, strict=True):
        if row.part in shared:
            counts.setdefault(place, [0, 0])[not row.comparable] += 1
    return DifferenceMap(
        {place: Cell(tensors, unlike) for place, (tensors, unlike) in counts.items()}
    )
